"""Published values from the runs themselves: each source's table, fitted as published, beside what was published.

Needs QUANTAL_DATA. Run with: python benchmarks/published_values.py [--json]
"""

from __future__ import annotations

import csv
import json
import os
import sys
import warnings
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

import quantal as ql
from quantal.laws import get_law, hold
from quantal.plan.isoflop_fit import interpolated_optima

FOLDER = Path(os.environ.get("QUANTAL_DATA", "."))


def rows_of(name: str) -> list[dict[str, str]]:
    """A table's rows as text."""
    return list(csv.DictReader((FOLDER / name).read_text(encoding="utf-8").splitlines()))


def data_constrained() -> list[dict[str, Any]]:
    """Muennighoff et al. 2023: R_D* and R_N*, each given the other as published, and both at once."""
    law = get_law("data_constrained")
    published = law.published["Muennighoff et al. 2023"]
    runs = ql.read_runs(FOLDER / "data_constrained_runs.csv", where="in_published_fit == 1")
    first = ("E", "A", "B", "alpha", "beta")
    out = []
    for fitted, kept in ((("R_D",), (*first, "R_N")), (("R_N",), (*first, "R_D")), (("R_D", "R_N"), first)):
        found = ql.fit(runs, hold(law, **{name: published[name] for name in kept}))
        for name in fitted:
            label = f"{name}*, {'the other as published' if len(fitted) == 1 else 'both free'}"
            out.append(_line("Muennighoff 2023", label, found.parameters[name].value, published[name]))
        label = f"objective, {' and '.join(fitted)} free"
        out.append(_line("Muennighoff 2023", label, found.value, 0.0158259366))
    return out


def porian() -> list[dict[str, Any]]:
    """Porian et al. 2024: exponents of the ten settings from the IsoFLOP runs."""
    runs = ql.read_runs(FOLDER / "porian_refinedweb_isoflops.csv", where="params > 0")
    keys = ("hparams", "warmup", "decay", "param_count", "loss_kind")
    out = []
    for row in rows_of("porian_refinedweb_published_fits.csv"):
        one = runs.where(" and ".join(f'{name} == "{row[name]}"' for name in keys))
        label = "exponent, " + " ".join(row[name] for name in keys)
        out.append(_line("Porian 2024", label, interpolated_optima(one).exponent.value, float(row["n_exponent"])))
    return out


def gadre() -> list[dict[str, Any]]:
    """Gadre et al. 2024, RedPajama: relative errors in percent at the 1.4B run, 32 times over-trained, and the 6.9B run."""
    errors: dict[str, list[float]] = defaultdict(list)
    for row in rows_of("overtraining_downstream.csv"):
        if row["in_17_task_split"] == "1":
            errors[row["run"]].append(1 - float(row["accuracy"]))
    rows = [
        row
        for row in rows_of("overtraining_losses.csv")
        if row["train_dataset"] == "rpj" and row["eval_set"] == "c4_val"
    ]
    five = [
        row
        for row in rows
        if ("d=" in row["run"] and float(row["chinchilla_multiplier"]) == 1)
        or ("d=96" in row["run"] and float(row["chinchilla_multiplier"]) == 16)
    ]
    loss = ql.fit(_columns(five, "params", "tokens", "loss"), "overtraining", objective="squares")
    six = [*five, *(row for row in rows if row["run"] == "rpj-open_lm_1b-1.0")]
    table = _columns(six, "loss") | {"error": np.array([np.mean(errors[row["run"]]) for row in six])}
    error = ql.fit(table, "downstream_error", objective="squares")
    out = []
    for run, of_loss, of_error in (("rpj-open_lm_1b-32.0", 0.71, 3.6), ("rpj-open_lm_7b-1.0", 0.73, 0.05)):
        row = next(row for row in rows if row["run"] == run)
        predicted = loss.predict(params=float(row["params"]), tokens=float(row["tokens"])).value
        assert predicted is not None
        chained = error.predict(loss=predicted).value
        assert chained is not None
        name = run.removeprefix("rpj-")
        out.append(_line("Gadre 2024", f"loss error %, {name}", 100 * abs(predicted / float(row["loss"]) - 1), of_loss))
        wrong = 100 * abs(chained / float(np.mean(errors[run])) - 1)
        out.append(_line("Gadre 2024", f"17-task error %, {name}", wrong, of_error))
    return out


def clark() -> list[dict[str, Any]]:
    """Clark et al. 2022: root mean square log residuals of the law refitted, beside those of the published parameters."""
    law = get_law("clark")
    out = []
    for router, bound in (("S-Base", 0.009), ("RL-R", 0.019), ("Hash", 0.013)):
        where = f'is_final == 1 and k == 1 and routing_frequency == 0.5 and router_type == "{router}"'
        runs = ql.read_runs(FOLDER / "routed_moe_curves.csv", where=where)
        found = ql.fit(runs, law, objective="log_squares")
        out.append(
            _line(
                "Clark 2022",
                f"residual, {router}, {len(runs)} runs",
                float(np.sqrt(np.mean(found.residuals**2))),
                bound,
            )
        )
    return out


def _columns(rows: list[dict[str, str]], *names: str) -> dict[str, np.ndarray]:
    return {name: np.array([float(row[name]) for row in rows]) for name in names}


def _line(source: str, what: str, ours: float | None, published: float) -> dict[str, Any]:
    return {"source": source, "what": what, "measured": ours, "published": published}


def main() -> None:
    warnings.simplefilter("ignore")
    lines = [*data_constrained(), *gadre(), *porian(), *clark()]
    if "--json" in sys.argv:
        print(json.dumps(lines, indent=2))
        return
    print("| source | what | measured | published |\n|---|---|---|---|")
    for one in lines:
        print(f"| {one['source']} | {one['what']} | {one['measured']:.7g} | {one['published']:.7g} |")


if __name__ == "__main__":
    main()
