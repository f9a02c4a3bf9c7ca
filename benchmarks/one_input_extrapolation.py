"""Forecasts of tables of one input: Porian's optima by compute, fine-tuning by examples, training curves by steps.

Needs QUANTAL_DATA. Each table is cut a factor below its end and forecast from what lies below; coverage and width of the
intervals above, beside a power law with a floor alone and its bootstrap. Run with: python benchmarks/one_input_extrapolation.py
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator

import numpy as np

import quantal as ql
from quantal.forecast import average, laws_reading

LEVELS = (50.0, 80.0, 90.0)
MOST = 4
"""Points scored of each table, spread over those beyond the cut."""


def tables() -> Iterator[tuple[str, np.ndarray, np.ndarray, float]]:
    """(source, x, loss, factor of the cut)."""
    optima = ql.read_runs(
        f"{os.environ['QUANTAL_DATA']}/porian_refinedweb_published_optima.csv",
        columns={"loss": "loss_opt"},
        where="loss > 0",
    )
    setting = np.array([" ".join(map(str, one)) for one in zip(*(optima[n] for n in SETTING), strict=True)])
    for one in np.unique(setting):
        rows = optima.take(setting == one)
        yield "optima by compute", rows["compute"], rows["loss"], 8.0
    tuned = ql.read_runs("finetune-flan")
    tuned = tuned.take(tuned["tokens"] > 0)
    for part in tuned.group_by("model").values():
        yield "fine-tuning by examples", part["tokens"], part["loss"], 8.0
    routed = ql.read_runs("routed-moe")
    routed = routed.take(routed["steps"] > 0)
    for name in np.unique(routed["run"])[::16]:
        part = routed.take(routed["run"] == name)
        yield "training by steps", part["steps"], part["loss"], 4.0


SETTING = ("hparams", "warmup", "decay", "param_count")


def main() -> None:
    warnings.simplefilter("ignore")
    rows: dict[tuple[str, str], list[np.ndarray]] = {}
    for source, x, y, factor in tables():
        good = np.isfinite(x) & np.isfinite(y)
        order = np.argsort(x[good])
        x, y = np.asarray(x[good], dtype=float)[order], np.asarray(y[good], dtype=float)[order]
        below = x <= x[-1] / factor * (1 + 1e-9)
        if below.sum() < 6:
            continue
        beyond = np.flatnonzero(~below)
        beyond = beyond[np.unique(np.linspace(0, len(beyond) - 1, MOST).astype(int))]
        runs = ql.read_runs({"tokens": x[below], "loss": y[below]})
        found = average(runs, laws_reading(("tokens",)))
        fit = ql.fit(runs, "power_floor:tokens", bootstrap=200, levels=LEVELS)
        for way in ("average", "power law with a floor"):
            told = [
                found.predict({"tokens": float(x[i])}, LEVELS)
                if way == "average"
                else ql.forecast(fit, tokens=float(x[i]), levels=LEVELS).loss
                for i in beyond
            ]
            rows.setdefault((source, way), []).append(_scored(told, y[beyond]))
    print("source | way | tables | RMSLE | coverage 50/80/90 | width 90")
    for (source, way), found in rows.items():
        error, *cover, width = np.mean(found, axis=0)
        print(f"{source} | {way} | {len(found)} | {error:.4f} | {' / '.join(f'{c:.2f}' for c in cover)} | {width:.3f}")


def _scored(told: list[ql.Estimate], truth: np.ndarray) -> np.ndarray:
    errors = np.log([one.value or np.nan for one in told]) - np.log(truth)
    ends = np.array([[one.interval(level) for level in LEVELS] for one in told], dtype=float)
    inside = (ends[..., 0] <= truth[:, None]) & (truth[:, None] <= ends[..., 1])
    widths = np.log(ends[:, 2, 1] / ends[:, 2, 0])
    return np.array([np.sqrt(np.mean(errors**2)), *inside.mean(axis=0), widths.mean()])


if __name__ == "__main__":
    main()
