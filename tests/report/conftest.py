"""Reports that the tests share; labels, headers and the source hold what must never be run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from quantal.fit import Fit, fit
from quantal.report import Report, report
from quantal.runs import Runs, read_runs

HOSTILE = "</script><script>window.stolen = 1</script><img src=x onerror='window.stolen = 1'>"


@pytest.fixture(scope="session")
def noisy_runs() -> Runs:
    """Chinchilla-like runs at five budgets by six sizes, with 1 % noise, hostile labels and a hostile source."""
    rng = np.random.default_rng(3)
    c = np.repeat(np.geomspace(1e18, 1e22, 5), 6)
    n = np.sqrt(c / 6) / 4 * np.tile(np.geomspace(0.2, 5, 6), 5)
    loss = (1.7 + 400 * n**-0.34 + 2000 * (c / 6 / n) ** -0.37) * np.exp(rng.normal(0, 0.01, len(n)))
    columns = {"params": n, "tokens": c / 6 / n, "loss": loss, "<b>tag</b>": [HOSTILE] * len(n)}
    return replace(read_runs(columns), source=f"runs {HOSTILE}.csv")


@pytest.fixture(scope="session")
def noisy_fit(noisy_runs: Runs) -> Fit:
    return fit(noisy_runs, "chinchilla", bootstrap=60, seed=1)


@pytest.fixture(scope="session")
def noisy_report(noisy_runs: Runs, tmp_path_factory: pytest.TempPathFactory) -> Report:
    path: Path = tmp_path_factory.mktemp("report") / "report.html"
    return report(noisy_runs, path, laws=["chinchilla", "kappa", "power_floor:compute"], bootstrap=60, seed=1)
