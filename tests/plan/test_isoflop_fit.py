"""Exponents from IsoFLOP runs by interpolation, against the published ones (Porian et al. 2024)."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from quantal.errors import DataError
from quantal.plan.isoflop_fit import interpolated_optima
from quantal.runs import Runs, read_runs

SETTING = ("hparams", "warmup", "decay", "param_count", "loss_kind")


def test_porians_exponents_from_the_runs_themselves(public_data: Path) -> None:
    """0.834 (Kaplan's setting) and 0.701, 0.604, 0.571, 0.497 (corrected step by step), and five more settings."""
    runs = read_runs(public_data / "porian_refinedweb_isoflops.csv", where="params > 0")
    rows = list(csv.DictReader((public_data / "porian_refinedweb_published_fits.csv").read_text().splitlines()))
    assert len(rows) == 10
    for row in rows:
        one = runs.where(" and ".join(f'{name} == "{row[name]}"' for name in SETTING))
        found = interpolated_optima(one).exponent
        assert found.value == pytest.approx(float(row["n_exponent"]), abs=0.004)
        low, high = found.interval(95.0) or (1.0, 0.0)
        assert low <= float(row["n_exponent"]) <= high


def test_minima_at_an_end_are_left_out_and_too_few_are_refused() -> None:
    c = np.repeat([1e18, 1e19, 1e20], 6)
    n = np.sqrt(c / 6) * np.tile(2.0 ** np.arange(1, 7), 3)
    table = {"params": n, "tokens": c / 6 / n, "loss": 1.7 + 400 * n**-0.5 + 400 * (c / 6 / n) ** -0.5}
    with pytest.raises(DataError, match="0 of 3 budgets"):
        interpolated_optima(Runs.from_columns(table))
