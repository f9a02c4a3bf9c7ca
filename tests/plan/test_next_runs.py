"""The next runs: the belief against closed forms, the design against a refit of the belief, the stop rule, bad input."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import quantal as ql
from quantal.errors import DataError, InputError, LawError
from quantal.laws import free
from quantal.plan.belief import DEPARTURES, believe, kernel, log_law, positions
from quantal.plan.candidates import two_digits
from quantal.plan.design import best_design
from quantal.plan.next_runs import choose, verdict

TRUE = {"E": 1.7, "A": 400.0, "B": 2000.0, "alpha": 0.34, "beta": 0.37}


def made(
    n: int = 5, noise: float = 0.003, seed: int = 0, law: str = "chinchilla", **more: float
) -> dict[str, np.ndarray]:
    params = np.repeat(np.geomspace(1e6, 1e8, n), n)
    tokens = np.tile(np.geomspace(1e8, 1e10, n), n)
    loss = ql.get_law(law)(params=params, tokens=tokens, **TRUE, **more)
    return {
        "params": params,
        "tokens": tokens,
        "loss": loss * np.exp(noise * np.random.default_rng(seed).standard_normal(len(loss))),
    }


def sizes(table: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: table[name] for name in ("params", "tokens")}


def test_belief_finds_the_law() -> None:
    table, law = made(noise=0.001), ql.get_law("chinchilla")
    belief = believe(law, sizes(table), table["loss"])
    at = {"params": np.array([1e9]), "tokens": np.array([2e10])}
    truth = float(np.log(law(params=1e9, tokens=2e10, **TRUE)))
    error = float(np.sqrt(belief.covariance(at)[0, 0]))
    assert belief.departure < DEPARTURES[1]
    assert abs(belief.expected(at)[0] - truth) < 3 * error
    assert error < 0.02


def test_slopes_of_the_log_law_are_its_differences() -> None:
    law, table = ql.get_law("kappa"), sizes(made(3))
    u = free(law.parameters, np.array([[1.7, 400.0, 2000.0, 0.34, 0.37, 1.3]]))[0]
    _, rows = log_law(law, table, u)
    for i in range(len(u)):
        step = np.eye(len(u))[i] * 1e-6
        difference = (log_law(law, table, u + step)[0] - log_law(law, table, u - step)[0]) / 2e-6
        np.testing.assert_allclose(rows[:, i], difference, rtol=1e-6, atol=1e-9)


def test_covariance_is_that_of_the_joint_gaussian() -> None:
    """Against conditioning one big Gaussian in which the parameters have their prior."""
    table, law = made(4), ql.get_law("chinchilla")
    belief = believe(law, sizes(table), table["loss"])
    at = {"params": np.array([3e8, 1e9]), "tokens": np.array([1e10, 4e10])}
    both = {name: np.concatenate([table[name], at[name]]) for name in at}
    prior = np.linalg.inv(np.linalg.inv(belief.spread) - belief._slopes.T @ belief._inverse @ belief._slopes)
    rows, where = log_law(law, both, belief.u)[1], positions(law, both)
    whole = rows @ prior @ rows.T + kernel(where, where, belief.departure)
    n = len(table["loss"])
    noise = np.linalg.inv(belief._inverse) - kernel(where[:n], where[:n], belief.departure)
    known = whole[:n, :n] + noise
    expected = whole[n:, n:] - whole[n:, :n] @ np.linalg.solve(known, whole[:n, n:])
    np.testing.assert_allclose(belief.covariance(at), expected, rtol=2e-3)


def test_design_foresees_the_variance_that_the_belief_then_has() -> None:
    table, law = made(3), ql.get_law("chinchilla")
    belief = believe(law, sizes(table), table["loss"])
    points = {"params": np.array([1e9, 3e9]), "tokens": np.array([3e10, 3e10])}
    options = sizes(made(6)) | {"compute": 6 * made(6)["params"] * made(6)["tokens"]}
    design = choose(belief, options, points, 1e19, most=5)
    after = belief.after({name: options[name][list(design.chosen)] for name in points})
    assert np.trace(after.covariance(points)) / 2 == pytest.approx(design.variance[-1], rel=1e-6)
    assert np.trace(belief.covariance(points)) / 2 == pytest.approx(design.variance[0])
    np.testing.assert_allclose(after.expected(points), belief.expected(points), rtol=1e-9)


def test_greedy_design_is_near_the_best_of_all_subsets() -> None:
    from itertools import combinations

    rng = np.random.default_rng(3)
    root = rng.standard_normal((9, 9))
    covariance, cost, scatter = root @ root.T, rng.uniform(1, 4, 8), 0.5

    def left(subset: tuple[int, ...]) -> float:
        index = list(subset)
        known = covariance[np.ix_(index, index)] + scatter**2 * np.eye(len(index))
        return float(covariance[8, 8] - covariance[8, index] @ np.linalg.solve(known, covariance[index, 8]))

    affordable = [s for k in range(1, 9) for s in combinations(range(8), k) if cost[list(s)].sum() <= 9.0]
    found = best_design(covariance, scatter, cost, 9.0)
    assert found.cost <= 9.0
    assert left(found.chosen) == pytest.approx(found.variance[-1])
    assert min(map(left, affordable)) <= found.variance[-1] <= 1.6 * min(map(left, affordable))


@settings(max_examples=6, deadline=None)
@given(power=st.floats(16, 20), most=st.integers(1, 6), target=st.floats(19, 23))
def test_proposals_keep_to_budget_and_number(power: float, most: int, target: float) -> None:
    found = ql.next_runs(made(3), 10.0**target, 10.0**power, most=most)
    assert found.compute <= 10.0**power
    assert found.error_after <= found.error_now
    assert found.stop == (found.error_after > 0.95 * found.error_now)
    if found.runs is not None:
        assert len(found.runs) <= most
        np.testing.assert_allclose(found.runs["compute"], 6 * found.runs["params"] * found.runs["tokens"])
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["runs"] == found.to_dict()["runs"]


def test_error_is_the_spread_of_forecasts() -> None:
    """Over 16 draws of the noise, the forecast's error at the target has the standard deviation that is stated."""
    law = ql.get_law("chinchilla")
    truth = float(np.log(law(params=3e8, tokens=3e10, **TRUE)))
    ratios = []
    for seed in range(16):
        found = ql.next_runs(made(4, noise=0.005, seed=seed), budget=1e17, params=3e8, tokens=3e10)
        ratios.append((float(np.log(found.loss[0])) - truth) / found.error_now)
    assert 0.4 < float(np.sqrt(np.mean(np.square(ratios)))) < 1.3


def test_a_law_that_is_off_is_noticed() -> None:
    """Data with kappa = 1.3 and a bend that no additive law has."""
    table = made(7, noise=0.001, law="kappa", kappa=1.3)
    bent = table | {"loss": table["loss"] * (1 + 0.02 * np.sin(0.7 * np.log(table["params"] * table["tokens"])))}
    found = ql.next_runs(bent, 1e24, 1e16)
    assert found.departure > 2 * DEPARTURES[0]
    assert found.error_small_runs <= found.error_now


def test_candidates_are_each_taken_once() -> None:
    pool = {"params": [1e8, 2e8, 4e8], "tokens": [1e10, 1e10, 1e10], "compute": [7e18, 1.3e19, 2.5e19]}
    found = ql.next_runs(made(3), 1e22, 4e19, candidates=pool)
    assert found.runs is not None
    chosen = list(zip(found.runs["params"], found.runs["compute"], strict=True))
    assert set(chosen) <= set(zip(pool["params"], pool["compute"], strict=True))
    assert len(set(chosen)) == len(chosen)


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"budget": None}, InputError, "budget = None"),
        ({"budget": -1.0}, InputError, "budget = -1.0"),
        ({"target_compute": None}, InputError, "the target is either"),
        ({"params": 1e9, "tokens": 1e9}, InputError, "the target is either"),
        ({"target_compute": 0.0}, InputError, "target_compute = 0.0"),
        ({"law": "power:params"}, LawError, "needs a law in params and tokens"),
        ({"most": 0}, InputError, "most = 0"),
        ({"candidates": {"params": [1e9], "loss": [2.0]}}, DataError, "candidates need params and tokens"),
        ({"candidates": {"params": [1e12], "tokens": [1e12]}}, InputError, "the cheapest of these candidates"),
        ({"runs": {"params": [1e6, 2e6], "tokens": [1e8, 1e8], "loss": [4.0, 3.9]}}, DataError, "2 usable runs"),
        ({"runs": {"params": [1e6, 2e6], "loss": [4.0, 3.9]}}, DataError, "--column tokens=HEADER"),
    ],
)
def test_bad_calls(change: dict, error: type[Exception], text: str) -> None:
    call = {"runs": made(3), "target_compute": 1e21, "budget": 1e18} | change
    with pytest.raises(error, match=text):
        ql.next_runs(call.pop("runs"), **call)


def test_verdict_sentences() -> None:
    assert verdict(0.02, 0.01, 0.012, 1e18, 5e17) == (False, "these runs lower the error from 2.00 % to 1.00 %")
    stop, reason = verdict(0.02, 0.0199, 0.0198, 1e18, 5e17)
    assert stop
    assert reason.startswith("spending 5e+17 FLOPs would lower the error only from 2.00 % to 1.99 %; more small runs")
    assert "more small runs will not help" in reason
    assert verdict(0.02, 0.02, 0.01, 1e18, 0.0)[1].startswith("no run within the budget")


@given(st.lists(st.floats(1e-3, 1e30), min_size=1, max_size=5))
def test_two_digits(values: list[float]) -> None:
    rounded = two_digits(np.array(values))
    np.testing.assert_allclose(rounded, values, rtol=0.0501)
