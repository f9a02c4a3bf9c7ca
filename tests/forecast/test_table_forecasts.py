"""Averages over tables of runs: weights by regret, reach, the scale and what a table's own record does to it, MCMC."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import quantal as ql
from quantal.forecast.members import Predictions
from quantal.forecast.stacking import regrets, weigh
from quantal.forecast.table_calibration import LEAST_REACH, USUAL, reach, reached


def grid(noise: float, seed: int = 0) -> dict[str, np.ndarray]:
    n, d = (one.ravel() for one in np.meshgrid(np.geomspace(1e7, 1e10, 6), np.geomspace(1e9, 1e11, 5)))
    loss = 1.69 + 406 * n**-0.34 + 411 * d**-0.28
    return {"params": n, "tokens": d, "loss": loss * np.exp(np.random.default_rng(seed).normal(0, noise, len(n)))}


def width(found: ql.Forecast) -> float:
    ends = found.loss.interval(90.0)
    assert ends is not None
    return float(np.log(ends[1] / ends[0]))


def test_a_law_that_is_better_by_far_takes_the_weight_and_the_interval_narrows() -> None:
    laws = ["chinchilla", "kaplan", "quanta", "bottleneck"]
    sharp, blurred = (ql.forecast(grid(noise), laws=laws, params=3e10, tokens=3e11) for noise in (3e-4, 3e-2))
    assert sharp.laws[0]["law"] == "chinchilla"
    assert sharp.laws[0]["weight"] > 0.75
    assert blurred.laws[0]["weight"] < 0.5
    truth = 1.69 + 406 * 3e10**-0.34 + 411 * 3e11**-0.28
    for one in (sharp, blurred):
        ends = one.loss.interval(90.0)
        assert ends is not None
        assert ends[0] < truth < ends[1]
    assert 3 * width(sharp) < min(0.05, width(blurred))


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 5), st.integers(1, 4), st.integers(0, 999), st.floats(1.5, 100))
def test_weights_are_shares_whatever_the_unit_of_errors(laws: int, cuts: int, seed: int, unit: float) -> None:
    errors = np.random.default_rng(seed).normal(0, 0.05, (cuts, laws, 7))
    shares = weigh(np.stack([regrets(one) for one in errors]), 30.0)
    assert shares.shape == (laws,)
    assert np.all(shares >= 0)
    assert shares.sum() == pytest.approx(1.0)
    scaled = weigh(np.stack([regrets(unit * one) for one in errors]), 30.0)
    np.testing.assert_allclose(scaled, shares, atol=2e-3)


def test_without_past_extrapolations_laws_weigh_alike() -> None:
    np.testing.assert_allclose(weigh(np.empty((0, 3, 3)), 30.0), 1 / 3)


@settings(max_examples=40, deadline=None)
@given(st.floats(1e5, 1e12), st.floats(1e8, 1e13))
def test_reach_is_the_farthest_of_inputs_and_product_and_has_a_least(params: float, tokens: float) -> None:
    runs = {"params": np.array([1e6, 1e8]), "tokens": np.array([1e11, 1e9])}
    (found,) = reach({"params": np.array([params]), "tokens": np.array([tokens])}, runs)
    inside = np.log10([params / 1e8, tokens / 1e11, params * tokens / 1e17])
    assert found == pytest.approx(max(LEAST_REACH, inside.max()))


def test_a_table_that_was_missed_before_is_given_wider_intervals() -> None:
    squares = np.full((4, 3), 1e-4)
    scale = float(USUAL.scale(squares)[0])
    good, bad = (USUAL.factor([(squares, np.full(3, by * scale))] * 3) for by in (0.3, 6.0))
    assert good < 1 < bad
    assert USUAL.factor([]) == 1.0
    quantiles = USUAL.quantile(np.linspace(0, 1, 21))
    assert np.all(np.diff(quantiles) >= 0)
    assert quantiles[0] == 0


def test_a_law_that_the_runs_leave_free_does_not_widen_all() -> None:
    """The square of parameters is a geometric mean: 100 times in one of two laws is ten times in the average."""
    logs, scatters, decades = np.zeros((2, 1)), np.zeros(2), np.ones(1)
    half = np.full(2, 0.5)
    known, free = (
        reached(Predictions(logs, np.array([[1e-4], [one]]), scatters, 0.0, decades), half).squares[1, 0]
        for one in (1e-4, 1e-2)
    )
    assert free == pytest.approx(10 * known, rel=1e-3)


@pytest.mark.extras
def test_mcmc_in_the_average_and_alone() -> None:
    table = grid(3e-3)
    truth = 1.69 + 406 * 3e10**-0.34 + 411 * 3e11**-0.28
    average = ql.forecast(table, laws=["chinchilla", "kaplan"], method="mcmc", params=3e10, tokens=3e11)
    alone = ql.forecast(table, "chinchilla", method="mcmc", levels=(90,), params=3e10, tokens=3e11)
    for one in (average, alone):
        ends = one.loss.interval(90.0)
        assert ends is not None
        assert ends[0] < truth < ends[1]
        assert one.laws[0]["rhat"] < 1.05
        assert one.laws[0]["converged"] in (True, False)
    assert average.fit.draws is not None
    assert average.fit.objective.name == "student_t"
