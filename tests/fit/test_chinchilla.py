"""The public Chinchilla runs: published optimum and intervals, the nested family, what the starts do."""

from __future__ import annotations

import sys
import warnings

import numpy as np
import pytest

import quantal as ql
from quantal.errors import DataWarning, QuantalWarning
from quantal.fit import Fit
from quantal.runs import Runs

PUBLISHED_INTERVALS = {
    "A": (285.2, 743.6, 0.10),
    "B": (1042.0, 5810.0, 0.10),
    "E": (1.769, 1.871, 0.05),
    "alpha": (0.317, 0.373, 0.05),
    "beta": (0.331, 0.415, 0.05),
}


@pytest.fixture(scope="module")
def replication(chinchilla_runs: Runs) -> Fit:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QuantalWarning)
        return ql.fit(chinchilla_runs, "chinchilla", bootstrap=4000, drop_highest_loss=5, seed=0)


def test_optimum_is_the_fully_converged_one(replication: Fit) -> None:
    """Optimum of Besiroglu et al. 2024's objective to machine precision (also printed in their notebook)."""
    value = {name: estimate.value for name, estimate in replication.parameters.items()}
    assert replication.value <= 0.0010182741
    assert value["A"] == pytest.approx(477.826, abs=0.01)
    assert value["B"] == pytest.approx(2143.417, abs=0.05)
    assert value["E"] == pytest.approx(1.817218, abs=1e-6)
    assert value["alpha"] == pytest.approx(0.347310, abs=1e-6)
    assert value["beta"] == pytest.approx(0.367172, abs=1e-6)
    assert replication.n_runs == 240
    assert replication.converged


@pytest.mark.parametrize("name", PUBLISHED_INTERVALS)
def test_bootstrap_intervals_agree_with_the_published(replication: Fit, name: str) -> None:
    """95 % intervals of Besiroglu et al. 2024 (arXiv 2404.10102), from 4,000 bootstraps."""
    low, high, tolerance = PUBLISHED_INTERVALS[name]
    ends = replication.parameters[name].interval(95)
    assert ends is not None
    assert ends[0] == pytest.approx(low, rel=tolerance)
    assert ends[1] == pytest.approx(high, rel=tolerance)


@pytest.mark.parametrize("seed", range(12))
def test_the_default_starts_find_it_from_any_seed(chinchilla_runs: Runs, seed: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QuantalWarning)
        found = ql.fit(chinchilla_runs, "chinchilla", drop_highest_loss=5, seed=seed)
    assert found.value <= 0.00101827402
    assert found.starts.at_best >= found.starts.total / 2


@pytest.mark.parametrize("seed", range(3))
def test_kappa_free(chinchilla_runs: Runs, seed: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QuantalWarning)
        found = ql.fit(chinchilla_runs, "kappa", drop_highest_loss=5, seed=seed)
    assert found.value == pytest.approx(0.000954, abs=1e-6)
    assert found.parameters["kappa"].value == pytest.approx(1.28, abs=0.03)
    for name, value in (("alpha", 0.331), ("beta", 0.330), ("E", 1.76)):
        assert found.parameters[name].value == pytest.approx(value, abs=0.005)


def test_the_strict_hypothesis_does_not_survive(chinchilla_runs: Runs, replication: Fit) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QuantalWarning)
        nested = ql.fit(chinchilla_runs, "kappa", drop_highest_loss=5, bootstrap=500)
    reading = ql.quantization_reading(replication, nested)
    assert reading.exponents == "rejected"
    assert reading.bottleneck == "rejected"
    assert reading.nu.value == pytest.approx(0.347310 * (1 - 0.367172) / 0.367172, abs=1e-4)
    low, high = reading.kappa.intervals[95.0]
    assert low == pytest.approx(1.10, abs=0.06)
    assert high == pytest.approx(1.50, abs=0.06)
    assert reading.to_dict()["exponents"] == "rejected"


def test_all_245_runs_warn_of_the_outliers_and_their_effect(chinchilla_runs: Runs) -> None:
    with pytest.warns(DataWarning, match=r"rows 2, 1, 4, 3.*beta goes from 0.453"):
        found = ql.fit(chinchilla_runs, "chinchilla")
    assert found.parameters["beta"].value == pytest.approx(0.453, abs=5e-4)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        planned = ql.plan(found, compute=5.76e23)
    assert any("params_exponent goes from 0.565" in str(one.message) for one in caught)
    assert planned.params_exponent.value == pytest.approx(0.565, abs=1e-3)


@pytest.mark.slow
def test_the_published_grid_of_starts(chinchilla_runs: Runs) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QuantalWarning)
        found = ql.fit(chinchilla_runs, "chinchilla", drop_highest_loss=5, starts="published")
    assert found.starts.total == 4500
    assert found.starts.at_best > 0.5 * 4500
    assert found.value <= 0.00101827402


def test_results_do_not_depend_on_the_batch(chinchilla_runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    draws = []
    for elements in (3_000, 50_000):
        monkeypatch.setattr(sys.modules["quantal.fit.solver"], "BATCH_ELEMENTS", elements)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", QuantalWarning)
            draws.append(ql.fit(chinchilla_runs, drop_highest_loss=5, bootstrap=200, seed=3).draws)
    np.testing.assert_allclose(draws[0], draws[1], rtol=2e-5)
