"""The batched minimiser: gradients and Hessians of every objective, the linear algebra, agreement with SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from quantal.fit.objective import OBJECTIVES, Objective, objective
from quantal.fit.problem import Problem
from quantal.fit.solver import minimise, solve_positive
from quantal.fit.starts import make_starts, with_scale
from quantal.laws import get_law
from quantal.runs import Runs


def _problem(runs: Runs, name: str, law: str = "chinchilla") -> Problem:
    chosen = get_law(law)
    inputs = {key: np.asarray(runs[key]) for key in chosen.input_names}
    return Problem.of(chosen, inputs, np.asarray(runs["loss"]), objective(name))


@pytest.mark.parametrize("name", [n for n in OBJECTIVES if n != "l1"])
@pytest.mark.parametrize("law", ["chinchilla", "kappa"])
def test_gradient_and_hessian_against_differences(grid_runs: Runs, name: str, law: str) -> None:
    problem = _problem(grid_runs, name, law)
    rng = np.random.default_rng(1)
    theta = np.array([[1.6, 300.0, 1500.0, 0.32, 0.35, 1.4][: len(problem.law.parameters)]] * 4)
    free = with_scale(problem, theta) + rng.normal(0, 0.05, (4, problem.size))
    weights = rng.integers(0, 3, (4, problem.n)).astype(float)
    _, gradient, hessian = problem.evaluate(free, weights)
    step = 1e-5
    for i in range(problem.size):
        move = step * np.eye(problem.size)[i]
        up, down = problem.evaluate(free + move, weights), problem.evaluate(free - move, weights)
        np.testing.assert_allclose(
            gradient[:, i], (up[0] - down[0]) / (2 * step), rtol=2e-4, atol=1e-6 * abs(gradient).max()
        )
        if OBJECTIVES[name].kind != "huber" or OBJECTIVES[name].noise:
            np.testing.assert_allclose(
                hessian[:, i], (up[1] - down[1]) / (2 * step), rtol=1e-3, atol=1e-5 * abs(hessian).max()
            )
    np.testing.assert_allclose(problem.values(free, weights), problem.evaluate(free, weights)[0], rtol=1e-12)


@pytest.mark.parametrize("name", ["huber", "log_squares", "squares", "asymmetric", "gaussian", "student_t"])
def test_no_worse_than_scipy(grid_runs: Runs, name: str) -> None:
    problem = _problem(grid_runs, name)
    ones = np.ones(problem.n)
    starts = with_scale(problem, make_starts(problem, 8, np.random.default_rng(0)))
    ours = minimise(problem, starts, ones)
    assert ours.converged.any()

    def value(u: np.ndarray) -> tuple[float, np.ndarray]:
        f, g, _ = problem.evaluate(u[None, :], ones)
        return float(f[0]), g[0]

    best = float(ours.objective.min())
    for start in starts[:3]:
        theirs = minimize(value, start, jac=True, method="BFGS", options={"gtol": 1e-9})
        assert best <= theirs.fun + 1e-9 * abs(theirs.fun)


def test_absolute_residuals_meet_the_subgradient_condition(grid_runs: Runs) -> None:
    """At a minimum of sum |r|, signs in [-1, 1] of the vanishing residuals balance the rest of the gradient."""
    from quantal.fit import fit

    found = fit(grid_runs, "chinchilla", objective="l1")
    problem, r = found.problem, found.residuals
    rows = np.einsum("np,p->np", problem.law.gradient(problem.inputs, found.theta) / found.fitted[:, None], found.theta)
    zero = np.abs(r) < 1e-6
    assert zero.sum() >= 5
    balance = -(np.sign(r[~zero])[:, None] * rows[~zero]).sum(axis=0)
    signs = np.linalg.lstsq(rows[zero].T, balance, rcond=None)[0]
    np.testing.assert_allclose(rows[zero].T @ signs, balance, atol=1e-3 * np.abs(rows).sum())
    assert np.all(np.abs(signs) <= 1 + 1e-3)


@settings(max_examples=30, deadline=None)
@given(size=st.integers(1, 7), seed=st.integers(0, 10_000))
def test_many_small_systems(size: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(5, size, size))
    matrix = root @ root.swapaxes(1, 2) + 0.1 * np.eye(size)
    right = rng.normal(size=(5, size))
    x, positive = solve_positive(matrix, right)
    assert positive.all()
    np.testing.assert_allclose(x, np.linalg.solve(matrix, right[:, :, None])[:, :, 0], rtol=1e-6, atol=1e-8)
    assert not solve_positive(-matrix, right)[1].any()


@settings(max_examples=25, deadline=None)
@given(scale=st.floats(1e-3, 1e3), seed=st.integers(0, 1000))
def test_fits_do_not_depend_on_units_or_order(scale: float, seed: int) -> None:
    """Tokens in other units change B alone; the order of the runs changes nothing."""
    from quantal.fit import fit

    rng = np.random.default_rng(seed)
    n, d = np.repeat(np.geomspace(1e6, 1e9, 5), 5), np.tile(np.geomspace(1e8, 1e11, 5), 5)
    loss = (1.7 + 400 * n**-0.34 + 2000 * d**-0.37) * np.exp(rng.normal(0, 0.002, 25))
    plain = fit({"params": n, "tokens": d, "loss": loss}, "chinchilla", objective="log_squares", starts=4)
    order = rng.permutation(25)
    moved = fit(
        {"params": n[order], "tokens": scale * d[order], "loss": loss[order]},
        "chinchilla",
        objective="log_squares",
        starts=4,
    )
    want = plain.theta * np.array([1, 1, scale ** plain.theta[4], 1, 1])
    np.testing.assert_allclose(moved.theta, want, rtol=2e-5)


def test_noise_densities_are_normalised() -> None:
    x = np.linspace(-400, 400, 2_000_001)
    for name in ("gaussian", "student_t", "huber_density"):
        rule = OBJECTIVES[name]
        mass = np.trapezoid(np.exp(-rule.rho(x)[0] - rule.constant()), x)
        assert mass == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: objective("hubr"), "Did you mean 'huber'"),
        (lambda: objective("huber", delta=0.0), "delta = 0.0"),
        (lambda: objective("huber", over=float("nan")), "over = nan"),
    ],
)
def test_bad_objectives_are_refused(call: object, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        call()  # type: ignore[operator]


def test_objectives_describe_themselves() -> None:
    assert isinstance(objective("huber"), Objective)
    assert "Huber(delta = 0.01)" in objective("huber", delta=0.01).describe()
    assert "Gaussian" in objective("gaussian").describe()
    assert "overestimates weighed 10 times" in objective("asymmetric").describe()
