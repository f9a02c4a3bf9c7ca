"""What tests share: where the public tables lie, and small tables of exact runs."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from quantal.runs import Runs, read_runs


@pytest.fixture(scope="session")
def public_data() -> Path:
    """The folder of public measurements; what needs it says plainly that it did not run."""
    folder = os.environ.get("QUANTAL_DATA")
    if not folder:
        pytest.skip("QUANTAL_DATA is unset: this test needs the public tables")
    return Path(folder)


@pytest.fixture(scope="session")
def chinchilla_runs(public_data: Path) -> Runs:
    return read_runs("chinchilla")


@pytest.fixture(scope="session")
def grid_runs() -> Runs:
    """Exact Chinchilla-like runs with 0.3 % noise: 6 sizes by 6 budgets."""
    rng = np.random.default_rng(7)
    n, d = np.repeat(np.geomspace(1e6, 1e9, 6), 6), np.tile(np.geomspace(1e8, 1e11, 6), 6)
    loss = (1.7 + 400 * n**-0.34 + 2000 * d**-0.37) * np.exp(rng.normal(0, 0.003, 36))
    return read_runs({"params": n, "tokens": d, "loss": loss})
