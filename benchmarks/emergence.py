"""Whether tasks leave chance, foretold from smaller models: every compute decade as cutoff, Brier and log score.

Needs QUANTAL_DATA. Methods: quantal's `left_chance`; 'stays at chance' (no task at chance ever leaves it, a task that has
left stays away); a logistic curve in log compute fitted to the scores by least squares, with its residuals' scatter; and
logistic regression of the event itself on log compute (ridge 1). Every run above the cutoff is one forecast. Intervals:
2,000 bootstraps by task. Run with: python benchmarks/emergence.py [--json]
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections import defaultdict
from typing import Any

import numpy as np
from scipy.optimize import least_squares
from scipy.special import expit, ndtr

import quantal as ql
from quantal.forecast.emergence import SHARE
from quantal.runs import Runs

PYTHIA_CHANCE = {
    "arc_challenge": 0.25, "arc_easy": 0.25, "lambada_openai": 0.0, "logiqa": 0.25, "mmlu_macro_avg": 0.25, "piqa": 0.5,
    "sciq": 0.25, "winogrande": 0.5, "wsc": 0.5,
}  # fmt: skip
CLIP = 0.01
METHODS = ("quantal", "stays at chance", "logistic curve", "logistic regression")


def tables() -> dict[str, tuple[Runs, dict[str, float], dict[str, Any]]]:
    """The two tables with scores as shares, chance by task, and what `left_chance` is told."""
    pythia = ql.read_runs("pythia", where="tokens > 0")
    emergent = ql.read_runs("emergent")
    emergent = emergent.take(np.isfinite(emergent["score"]) & np.isfinite(emergent["compute"]))
    score = np.where(emergent["task"] == "ipa_transliterate_2_bleu", emergent["score"] / 100, emergent["score"])
    emergent = emergent.with_column("share", np.clip(score, 0, 1), unit="share")
    chance = {task: 0.25 if task.startswith("parsinlu") else 0.0 for task in np.unique(emergent["task"])}
    return {
        "pythia_checkpoints_tasks": (
            pythia, PYTHIA_CHANCE, {"score": "accuracy", "group": "model", "errors": "accuracy_stderr"},
        ),
        "emergent_capabilities": (emergent, chance, {"score": "share", "group": "family"}),
    }  # fmt: skip


def logistic_curve(x: np.ndarray, y: np.ndarray, at: np.ndarray, chance: float, threshold: float) -> np.ndarray:
    """P(score above threshold) from the best of several least-squares logistic curves and its residuals' scatter."""

    def curve(p: np.ndarray, x: np.ndarray) -> np.ndarray:
        return chance + (1 - chance) * expit(p[0]) * expit(np.exp(np.clip(p[1], -4, 3)) * (x - p[2]))

    best = None
    for middle in np.linspace(x.min(), x.max() + 3, 6):
        found = least_squares(lambda p: curve(p, x) - y, [0.0, 0.5, middle], method="lm", max_nfev=400)
        if best is None or found.cost < best.cost:
            best = found
    assert best is not None
    scatter = max(float(np.sqrt(2 * best.cost / max(len(x) - 3, 1))), 0.01)
    return np.asarray(ndtr((curve(best.x, at) - threshold) / scatter))


def logistic_regression(x: np.ndarray, event: np.ndarray, at: np.ndarray) -> np.ndarray:
    """P(event) by logistic regression on standardised log compute, ridge penalty 1 on the slope, by Newton's method."""
    centre, width = x.mean(), max(x.std(), 1e-9)
    z = np.column_stack([np.ones_like(x), (x - centre) / width])
    beta, ridge = np.zeros(2), np.diag([1e-3, 1.0])
    for _ in range(50):
        p = expit(z @ beta)
        step = np.linalg.solve(z.T @ (z * (p * (1 - p))[:, None]) + ridge, z.T @ (event - p) - ridge @ beta)
        beta += np.clip(step, -2, 2)
    return expit(beta[0] + beta[1] * (at - centre) / width)


def forecasts() -> list[dict[str, Any]]:
    """One row a table, cutoff, task and run above the cutoff: what came, and each method's probability."""
    rows = []
    for name, (runs, chance, options) in tables().items():
        compute = runs["compute"]
        for decade in range(int(np.ceil(np.log10(compute.min()))), int(np.ceil(np.log10(compute.max())))):
            cutoff = 10.0**decade
            below, above = runs.take(compute < cutoff), runs.take(compute >= cutoff)
            counts = {task: len(part) for task, part in below.group_by("task").items()}
            if min(counts.values()) < 6 or len(counts) < len(chance):
                continue
            after = above.group_by("task")
            places = np.unique(above["compute"])
            told = ql.left_chance(below, places, chance=chance, **options)
            for task, part in after.items():
                old = below.group_by("task")[task]
                x, y = np.log10(old["compute"]), old[options["score"]]
                at, threshold = np.log10(part["compute"]), chance[task] + SHARE * (1 - chance[task])
                event = (part[options["score"]] > threshold).astype(float)
                ours = told[task].probability[np.searchsorted(places, part["compute"])]
                left = told[task].left
                guesses = {
                    "quantal": ours,
                    "stays at chance": np.full(len(at), float(left)),
                    "logistic curve": logistic_curve(x, y, at, chance[task], threshold),
                    "logistic regression": logistic_regression(x, (y > threshold).astype(float), at),
                }
                for i in range(len(at)):
                    rows.append(
                        {"table": name, "cutoff": cutoff, "task": task, "left": left, "event": float(event[i])}
                        | {method: float(guesses[method][i]) for method in METHODS}
                    )
    return rows


def scored(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Pooled Brier and log scores of each method with 95 % intervals, and quantal's Brier less each other's."""
    tasks = sorted({(row["table"], row["task"]) for row in rows})
    index = np.array([tasks.index((row["table"], row["task"])) for row in rows])
    event = np.array([row["event"] for row in rows])
    rng = np.random.default_rng(0)
    picked = rng.integers(0, len(tasks), (2000, len(tasks)))
    counts = np.bincount(index, minlength=len(tasks))

    def pooled(values: np.ndarray) -> tuple[float, list[float]]:
        sums = np.bincount(index, values, minlength=len(tasks))
        draws = sums[picked].sum(axis=1) / counts[picked].sum(axis=1)
        return float(values.mean()), [float(v) for v in np.percentile(draws, (2.5, 97.5))]

    brier = {m: (np.array([row[m] for row in rows]) - event) ** 2 for m in METHODS}
    out: dict[str, Any] = {"forecasts": len(rows), "tasks": len(tasks), "share_above": float(event.mean())}
    for m in METHODS:
        p = np.clip([row[m] for row in rows], CLIP, 1 - CLIP)
        logs = -(event * np.log(p) + (1 - event) * np.log(1 - p))
        (b, b_ends), (s, s_ends) = pooled(brier[m]), pooled(logs)
        out[m] = {"brier": b, "brier_95": b_ends, "log_score": s, "log_score_95": s_ends}
        if m != "quantal":
            d, d_ends = pooled(brier["quantal"] - brier[m])
            out[m] |= {"quantal_less_this": d, "quantal_less_this_95": d_ends}
    return out


def main() -> None:
    warnings.simplefilter("ignore")
    began = time.process_time()
    rows = forecasts()
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        for name in ("all", row["table"]):
            groups[f"{name}, every task"].append(row)
            if not row["left"]:
                groups[f"{name}, tasks at chance at the cutoff"].append(row)
    result = {name: scored(part) for name, part in groups.items()} | {"cpu_seconds": time.process_time() - began}
    if "--json" in sys.argv:
        print(json.dumps(result, indent=2))
        return
    for name, one in result.items():
        if not isinstance(one, dict):
            continue
        print(
            f"{name}: {one['forecasts']} forecasts, {one['tasks']} tasks, {one['share_above']:.1%} above the threshold"
        )
        for m in METHODS:
            s = one[m]
            low, high = s["brier_95"]
            print(f"  {m:20s} Brier {s['brier']:.4f} ({low:.4f} to {high:.4f})  log score {s['log_score']:.3f}")
            if m != "quantal":
                low, high = s["quantal_less_this_95"]
                print(f"  {'':20s} quantal less this {s['quantal_less_this']:+.4f} ({low:+.4f} to {high:+.4f})")
    print(f"CPU seconds: {result['cpu_seconds']:.1f}")


if __name__ == "__main__":
    main()
