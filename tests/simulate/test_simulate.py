"""The simulator against closed forms, against brute force, and against bad input."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

import quantal.theory as qt
from quantal.errors import InputError
from quantal.simulate import simulate

GAMMAS = (0.1, 0.34, 0.5, 1.0, 2.0)
SCALES = np.geomspace(1e4, 1e13, 10)
LAWS = (
    qt.Zipf(0.34),
    qt.Zipf(2.0),
    qt.Zipf(0.0, count=1000),
    qt.Zipf(0.4, count=1e12),
    qt.Mandelbrot(0.4, shift=1000.0),
    qt.Cutoff(0.4, cutoff=1e3),
    qt.Geometric(0.5),
    qt.Geometric(1e-3),
    qt.Stretched(0.5, scale=100.0),
    qt.LogNormal(2.0, count=1e6),
    qt.Empirical(np.random.default_rng(0).zipf(1.5, 2000).clip(1, 10**6)),
)


def z_scores(model: qt.QuantaModel, exact: NDArray[np.float64], loss: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of the mean loss at each scale; loss of shape (scales, replicates)."""
    error = loss.std(axis=1, ddof=1) / math.sqrt(loss.shape[1])
    return (loss.mean(axis=1) - exact) / error


def slope_errors(
    amounts: NDArray[np.float64], exact: NDArray[np.float64], loss: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Of the local exponent between one scale and the next, in standard errors; loss above its floor, shape (scales, replicates)."""
    steps = np.diff(np.log(amounts))
    relative = loss.std(axis=1, ddof=1) / loss.mean(axis=1) / math.sqrt(loss.shape[1])
    errors = np.hypot(relative[1:], relative[:-1]) / steps
    return (np.diff(np.log(loss.mean(axis=1))) - np.diff(np.log(exact))) / steps / errors


@pytest.mark.parametrize("gamma", GAMMAS)
@pytest.mark.parametrize(("rule", "draw"), [(qt.Poisson(1), "stream"), (qt.Binomial(3), "fixed")])
def test_mean_loss_in_samples_is_the_exact_sum(gamma: float, rule: qt.LearningRule, draw: str) -> None:
    model = qt.QuantaModel(qt.Zipf(gamma))
    loss = simulate(model, samples=SCALES, rule=rule, draw=draw, replicates=1000, seed=3)["loss"].reshape(10, 1000)
    exact = np.asarray(model.loss(samples=SCALES, rule=rule))
    z = z_scores(model, exact, loss)
    assert np.all(np.abs(z) < 3)
    assert stats.chi2.sf(np.sum(z**2), 10) > 1e-3
    assert stats.chi2.cdf(np.sum(z**2), 10) > 1e-3
    assert np.all(np.abs(slope_errors(SCALES, exact, loss)) < 3.5)


@pytest.mark.parametrize("gamma", GAMMAS)
def test_mean_loss_in_steps_is_the_exact_sum(gamma: float) -> None:
    """Steps of a single epoch by batches of 100, where each step's batch is one draw of the stream."""
    model = qt.QuantaModel(qt.Zipf(gamma), learned_loss=1.7, unlearned_loss=9.0)
    steps = SCALES / 100
    loss = simulate(model, samples=steps * 100, rule=qt.Poisson(2), replicates=5000, seed=5)["loss"].reshape(10, 5000)
    exact = np.asarray(model.loss(samples=steps * 100, rule=qt.Poisson(2)))
    z = z_scores(model, exact, loss)
    assert np.all(np.abs(z) < 3)
    assert stats.chi2.sf(np.sum(z**2), 10) > 1e-3
    assert np.all(np.abs(slope_errors(steps, exact - 1.7, loss - 1.7)) < 3.5)
    flow = simulate(model, steps=steps)["loss"]
    flow_exact = np.asarray(model.loss(steps=steps))
    assert flow == pytest.approx(flow_exact, rel=1e-9)
    assert np.diff(np.log(flow - 1.7)) == pytest.approx(np.diff(np.log(flow_exact - 1.7)), rel=1e-6)


@pytest.mark.parametrize("gamma", GAMMAS)
@pytest.mark.parametrize("resource", ["samples", "steps"])
def test_local_exponents_reach_the_theory(gamma: float, resource: str) -> None:
    """gamma/(gamma+1) over the last decade, in samples and in steps of batches of 100."""
    amounts = np.array([1e14, 1e15]) / (100 if resource == "steps" else 1)
    drawn = amounts * (100 if resource == "steps" else 1)
    loss = simulate(qt.QuantaModel(qt.Zipf(gamma)), samples=drawn, replicates=1000, seed=7)["loss"].reshape(2, 1000)
    expected = amounts ** (-gamma / (gamma + 1))
    assert abs(slope_errors(amounts, expected, loss)[0]) < 3.5
    slope = math.log(loss[0].mean() / loss[1].mean()) / math.log(10)
    assert slope == pytest.approx(gamma / (gamma + 1), abs=1e-3)


def test_the_scatter_of_the_theory() -> None:
    """Standard deviation over mean of the loss: 0.0146 drawn, 0.0145 predicted (gamma = 0.4, 20,000 quanta, 3e4 samples)."""
    loss = simulate(qt.QuantaModel(qt.Zipf(0.4, count=20_000)), samples=3e4, replicates=20_000, seed=4)["loss"]
    assert loss.std(ddof=1) / loss.mean() == pytest.approx(0.0145, abs=3e-4)


@pytest.mark.parametrize("law", LAWS, ids=repr)
@pytest.mark.parametrize(
    "limits",
    [
        {"params": np.array([0.0, 1.0, 7.25, 100.5, 1e5, 1e9])},
        {"params": 1e3, "capacity": qt.Capacity(10, growth=0.3)},
        {"samples": np.array([0.0, 1.0, 1e3, 1e9, 1e15]), "rule": qt.HardThreshold(3)},
        {"samples": np.array([0.0, 1.0, 1e3, 1e9, 1e15]), "rule": qt.Exponential(2)},
        {"samples": 1e7, "rule": qt.Hill(2.0)},
        {"samples": 1e6, "rule": qt.Costlier(qt.Exponential(), 0.5)},
        {"steps": np.array([1e2, 1e8]), "step_rule": qt.StepThreshold(1.0, power=0.81)},
        {"steps": 1e6, "step_rule": qt.Sigmoidal()},
        {"params": 100.5, "samples": 1e5, "steps": 1e4, "rule": qt.Exponential()},
    ],
    ids=lambda limits: ", ".join(limits),
)
def test_loss_without_chance_is_the_closed_form(law: qt.Frequencies, limits: dict) -> None:
    model = qt.QuantaModel(law)
    assert simulate(model, **limits)["loss"] == pytest.approx(np.ravel(model.loss(**limits)), rel=1e-8, abs=3e-15)


def test_losses_that_depend_on_rank() -> None:
    law = qt.Zipf(0.5)
    model = qt.QuantaModel(law, qt.InformationLoss(constant=2.0), qt.InformationLoss())
    assert simulate(model, params=1e4)["loss"][0] == pytest.approx(model.loss(params=1e4), rel=1e-8)
    model = qt.QuantaModel(law, 0.0, qt.PowerLoss(1.0, 0.2))
    loss = simulate(model, samples=1e7, replicates=2000)["loss"]
    assert abs(loss.mean() - model.loss(samples=1e7)) < 3.5 * loss.std() / math.sqrt(2000)


@pytest.mark.parametrize("gamma", GAMMAS)
@pytest.mark.parametrize("draw", ["stream", "fixed"])
def test_variance_is_the_closed_form(gamma: float, draw: str) -> None:
    model = qt.QuantaModel(qt.Zipf(gamma))
    loss = simulate(model, samples=1e7, rule=qt.Poisson(1), draw=draw, replicates=20_000, seed=1)["loss"]
    ratio = loss.var(ddof=1) / model.loss_variance(samples=1e7, rule=qt.Poisson(1), draw=draw)
    assert abs(ratio - 1) < 4 * math.sqrt(2 / 20_000) + 2e-3


def test_joint_limits_scatter_about_the_exact_loss() -> None:
    model = qt.QuantaModel(qt.Zipf(0.5), 1.0, 3.0)
    limits = {"params": 300.0, "samples": 1e5, "steps": 3e4}
    loss = simulate(model, **limits, replicates=4000)["loss"]
    assert abs(loss.mean() - model.loss(**limits)) < 3.5 * loss.std() / math.sqrt(4000)


def brute_force(law: qt.Frequencies, samples: int, tau: int, draw: str, runs: int) -> NDArray[np.float64]:
    """(loss, number learned) of each run, all samples drawn."""
    rng = np.random.default_rng(17)
    out = np.empty((runs, 2))
    for run in range(runs):
        size = int(rng.poisson(samples)) if draw == "stream" else samples
        ranks, counts = np.unique(law.sample(size, rng), return_counts=True)
        learned = ranks[counts >= tau].astype(float)
        out[run] = 1 - law.pmf(learned).sum(), learned.size
    return out


def same_distribution(law: qt.Frequencies, samples: int, tau: int, draw: str, runs: int) -> None:
    drawn = brute_force(law, samples, tau, draw, runs)
    runs_table = simulate(
        qt.QuantaModel(law), samples=samples, rule=qt.Poisson(tau), draw=draw, replicates=8000, seed=2
    )
    assert stats.ks_2samp(drawn[:, 0], runs_table["loss"]).pvalue > 1e-3
    assert stats.ks_2samp(drawn[:, 1], runs_table["learned"]).pvalue > 1e-3


@pytest.mark.parametrize(
    "law", [qt.Zipf(0.5), qt.Zipf(1.0), qt.Geometric(0.01), qt.LogNormal(2.0, count=1e4)], ids=repr
)
@pytest.mark.parametrize(
    ("samples", "tau", "draw"),
    [(300, 1, "fixed"), (300, 2, "stream"), (1001, 1, "fixed"), (3000, 1, "stream"), (5000, 3, "fixed")],
)
def test_distribution_is_that_of_brute_force(law: qt.Frequencies, samples: int, tau: int, draw: str) -> None:
    same_distribution(law, samples, tau, draw, 800)


@pytest.mark.slow
@pytest.mark.parametrize("gamma", [0.1, 0.5, 1.0])
@pytest.mark.parametrize(("samples", "runs"), [(10_000, 2000), (1_000_000, 300)])
@pytest.mark.parametrize("draw", ["stream", "fixed"])
@pytest.mark.parametrize("tau", [1, 3])
def test_distribution_is_that_of_brute_force_up_to_a_million(
    gamma: float, samples: int, runs: int, draw: str, tau: int
) -> None:
    same_distribution(qt.Zipf(gamma), samples, tau, draw, runs)


@pytest.mark.slow
@pytest.mark.parametrize("gamma", GAMMAS)
@pytest.mark.parametrize("tau", [1, 3, 30])
@pytest.mark.parametrize("draw", ["stream", "fixed"])
def test_mean_loss_with_many_replicates(gamma: float, tau: int, draw: str) -> None:
    model = qt.QuantaModel(qt.Zipf(gamma))
    rule = qt.Poisson(tau) if draw == "stream" else qt.Binomial(tau)
    loss = simulate(model, samples=SCALES, rule=rule, replicates=20_000, seed=8)["loss"].reshape(10, -1)
    z = z_scores(model, np.asarray(model.loss(samples=SCALES, rule=rule)), loss)
    assert stats.chi2.sf(np.sum(z**2), 10) > 1e-3


def test_the_number_learned_is_the_expected_one() -> None:
    for gamma in (0.1, 1.0):
        law = qt.Zipf(gamma)
        learned = simulate(qt.QuantaModel(law), samples=1e9, rule=qt.Poisson(3), replicates=2000)["learned"]
        expected = qt.learned_count(law, 1e9, qt.Poisson(3))
        assert abs(learned.mean() - expected) < 4 * learned.std() / math.sqrt(2000)
        assert np.all(learned == np.round(learned))


def test_runs_have_a_row_for_each_point_and_replicate() -> None:
    model = qt.QuantaModel(qt.Zipf(0.5))
    runs = simulate(model, params=[[10.0], [100.0]], samples=[1e4, 1e5, 1e6], replicates=4)
    assert len(runs) == 24
    assert runs.column("tokens").unit == "samples"
    assert runs["replicate"][:5].tolist() == [1, 2, 3, 4, 1]
    assert runs["params"][[0, 11, 12, 23]].tolist() == [10, 10, 100, 100]
    assert "variance" in runs.notes[1]


def test_the_same_seed_gives_the_same_runs() -> None:
    model = qt.QuantaModel(qt.Zipf(0.5))
    first, again, other = (simulate(model, samples=1e6, replicates=5, seed=s)["loss"] for s in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_complete_model_is_at_its_floor() -> None:
    model = qt.QuantaModel(qt.Zipf(0.5, count=10), 1.7, 9.0)
    runs = simulate(model, samples=1e9, replicates=10)
    assert runs["loss"] == pytest.approx(1.7, rel=1e-14)
    assert runs["learned"].tolist() == [10.0] * 10


def test_no_loss_below_the_floor_near_completion() -> None:
    model = qt.QuantaModel(qt.Zipf(0.0, count=500))
    loss = simulate(model, samples=2500, rule=qt.Poisson(1), draw="fixed", replicates=20_000)["loss"]
    assert loss.min() >= 0
    exact = model.loss(samples=2500, rule=qt.Binomial(1))
    assert abs(loss.mean() - exact) < 4 * loss.std() / math.sqrt(20_000) + 1e-3 * exact


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ({}, "no limit given"),
        ({"samples": -1.0}, "samples = -1.0"),
        ({"samples": math.nan}, "samples = nan"),
        ({"samples": 1e19}, "at most 1e\\+18"),
        ({"samples": "many"}, "must be a number"),
        ({"samples": []}, "an array is empty"),
        ({"samples": 1e6, "replicates": 0}, "replicates = 0"),
        ({"samples": 1e6, "replicates": 2.5}, "replicates = 2.5"),
        ({"samples": 1e6, "seed": -1}, "seed = -1"),
        ({"samples": 1e6, "draw": "streams"}, "Did you mean"),
        ({"samples": 10.5, "draw": "fixed"}, "a whole number of samples"),
        ({"samples": 1e6, "rule": qt.Poisson(2.5), "draw": "fixed"}, "counts whole samples"),
        ({"samples": [1.0, 2.0], "params": [1.0, 2.0, 3.0]}, "do not broadcast"),
    ],
)
def test_bad_input_names_what_is_allowed(call: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        simulate(qt.QuantaModel(qt.Zipf(0.5)), **call)


@settings(max_examples=40, deadline=None)
@given(
    gamma=st.floats(0.02, 20),
    samples=st.floats(0, 1e15),
    tau=st.integers(1, 50),
    params=st.floats(0, 1e12) | st.none(),
)
def test_any_loss_lies_between_floor_and_ceiling(gamma: float, samples: float, tau: int, params: float | None) -> None:
    model = qt.QuantaModel(qt.Zipf(gamma), 1.0, 2.0)
    loss = simulate(model, samples=samples, params=params, rule=qt.Poisson(tau), replicates=3)["loss"]
    assert np.all((loss >= 1 - 1e-9) & (loss <= 2 + 1e-9))
