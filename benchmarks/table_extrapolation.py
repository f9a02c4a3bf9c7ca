"""Forecasts of tables of runs, scored beyond cutoffs in compute: error, coverage and width, each source left out in turn.

Needs QUANTAL_DATA. Every public table of params and tokens is cut at 30, 20 and 10 % of its largest compute (and at 3 %,
told apart), forecast from the runs below, and scored on those above. The calibration used for a source is learnt on the other
sources alone. Run with: python benchmarks/table_extrapolation.py [--made FILE.json] [--constants] [--by-source]
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import minimize

import quantal as ql
from quantal.forecast.averaging import average
from quantal.forecast.scores import LEVELS, Score, score
from quantal.forecast.table_calibration import SHARES, TableCalibration
from quantal.laws import default_laws
from quantal.runs import Runs

CUTOFFS = (0.3, 0.2, 0.1)
FARTHER = (0.03,)
FREEDOM = 4.0
PULL = 0.2
COUNT = 20.0
"""Independent extrapolations that a source counts for in the scale's likelihood."""
DRAWS = 200


class Item(NamedTuple):
    """One table cut once: squares (4, m), log errors of the average (m,), its past (squares, errors), and one law's own."""

    source: str
    table: str
    cutoff: float
    squares: np.ndarray
    errors: np.ndarray
    past: list[tuple[np.ndarray, np.ndarray]]
    lone: dict[str, dict[str, float]]
    seconds: float


def tables() -> Iterator[tuple[str, str, Runs]]:
    """(source, name, runs) of params, tokens and loss."""
    whole = ql.read_runs("chinchilla")
    yield "chinchilla", "chinchilla", whole
    yield "chinchilla", "chinchilla, without the 5 highest", whole.drop_highest(5, "loss")
    yield "data-constrained", "data-constrained, one epoch", ql.read_runs("data-constrained", where="epochs <= 1.01")
    ladder = ql.read_runs("task-ladder")
    for name in ("loss", "loss_pile", "loss_wikitext_103"):
        yield "ladder", f"ladder {name}", ladder.with_column("loss", ladder[name], unit="nats per token")
    yield "tiny-lm", "tiny-lm", ql.read_runs("tiny-lm")
    porian = ql.read_runs("porian")
    names = ("hparams", "warmup", "decay", "param_count")
    setting = np.array([" ".join(map(str, one)) for one in zip(*(porian[name] for name in names), strict=True)])
    for one in np.unique(setting):
        yield "porian", f"porian {one}", porian.take(setting == one)
    for data in ("c4_original", "rpj", "rw_original"):
        for evaluation in ("c4_val", "openlm", "paloma_ptb"):
            rows = ql.read_runs(
                "overtraining-losses", where=f'train_dataset == "{data}" and eval_set == "{evaluation}"'
            )
            yield "gadre", f"gadre {data} {evaluation}", rows


def plain(runs: Runs) -> Runs:
    """Its params, tokens and loss alone, so that labels raise no doubts."""
    return ql.read_runs({name: np.asarray(runs[name], dtype=float) for name in ("params", "tokens", "loss")})


def made() -> list[Item]:
    """Every table at every cutoff, the same runs left out counted once."""
    items = []
    for source, name, runs in tables():
        table = plain(runs)
        compute = table["params"] * table["tokens"]
        seen: set[int] = set()
        for cutoff in (*CUTOFFS, *FARTHER):
            above = compute > compute.max() * cutoff * (1 + 1e-9)
            if not above.any() or (~above).sum() < 12 or int(above.sum()) in seen:
                continue
            seen.add(int(above.sum()))
            began = time.process_time()
            laws = [one for one in default_laws() if set(one.input_names) == {"params", "tokens"}]
            found = average(table.take(~above), laws)
            if not found.trials:
                continue
            beyond = table.take(above)
            inputs = {key: np.asarray(beyond[key], dtype=float) for key in ("params", "tokens")}
            reached = found.reached(inputs)
            seconds = time.process_time() - began
            truth = np.log(beyond["loss"])
            past = list(found.past)
            lone = alone(table.take(~above), inputs, truth)
            items.append(Item(source, name, cutoff, reached.squares, truth - reached.centre, past, lone, seconds))
        print(name, len(table), len(seen), file=sys.stderr, flush=True)
    return items


def alone(below: Runs, inputs: Mapping[str, np.ndarray], truth: np.ndarray) -> dict[str, dict[str, float]]:
    """Chinchilla's law alone with its bootstrap and the scatter of runs: error, coverage and width."""
    fit = ql.fit(below, "chinchilla", bootstrap=DRAWS)
    value, draws = fit.curve(**inputs)
    assert draws is not None
    rng = np.random.default_rng(0)
    logs = np.log(np.tile(draws, (8, 1))) + rng.choice(fit.residuals, (8 * len(draws), len(truth)))
    out: dict[str, dict[str, float]] = {"rmsle": {"": float(np.sqrt(np.mean((np.log(value) - truth) ** 2)))}}
    out["coverage"], out["width"] = {}, {}
    for level in LEVELS:
        low, high = np.percentile(logs, (50 - level / 2, 50 + level / 2), axis=0)
        out["coverage"][f"{level:g}"] = float(np.mean((low <= truth) & (truth <= high)))
        out["width"][f"{level:g}"] = float(np.mean(high - low))
    return out


def learn(items: list[Item]) -> TableCalibration:
    """The scale by the Student-t likelihood of the items' errors, then the quantiles of what is left; sources count alike."""
    sources = [one.source for one in items]
    weights = [COUNT / (sources.count(one.source)) for one in items]
    squares = np.concatenate([one.squares for one in items], axis=1)
    errors2 = np.concatenate([one.errors for one in items]) ** 2
    each = np.concatenate(
        [np.full(len(one.errors), w / len(one.errors)) for one, w in zip(items, weights, strict=True)]
    )

    def cost(z: np.ndarray) -> tuple[float, np.ndarray]:
        b = np.exp(z)
        s2 = b @ squares
        ratio = errors2 / s2
        height = each @ (0.5 * np.log(s2) + 0.5 * (FREEDOM + 1) * np.log1p(ratio / FREEDOM))
        slope = each * (0.5 - 0.5 * (FREEDOM + 1) * ratio / (FREEDOM + ratio)) / s2
        pull = PULL * (z - np.log(0.3))
        return float(height + 0.5 * pull @ (z - np.log(0.3))), (squares @ slope) * b + pull

    b = np.exp(minimize(cost, np.full(4, np.log(0.3)), jac=True, method="L-BFGS-B").x)
    known = len({one.table for one in items})
    bare = TableCalibration(tuple(b.tolist()), SHARES, 0.0, known)
    usual = {
        source: np.mean([bare.log_ratio(*past) for one in items if one.source == source for past in one.past])
        for source in set(sources)
    }
    bare = bare._replace(usual=float(np.mean(list(usual.values()))))
    ratios = np.concatenate([np.abs(one.errors) / bare.scale(one.squares) / bare.factor(one.past) for one in items])
    order = np.argsort(ratios, kind="stable")
    total = np.cumsum(each[order])
    places = (total - 0.5 * each[order]) / total[-1]
    return bare._replace(ratios=tuple(np.interp(SHARES, places, ratios[order]).tolist()))


def scored(items: list[Item], calibration: TableCalibration) -> list[Score]:
    """Each item's scores under a calibration."""
    return [
        score(
            one.errors, np.zeros(len(one.errors)), calibration.moved(one.squares, one.past), calibration.quantile,
        )
        for one in items
    ]  # fmt: skip


def told(scores: list[Score]) -> dict[str, Any]:
    """Means over extrapolations."""
    return {
        "extrapolations": len(scores),
        "rmsle": float(np.mean([one.rmsle for one in scores])),
        "coverage": {key: float(np.mean([one.coverage[key] for one in scores])) for key in ("50", "80", "90")},
        "width": {key: float(np.mean([one.width[key] for one in scores])) for key in ("50", "80", "90")},
        "interval_score": float(np.mean([one.interval_score for one in scores])),
        "crps": float(np.mean([one.crps for one in scores])),
        "log_score": float(np.mean([one.log_score for one in scores])),
    }


def line(name: str, one: Mapping[str, Any]) -> str:
    cover = " / ".join(f"{one['coverage'][key]:.2f}" for key in ("50", "80", "90"))
    wide = " / ".join(f"{one['width'][key]:.3f}" for key in ("50", "80", "90"))
    rest = f"{one['interval_score']:.4f} | {one['crps']:.4f} | {one['log_score']:.2f}" if "crps" in one else ""
    return f"{name:28s} | {one['extrapolations']:3d} | {one['rmsle']:.4f} | {cover} | {wide} | {rest}"


def mean(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Sources alike."""
    first = rows[0]
    out: dict[str, Any] = {"extrapolations": sum(one["extrapolations"] for one in rows)}
    for key in first:
        if isinstance(first[key], dict):
            out[key] = {k: float(np.mean([one[key][k] for one in rows])) for k in first[key]}
        elif key != "extrapolations":
            out[key] = float(np.mean([one[key] for one in rows]))
    return out


def lone(items: list[Item]) -> dict[str, Any]:
    out: dict[str, Any] = {"extrapolations": len(items), "rmsle": np.mean([one.lone["rmsle"][""] for one in items])}
    for key in ("coverage", "width"):
        out[key] = {level: float(np.mean([one.lone[key][level] for one in items])) for level in ("50", "80", "90")}
    return out


def stored(path: Path) -> list[Item]:
    rows = json.loads(path.read_text())
    return [
        Item(
            row["source"], row["table"], row["cutoff"], np.array(row["squares"]), np.array(row["errors"]),
            [(np.array(a), np.array(b)) for a, b in row["past"]], row["lone"], row["seconds"],
        )
        for row in rows
    ]  # fmt: skip


def store(items: list[Item], path: Path) -> None:
    rows = [
        one._asdict()
        | {"squares": one.squares.tolist(), "errors": one.errors.tolist()}
        | {"past": [(a.tolist(), b.tolist()) for a, b in one.past]}
        for one in items
    ]
    path.write_text(json.dumps(rows))


def main() -> None:
    warnings.simplefilter("ignore")
    path = Path(sys.argv[sys.argv.index("--made") + 1]) if "--made" in sys.argv else None
    items = stored(path) if path is not None and path.exists() else made()
    if path is not None and not path.exists():
        store(items, path)
    near = [one for one in items if one.cutoff in CUTOFFS]
    far = [one for one in items if one.cutoff not in CUTOFFS]
    sources = list(dict.fromkeys(one.source for one in near))
    print("source | extrapolations | RMSLE | coverage 50/80/90 | width 50/80/90 | interval score | CRPS | log score")
    rows, beyond, single = [], [], []
    for source in sources:
        calibration = learn([one for one in near if one.source != source])
        mine = [one for one in near if one.source == source]
        rows.append(told(scored(mine, calibration)))
        single.append(lone(mine))
        print(line(source, rows[-1]))
        farther = [one for one in far if one.source == source]
        if farther:
            beyond.append(told(scored(farther, calibration)))
    print(line("all, sources alike", mean(rows)))
    print(line("cut at 3 %", mean(beyond)))
    for source, one in zip(sources, single, strict=True):
        print(line(f"chinchilla alone: {source}", one))
    print(line("chinchilla alone, all", mean(single)))
    print("CPU seconds a forecast: ", " ".join(f"{one.seconds:.1f}" for one in near if one.cutoff == CUTOFFS[0]))
    if "--constants" in sys.argv:
        found = learn(near)
        print("USUAL = TableCalibration(")
        print("    b=(" + ", ".join(f"{one:.4g}" for one in found.b) + "),")
        print("    ratios=(" + ", ".join(f"{one:.3g}" for one in found.ratios) + "),")
        print(f"    usual={found.usual:.3f}, tables={found.tables},")
        print(")")


if __name__ == "__main__":
    main()
