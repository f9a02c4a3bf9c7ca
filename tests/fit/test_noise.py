"""Noise models: scale by a column, known errors, shared and curve-wise noise; wild and cluster bootstrap by coverage."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import quantal as ql
from quantal.errors import DataError, InputError, QuantalWarning
from quantal.fit import Fit, objective
from quantal.fit.noise import Scale, Whitening
from quantal.fit.problem import Problem
from quantal.laws import get_law

N = np.geomspace(1e6, 1e9, 24)
TRUTH = 2.0 + 300.0 * N**-0.35


def _fit(table: dict[str, np.ndarray], **options: object) -> Fit:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QuantalWarning)
        return ql.fit(table, "power_floor:params", **options)  # type: ignore[arg-type]


def _gradient_and_hessian_agree(problem: Problem, point: np.ndarray) -> None:
    ones = np.ones(problem.n)
    value, gradient, hessian = problem.evaluate(point[None, :], ones)
    assert value[0] == pytest.approx(problem.values(point[None, :], ones)[0], rel=1e-12)
    for i in range(problem.size):
        step = np.zeros(problem.size)
        step[i] = 1e-5
        up, down = (problem.evaluate((point + s * step)[None, :], ones) for s in (1, -1))
        assert (up[0] - down[0])[0] / 2e-5 == pytest.approx(gradient[0, i], rel=1e-5, abs=1e-5)
        np.testing.assert_allclose((up[1] - down[1])[0] / 2e-5, hessian[0, i], rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("residual", ["log", "linear"])
@pytest.mark.parametrize("kind", ["gaussian", "student_t"])
@pytest.mark.parametrize("extra", ["spread", "errors", "both", "shared", "curve"])
def test_derivatives_of_every_noise_model_agree_with_differences(residual: str, kind: str, extra: str) -> None:
    rng = np.random.default_rng(1)
    y = TRUTH * np.exp(rng.normal(0, 0.02, len(N)))
    z = np.log(N) - np.log(N).mean()
    errors = rng.uniform(0.005, 0.03, len(N))
    scale = {"spread": Scale(None, z), "errors": Scale(errors), "both": Scale(errors, z)}.get(extra)
    units = np.arange(len(N)) // 4
    white = Whitening(units, None if extra == "shared" else np.log(N), 0.6) if extra in ("shared", "curve") else None
    rule = objective(kind, residual=residual)  # type: ignore[arg-type]
    problem = Problem.of(get_law("power_floor:params"), {"params": N}, y, rule, scale, white)
    point = problem.free(np.array([[1.9, 280.0, 0.34]]), np.log(0.02))[0]
    if problem.scale.spread is not None:
        point[-1] = -0.2
    _gradient_and_hessian_agree(problem, point)


@settings(max_examples=50, deadline=None)
@given(rho=st.floats(0.0, 0.99), size=st.integers(1, 5), count=st.integers(1, 4))
def test_whitening_inverts_the_covariance(rho: float, size: int, count: int) -> None:
    units = np.repeat(np.arange(count), size)
    shared = np.where(units[:, None] == units, rho, 0.0) + (1 - rho) * np.eye(len(units))
    x = np.tile(np.arange(size) * 0.7, count)
    curve = np.where(units[:, None] == units, max(rho, 1e-9) ** np.abs(x[:, None] - x), 0.0)
    for covariance, along in ((shared, None), (curve, x)):
        white = Whitening(units, along, max(rho, 1e-9))
        w = white.matrix.toarray()
        np.testing.assert_allclose(w @ covariance @ w.T, np.eye(len(units)), atol=1e-7)
        assert white.log_det == pytest.approx(-0.5 * np.linalg.slogdet(covariance)[1], abs=1e-7)


def test_noise_that_falls_with_size_is_found_and_gives_narrower_intervals_where_it_is_small() -> None:
    n = np.repeat(N, 4)
    rng = np.random.default_rng(0)
    y = np.tile(TRUTH[:, None], 4).ravel() * np.exp(rng.normal(0, 1, 96) * 0.02 * (n / n.mean()) ** -0.3)
    table = {"params": n, "loss": y}
    plain = _fit(table, objective="gaussian")
    found = _fit(table, objective=objective("gaussian", scale_by="params"))
    assert found.slope == pytest.approx(-0.3, abs=0.08)
    assert plain.criteria is not None
    assert found.criteria is not None
    assert found.criteria["aicc"] < plain.criteria["aicc"] - 10
    assert "scale by params" in found.objective.describe()
    np.testing.assert_allclose(found.problem.evaluate(found.best[None, :], np.ones(96))[1], 0, atol=1e-3)


def test_known_standard_errors_explain_the_scatter_so_that_little_is_left() -> None:
    rng = np.random.default_rng(3)
    se = np.where(np.arange(24) % 2, 0.002, 0.05) * TRUTH
    table = {"params": N, "loss": TRUTH + rng.normal(0, 1, 24) * se, "loss_se": se}
    found = _fit(table, objective=objective("gaussian", errors="loss_se"))
    plain = _fit(table, objective="gaussian")
    assert found.sigma is not None
    assert found.sigma < 0.004
    for one, most in ((found, 0.02), (plain, 1.0)):
        assert abs(one.parameters["alpha"].value - 0.35) < most  # type: ignore[operator]
    assert found.covariance is not None
    assert plain.covariance is not None
    assert found.covariance[2, 2] < 0.1 * plain.covariance[2, 2]


def test_shared_noise_is_found_and_widens_the_intervals() -> None:
    rng = np.random.default_rng(5)
    n, seed = np.repeat(N, 5), np.repeat(np.arange(24), 5)
    y = np.repeat(TRUTH, 5) * np.exp(np.repeat(rng.normal(0, 0.01, 24), 5) + rng.normal(0, 0.004, 120))
    table = {"params": n, "loss": y, "config": np.array([f"c{i}" for i in seed])}
    found = _fit(table, objective=objective("gaussian", within="config"))
    plain = _fit(table, objective="gaussian")
    assert found.within == pytest.approx(0.01**2 / (0.01**2 + 0.004**2), abs=0.12)
    assert found.covariance is not None
    assert plain.covariance is not None
    assert 1.6 < np.sqrt(found.covariance[2, 2] / plain.covariance[2, 2]) < 2.6
    assert found.criteria is not None
    assert plain.criteria is not None
    assert found.criteria["aicc"] < plain.criteria["aicc"] - 30
    again = ql.fit(found.runs, "power_floor:params", objective=found.objective, bootstrap=40)
    assert again.resample == "group"


def test_points_of_a_curve_are_correlated_with_their_neighbours() -> None:
    rng = np.random.default_rng(6)
    steps = np.geomspace(1e2, 1e5, 40)
    rho = 0.3  # one e-fold apart
    phi = rho ** np.diff(np.log(steps))[0]
    rows = []
    for _ in range(4):
        noise = [rng.normal()]
        for _ in steps[1:]:
            noise.append(phi * noise[-1] + np.sqrt(1 - phi**2) * rng.normal())
        rows.append(np.exp(0.01 * np.array(noise)))
    y = (2.0 + 30.0 * steps**-0.4) * np.array(rows)
    table = {"params": np.tile(steps, 4), "loss": y.ravel(), "run": np.repeat(["a", "b", "c", "d"], 40)}
    found = _fit(table, objective=objective("gaussian", within="run", along="params"))
    assert found.within == pytest.approx(rho, abs=0.15)
    assert abs(found.parameters["alpha"].value - 0.4) < 0.15  # type: ignore[operator]


def test_shared_evaluations_move_all_runs_together() -> None:
    rng = np.random.default_rng(2)
    table: dict[str, np.ndarray] = {"params": N, "loss": TRUTH * np.exp(rng.normal(0, 0.001, 24))}
    for k in range(30):
        table[f"loss_{k}"] = table["loss"] * np.exp(rng.normal(0, 0.03))
    names = [f"loss_{k}" for k in range(30)]
    alone, shared = (_fit(table, objective="log_squares", bootstrap=200, evaluations=e) for e in (None, names))
    narrow, wide = (one.predict(params=1e8).interval() for one in (alone, shared))
    assert narrow is not None
    assert wide is not None
    assert wide[1] - wide[0] > 10 * (narrow[1] - narrow[0])
    low, high = shared.parameters["alpha"].intervals[95.0]
    assert low < 0.35 < high  # a common factor leaves the exponent alone


def test_wild_and_cluster_bootstrap_cover_where_groups_scatter_together() -> None:
    """40 tables of 12 groups whose runs share half of their noise: by runs the intervals are too narrow, by groups not."""
    hits = {"case": 0, "group": 0, "wild": 0}
    for seed in range(40):
        rng = np.random.default_rng(seed)
        n, group = np.repeat(np.geomspace(1e6, 1e9, 12), 6), np.repeat(np.arange(12), 6)
        noise = rng.normal(0, 0.02, 12)[group] + rng.normal(0, 0.005, 72)
        table = {"params": n, "loss": 300 * n**-0.35 * np.exp(noise), "group": np.array([f"g{i}" for i in group])}
        for how in hits:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", QuantalWarning)
                found = ql.fit(
                    table, "power:params", objective="log_squares", bootstrap=200, starts=2, levels=(90,), seed=seed,
                    resample=how, group=None if how == "case" else "group",
                )  # fmt: skip
            low, high = found.parameters["alpha"].intervals[90.0]
            hits[how] += low <= 0.35 <= high
    assert hits["case"] < 30
    assert hits["group"] >= 30
    assert hits["wild"] >= 30


def test_what_has_no_meaning_is_refused() -> None:
    table = {"params": N, "loss": TRUTH, "run": np.array([f"r{i}" for i in range(24)]), "se": np.full(24, -1.0)}
    for options, error, match in (
        ({"objective": objective("huber", errors="se")}, InputError, "no noise model"),
        ({"objective": objective("gaussian", errors="se")}, DataError, "row 1.*not below zero"),
        ({"objective": objective("gaussian", errors="nothing")}, DataError, "no column 'nothing'"),
        ({"objective": objective("gaussian", scale_by="run")}, DataError, "no single number"),
        ({"objective": objective("gaussian", within="run")}, DataError, "of its own"),
        ({"objective": objective("gaussian", along="params")}, InputError, "needs within"),
        ({"objective": objective("gaussian", within="run"), "resample": "case"}, InputError, "independent"),
        ({"method": "magic"}, InputError, "bootstrap"),
        ({"bootstrap": 10, "evaluations": ["loss"]}, InputError, "at least two"),
    ):
        with pytest.raises(error, match=match):
            ql.fit(table, "power_floor:params", **options)  # type: ignore[arg-type]
