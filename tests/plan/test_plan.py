"""Plans: closed form against search, exponents, regret, the three approaches."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

import quantal as ql
from quantal.errors import ExtrapolationWarning, InputError, LawError, QuantalWarning
from quantal.laws import get_law
from quantal.plan import approaches, best_loss, isoflops, optimum
from quantal.plan.allocation import _searched, wasted
from quantal.runs import Runs

POINTS = {
    "chinchilla": [1.7, 480.0, 2100.0, 0.35, 0.37],
    "kappa": [1.75, 400.0, 1200.0, 0.33, 0.333, 1.3],
    "bottleneck": [1.3, 80.0, 110.0, 0.21, 0.19],
    "kaplan": [8.8e12, 3e13, 0.09, 0.11],
    "quanta": [1.77, 1400.0, 470.0, 0.41],
    "quanta_kappa": [1.7, 970.0, 380.0, 0.38, 1.3],
    "quanta_bottleneck": [1.2, 70.0, 61.0, 0.2],
}


@pytest.mark.parametrize("name", POINTS)
@settings(max_examples=15, deadline=None)
@given(power=st.floats(17, 26))
def test_closed_forms_are_the_minimum(name: str, power: float) -> None:
    law, theta, compute = get_law(name), np.array([POINTS[name]]), 10.0**power
    found = optimum(law, theta, compute)

    def loss(n: float) -> float:
        return float(law.value({"params": np.exp([n]), "tokens": compute / 6 / np.exp([n])}, theta[0])[0])

    best = minimize_scalar(
        loss,
        bounds=(np.log(found.params[0]) - 5, np.log(found.params[0]) + 5),
        method="bounded",
        options={"xatol": 1e-9},
    )
    assert found.loss[0] <= best.fun + 1e-12
    assert found.params[0] == pytest.approx(float(np.exp(best.x)), rel=1e-3)
    assert 6 * found.params[0] * found.tokens[0] == pytest.approx(compute, rel=1e-12)
    assert found.params_exponent[0] + found.tokens_exponent[0] == pytest.approx(1.0)
    step = optimum(law, theta, compute * 1.001)
    assert np.log(step.params[0] / found.params[0]) / np.log(1.001) == pytest.approx(found.params_exponent[0], rel=1e-6)


@pytest.mark.parametrize("name", ["chinchilla", "kappa", "quanta"])
def test_the_search_agrees_with_the_closed_form(name: str) -> None:
    law, theta = get_law(name), np.array([POINTS[name]])
    closed, searched = optimum(law, theta, 1e21), _searched(law, theta, 1e21)
    for a, b in zip(closed, searched, strict=True):
        assert float(b[0]) == pytest.approx(float(a[0]), rel=2e-4)


def test_quantization_exponents_of_compute() -> None:
    """theory.md 2.3, checked for gamma = 0.34: 0.4274, 0.5726, 0.1453."""
    found = optimum(get_law("quanta"), np.array([[1.7, 400.0, 900.0, 0.34]]), 1e21)
    assert found.params_exponent[0] == pytest.approx(1 / 2.34)
    assert found.tokens_exponent[0] == pytest.approx(1.34 / 2.34)
    assert found.loss_exponent[0] == pytest.approx(0.34 / 2.34)


def test_regret_is_the_compute_that_the_optimum_would_save() -> None:
    law, theta = get_law("chinchilla"), np.array([POINTS["chinchilla"]])
    best = optimum(law, theta, 1e22)
    assert wasted(law, theta, 1e22, float(best.params[0]))[0] == pytest.approx(0.0, abs=1e-9)
    share = wasted(law, theta, 1e22, float(best.params[0]) * 4)[0]
    reached = law.value({"params": 4 * best.params, "tokens": 1e22 / 6 / best.params / 4}, theta[0])
    assert best_loss(law, theta, np.array([1e22 * (1 - share)]))[0] == pytest.approx(reached[0], rel=1e-9)
    assert 0.1 < share < 0.9


@given(st.sampled_from(sorted(POINTS)), st.floats(-2.5, 2.5), st.floats(17, 25))
@settings(max_examples=60, deadline=None)
def test_the_rest_of_the_budget_reaches_the_same_loss(name: str, decades: float, budget: float) -> None:
    law, theta, compute = get_law(name), np.array([POINTS[name]]), 10**budget
    params = optimum(law, theta, compute).params * 10**decades
    share = wasted(law, theta, compute, params)
    reached = law.value({"params": params, "tokens": compute / 6 / params}, theta[0])
    assert 0 <= share[0] < 1
    assert best_loss(law, theta, compute * (1 - share))[0] == pytest.approx(reached[0], rel=1e-9)


def test_a_plan_on_the_public_runs(chinchilla_runs: Runs) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QuantalWarning)
        fit = ql.fit(chinchilla_runs, "chinchilla", bootstrap=300, drop_highest_loss=5, seed=0)
        plan = ql.plan(fit, compute=5.76e23)
    assert plan.params.value == pytest.approx(7.3e10, rel=0.01)
    assert plan.params_exponent.value == pytest.approx(0.514, abs=1e-3)
    low, high = plan.params_exponent.intervals[95.0]
    assert low < 0.514 < high
    waste = plan.wasted_by(280e9)
    assert waste.value == pytest.approx(0.465, abs=0.01)
    assert waste.interval(95)[0] > 0.1  # type: ignore[index]
    assert plan.to_dict()["params"]["value"] == plan.params.value
    assert "params" in repr(plan)


def test_far_budgets_warn(grid_runs: Runs) -> None:
    fit = ql.fit(grid_runs, "chinchilla")
    with pytest.warns(ExtrapolationWarning, match="decades beyond"):
        plan = ql.plan(fit, compute=1e24)
    assert plan.params.reason is not None


def test_a_law_of_ones_own_plans_by_search(grid_runs: Runs) -> None:
    @ql.law(source="a test", name="my_sum")
    def mine(params, tokens, *, E: ql.Positive, A: ql.Positive, B: ql.Positive, alpha: ql.Exponent, beta: ql.Exponent):
        "L = E + A N^-alpha + B D^-beta"
        return E + A * params**-alpha + B * tokens**-beta

    own, known = ql.fit(grid_runs, mine), ql.fit(grid_runs, "chinchilla")
    assert own.value == pytest.approx(known.value, rel=1e-9)
    a, b = ql.plan(own, compute=1e20), ql.plan(known, compute=1e20)
    assert a.params.value == pytest.approx(b.params.value, rel=1e-3)
    assert a.params_exponent.value == pytest.approx(b.params_exponent.value, rel=1e-3)


def test_what_cannot_be_planned(grid_runs: Runs) -> None:
    single = ql.fit(grid_runs, "power_floor:compute")
    with pytest.raises(LawError, match="plan with a joint law"):
        ql.plan(single, compute=1e20)
    fit = ql.fit(grid_runs, "chinchilla")
    for bad in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(InputError, match="compute ="):
            ql.plan(fit, compute=bad)
    with pytest.raises(InputError, match="params ="):
        ql.plan(fit, compute=1e20).wasted_by(1e25)

    @ql.law(source="a test", name="only_falls")
    def falls(params, tokens, *, A: ql.Positive, alpha: ql.Exponent):
        "L = A (N^2 D)^-alpha"
        return A * (params * params * tokens) ** -alpha

    with pytest.raises(LawError, match="no minimum inside"):
        optimum(falls, np.array([[1.0, 0.1]]), 1e20)


def _iso_table(alpha: float, beta: float, drift: float = 1.0) -> dict[str, np.ndarray]:
    c = np.repeat(np.geomspace(1e18, 1e21, 5), 7)
    law, theta = get_law("chinchilla"), np.array([[1.7, 400.0, 2000.0, alpha, beta]])
    best = np.array([optimum(law, theta, x).params[0] for x in c])
    n = best * np.tile(np.geomspace(1 / 8, 8, 7), 5) * drift
    return {"params": n, "tokens": c / 6 / n, "loss": law.value({"params": n, "tokens": c / 6 / n}, theta[0])}


def test_parabolas_are_exact_when_alpha_equals_beta_and_biased_otherwise() -> None:
    same = approaches(ql.fit(_iso_table(0.35, 0.35), "chinchilla"))
    assert same[1].exponent.value == pytest.approx(0.5, abs=1e-6)
    skew = ql.fit(_iso_table(0.6, 0.2), "chinchilla")
    found = approaches(skew)
    plain = [one.optimum for one in isoflops(skew)]
    fair = [one.optimum_corrected for one in isoflops(skew)]
    true = [optimum(skew.law, skew.theta[None, :], one.compute).params[0] for one in isoflops(skew)]
    assert np.max(np.abs(np.log(np.array(plain) / true))) > 0.1
    np.testing.assert_allclose(fair, true, rtol=1e-6)
    assert found[2].exponent.value == pytest.approx(0.25, abs=1e-6)


def test_no_verdict_without_a_minimum_inside() -> None:
    fit = ql.fit(_iso_table(0.35, 0.35, drift=20.0), "chinchilla")
    second = approaches(fit)[1]
    assert second.exponent.value is None
    assert "minimum inside" in second.note


def test_three_approaches_on_the_public_runs(chinchilla_runs: Runs) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QuantalWarning)
        ways = approaches(ql.fit(chinchilla_runs, "chinchilla", drop_highest_loss=5, bootstrap=100))
    assert [way.name[0] for way in ways] == ["1", "2", "2", "3"]
    for way in ways:
        assert way.exponent.value is not None
        assert 0.45 < way.exponent.value < 0.55
        assert way.to_dict()["points"]
