"""The posterior: against an exact-gradient sampler, against Laplace, priors, convergence that is told, export."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import quantal as ql
from quantal.errors import InputError, QuantalWarning
from quantal.fit import Fit, sample_posterior
from quantal.fit.priors import Priors, make_priors
from quantal.fit.problem import Problem

pytestmark = pytest.mark.extras


@pytest.fixture(scope="module")
def curve() -> Fit:
    n = np.repeat(np.geomspace(1e5, 1e9, 10), 2)
    loss = (2.0 + 60.0 * n**-0.3) * np.exp(np.random.default_rng(1).normal(0, 0.01, 20))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QuantalWarning)
        return ql.fit({"params": n, "loss": loss}, "power_floor:params", objective="gaussian")


def _hamiltonian(problem: Problem, priors: Priors, start: np.ndarray, root: np.ndarray, steps: int) -> np.ndarray:
    """Hamiltonian Monte Carlo with the fit's own exact gradients, where Laplace's covariance is one; 24 chains at once."""

    def height(v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        u = start + v @ root.T
        value, gradient, _ = problem.evaluate(u, np.ones(problem.n))
        return value - priors.log_density(u), (gradient + (u - priors.mean) / priors.sd**2) @ root

    rng = np.random.default_rng(0)
    v = rng.standard_normal((24, len(start)))
    at, slope = height(v)
    out = []
    for _ in range(steps):
        p = rng.standard_normal(v.shape)
        energy = at + 0.5 * (p**2).sum(axis=1)
        x, g, new = v, slope, at
        step = 0.35 * rng.uniform(0.7, 1.3)
        for _ in range(6):
            p = p - 0.5 * step * g
            x = x + step * p
            new, g = height(x)
            p = p - 0.5 * step * g
        yes = np.log(rng.uniform(size=24)) < energy - (new + 0.5 * (p**2).sum(axis=1))
        v, at, slope = np.where(yes[:, None], x, v), np.where(yes, new, at), np.where(yes[:, None], g, slope)
        out.append(start + v @ root.T)
    return np.concatenate(out[20:])


def test_the_ensembles_agree_with_an_exact_gradient_sampler(curve: Fit) -> None:
    posterior = sample_posterior(curve, seed=1)
    assert posterior.converged, repr(posterior)
    problem = curve.problem
    priors = make_priors(problem, curve.best, {})
    assert curve.covariance is not None
    u = _hamiltonian(problem, priors, curve.best, np.linalg.cholesky(curve.covariance), 220)
    exact = np.column_stack([problem.theta(u), u[:, -1]])
    ours = posterior.chains.reshape(-1, 4)
    for i in range(4):
        spread = exact[:, i].std()
        assert abs(np.median(ours[:, i]) - np.median(exact[:, i])) < 0.12 * spread, posterior.names[i]
        np.testing.assert_allclose(*(np.ptp(np.percentile(d[:, i], (5, 95))) for d in (ours, exact)), rtol=0.12)


def test_chains_are_independent_and_the_same_for_the_same_seed(curve: Fit) -> None:
    one, two = (sample_posterior(curve, seed=3, steps=60) for _ in range(2))
    np.testing.assert_array_equal(one.chains, two.chains)
    assert len(one.chains) == 4
    assert not np.array_equal(one.chains[0], one.chains[1])
    assert one.log_likelihood.shape == (*one.chains.shape[:2], 20)
    best = one.log_likelihood.sum(axis=2).max()
    assert best <= -curve.value + 1e-9


def test_a_prior_pulls_a_parameter(curve: Fit) -> None:
    free, held = (sample_posterior(curve, seed=0, steps=100, priors=p) for p in (None, {"alpha": (0.5, 0.005)}))
    place = free.names.index("alpha")
    assert held.chains[..., place].mean() == pytest.approx(0.5, abs=0.01)
    assert held.chains[..., place].std() < 0.007
    assert "normal, mean 0.5" in held.prior["alpha"]


def test_fit_by_mcmc_gives_draws_intervals_and_predictions(curve: Fit) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QuantalWarning)
        found = ql.fit(curve.runs, "power_floor:params", method="mcmc", levels=(90,))
    assert found.objective.name == "student_t"
    assert found.posterior is not None
    assert found.draws is not None
    low, high = found.parameters["alpha"].intervals[90.0]
    assert low < 0.3 < high
    inside = found.predict(params=1e8, levels=(90,)).interval(90.0)
    assert inside is not None
    assert found.to_dict()["method"] == "mcmc"
    assert found.to_dict()["posterior"]["converged"]


def test_what_the_runs_do_not_hold_down_is_said_not_hidden() -> None:
    n = np.geomspace(1e6, 1e9, 9)
    table = {"params": n, "loss": 5.0 * n**-0.05 * np.exp(np.random.default_rng(0).normal(0, 0.002, 9))}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QuantalWarning)
        found = ql.fit(table, "bnsl1:params", objective="gaussian", starts=4)
        posterior = sample_posterior(found, steps=50)
    assert not posterior.converged
    assert "hold" in posterior.notes[0]


def test_export_to_arviz(curve: Fit) -> None:
    tree = sample_posterior(curve, steps=60).to_arviz()
    assert tree["posterior"]["alpha"].shape[0] == 4
    assert tree["log_likelihood"]["y"].shape[-1] == 20


def test_refusals(curve: Fit) -> None:
    plain = ql.fit(curve.runs, "power_floor:params")
    for call, match in (
        (lambda: sample_posterior(plain), "needs a likelihood"),
        (lambda: sample_posterior(curve, ensembles=2), "at least 4"),
        (lambda: sample_posterior(curve, steps=3), "at least 50"),
        (lambda: sample_posterior(curve, priors={"alhpa": (0.3, 0.1)}), "Did you mean"),
        (lambda: sample_posterior(curve, priors={"alpha": (0.3, 0.0)}), "above zero"),
    ):
        with pytest.raises(InputError, match=match):
            call()
