"""The posterior of a law's parameters by MCMC: independent ensembles, R-hat, effective sample size, ArviZ export."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from quantal.errors import InputError
from quantal.extras import extra
from quantal.fit import uncertainty
from quantal.fit.priors import Priors, make_priors
from quantal.fit.problem import Problem
from quantal.fit.solver import Progress
from quantal.laws.law import Floats

if TYPE_CHECKING:
    from quantal.fit.result import Fit

MOST_PARAMETERS = 12
R_HAT = 1.01
FEWEST_SAMPLES = 400.0
ROUNDS = 4
NOISE_NAMES = ("log_sigma", "noise_slope")


@dataclass(frozen=True, eq=False)
class Posterior:
    """Draws from a posterior: ``chains`` (C, S, q), one chain an independent ensemble, in natural parameters.

    ``names`` are the law's parameters, then the noise's log scale (and slope). ``rhat`` is the rank-normalised split
    R-hat over ensembles, ``samples`` the effective sample size of each, ``acceptance`` the share of accepted moves.
    Source: Foreman-Mackey et al. 2013 (emcee); Vehtari et al. 2021 (R-hat).
    """

    names: tuple[str, ...]
    chains: Floats = field(repr=False)
    rhat: Mapping[str, float]
    samples: Mapping[str, float]
    acceptance: float
    prior: Mapping[str, str]
    converged: bool
    log_likelihood: Floats = field(repr=False)
    observed: Floats = field(repr=False)
    notes: list[str] = field(default_factory=list)

    def flat(self, most: int | None = None) -> Floats:
        """Draws (R, P) of the law's parameters, all chains together, thinned evenly to at most ``most``."""
        count = len([name for name in self.names if name not in NOISE_NAMES])
        rows = self.chains[:, :, :count].reshape(-1, count)
        return rows if most is None or len(rows) <= most else rows[np.linspace(0, len(rows) - 1, most).astype(int)]

    def to_dict(self) -> dict[str, Any]:
        """Convergence and priors as plain data; the draws are the fit's."""
        return {
            "chains": len(self.chains),
            "draws": self.chains.shape[1],
            "rhat": dict(self.rhat),
            "effective_samples": dict(self.samples),
            "acceptance": self.acceptance,
            "converged": self.converged,
            "priors": dict(self.prior),
        }

    def groups(self) -> dict[str, dict[str, Floats]]:
        """ArviZ's groups as plain arrays: posterior (chain, draw), log_likelihood (chain, draw, run), observed_data.

        This is what ``arviz.from_dict`` takes.
        """
        posterior = {name: self.chains[:, :, i] for i, name in enumerate(self.names)}
        return {
            "posterior": posterior,
            "log_likelihood": {"y": self.log_likelihood},
            "observed_data": {"y": self.observed},
        }

    def to_arviz(self) -> Any:
        """The posterior as ArviZ's own object (a DataTree, or InferenceData of older releases).

        Raises:
            MissingExtra: ArviZ is not installed.
        """
        arviz = extra("arviz_base", "posterior")
        return arviz.from_dict(self.groups())

    def __repr__(self) -> str:
        worst = max(self.rhat.values())
        fewest = min(self.samples.values())
        state = "converged" if self.converged else "NOT converged"
        return (
            f"posterior of {', '.join(self.names)}: {len(self.chains)} ensembles of {self.chains.shape[1]} draws, {state} "
            f"(largest R-hat {worst:.3f}, fewest effective samples {fewest:.0f}, acceptance {self.acceptance:.2f})"
        )


def sample_posterior(
    fit: Fit,
    *,
    priors: Mapping[str, tuple[float, float]] | None = None,
    ensembles: int = 4,
    walkers: int | None = None,
    steps: int = 300,
    seed: int = 0,
    progress: Progress | None = None,
) -> Posterior:
    """Sample the posterior of a fitted law: an affine-invariant ensemble sampler, started around the optimum.

    Args:
        fit: a fit under a noise model (gaussian, student_t, huber_density).
        priors: (mean, standard deviation) of normal priors in a parameter's own unit, by name, cut off at its bounds.
            Others get the weak defaults that `Posterior.prior` states.
        ensembles: independent ensembles, at least 4, over which R-hat is taken.
        steps: steps of each ensemble after as many for burning in; more are added, up to sixteen times as many, until
            R-hat is below 1.01 and 400 effective samples are there.

    Raises:
        InputError: no likelihood, a law of more than 12 parameters, fewer than 4 ensembles, or an unknown parameter in priors.
    """
    if ensembles < 4:
        raise InputError(f"ensembles = {ensembles}: R-hat needs at least 4 that know nothing of each other")
    if steps < 50:
        raise InputError(f"steps = {steps}: at least 50 are needed, 300 are usual")
    return sample_problem(
        fit.problem,
        fit.best,
        priors=priors,
        ensembles=ensembles,
        walkers=walkers,
        steps=steps,
        seed=seed,
        progress=progress,
    )


def sample_problem(
    problem: Problem,
    best: Floats,
    *,
    priors: Mapping[str, tuple[float, float]] | None = None,
    ensembles: int = 4,
    walkers: int | None = None,
    steps: int = 300,
    seed: int = 0,
    progress: Progress | None = None,
) -> Posterior:
    """`sample_posterior` for a problem and its optimum (q,); see there."""
    if not problem.objective.noise:
        raise InputError(
            f"objective {problem.objective.name}: a posterior needs a likelihood; use objective='student_t', 'gaussian' or "
            "'huber_density' (--objective student_t), or the bootstrap"
        )
    if problem.size > MOST_PARAMETERS:
        raise InputError(
            f"{problem.law.name}: {problem.size} parameters are more than an ensemble sampler mixes over ({MOST_PARAMETERS}); "
            "use the bootstrap, or hold some of them (ql.hold)"
        )
    emcee = extra("emcee", "posterior")
    stats = extra("arviz_stats.base", "posterior").array_stats
    known = make_priors(problem, best, priors or {})
    count = walkers or max(32, 4 * problem.size)
    run = _Run(emcee, problem, known, best, count, seed)
    names = (*(problem.law.parameters[i].name for i in problem.vary), *NOISE_NAMES[: problem.scale.size])
    chains: list[list[Floats]] = [[] for _ in range(ensembles)]
    states: list[Any] = [None] * ensembles
    lengths = [2 * steps, *(steps * 2**i for i in range(ROUNDS))]
    moved, done, raw = 0.0, 0, np.empty(0)
    rhat: dict[str, float] = {}
    samples: dict[str, float] = {}
    for turn, length in enumerate(lengths):
        total = done + ensembles * length
        for i in range(ensembles):

            def tell(step: int, before: int = done, of: int = total) -> None:
                if progress is not None:
                    progress(before + step, of)

            part, moved, states[i] = run.sample(i, length, states[i], tell)
            chains[i].append(part[steps:] if turn == 0 else part)
            done += length
        raw = np.stack([np.concatenate(parts) for parts in chains])
        rhat, samples = _diagnose(stats, raw, names)
        if max(rhat.values()) < R_HAT and min(samples.values()) >= FEWEST_SAMPLES:
            break
    converged = max(rhat.values()) < R_HAT and min(samples.values()) >= FEWEST_SAMPLES
    notes = []
    if not converged:
        slow = max(rhat, key=lambda name: rhat[name])
        notes.append(
            f"the posterior has not converged: R-hat of {slow} is {rhat[slow]:.3f} and the fewest effective samples are "
            f"{min(samples.values()):.0f}; these runs do not hold {slow} down. Give it a prior, hold it, or take a simpler law"
        )
    return _posterior(problem, known, raw, names, rhat, samples, moved, converged, notes)


@dataclass(frozen=True)
class _Run:
    emcee: Any
    problem: Problem
    priors: Priors
    best: Floats
    walkers: int
    seed: int

    def log_density(self, free: Floats) -> Floats:
        value = -self.problem.values(free, np.ones(self.problem.n)) + self.priors.log_density(free)
        return np.where(np.isfinite(value), value, -np.inf)

    def sample(self, number: int, steps: int, state: Any, tell: Any) -> tuple[Floats, float, Any]:
        """Steps of one ensemble from its last state: the chain (steps, walkers, q), acceptance and the new last state."""
        moves = [(self.emcee.moves.StretchMove(), 0.5), (self.emcee.moves.DEMove(), 0.5)]
        sampler = self.emcee.EnsembleSampler(
            self.walkers, self.problem.size, self.log_density, vectorize=True, moves=moves
        )
        if state is None:
            rng = np.random.default_rng([self.seed, number])
            state = self.emcee.State(
                self._starts(rng), random_state=np.random.RandomState(int(rng.integers(2**31))).get_state()
            )
        last = state
        for step, now in enumerate(sampler.sample(state, iterations=steps, skip_initial_state_check=True)):
            last = now
            if step % 50 == 49:
                tell(step)
        return sampler.get_chain(), float(np.mean(sampler.acceptance_fraction)), last

    def _starts(self, rng: np.random.Generator) -> Floats:
        """Walkers (W, q) spread 1.5 times as wide as Laplace's approximation, those with no density drawn again."""
        covariance = uncertainty.inverse_hessian(self.problem, self.best)
        size = len(self.best)
        root = 0.1 * np.eye(size) if covariance is None else np.linalg.cholesky(covariance + 1e-12 * np.eye(size))
        limit = np.minimum(1.0, 1.0 / np.maximum(np.sqrt(np.sum(root**2, axis=1)), 1e-300))
        centre = np.where(np.abs(self.best - self.priors.mean) > 4 * self.priors.sd, self.priors.mean, self.best)
        drawn = np.empty((0, size))
        for width in (1.5, 1.5, 1.0, 0.5, 0.2, 0.05):
            more = centre + width * (rng.standard_normal((self.walkers * 2, size)) @ root.T) * limit
            drawn = np.concatenate([drawn, more[np.isfinite(self.log_density(more))]])
            if len(drawn) >= self.walkers:
                return drawn[: self.walkers]
        raise InputError(
            f"{self.problem.law.name}: the likelihood is not finite around the optimum, so no posterior can be sampled; "
            "look at the fit's status first"
        )


def _diagnose(stats: Any, raw: Floats, names: tuple[str, ...]) -> tuple[dict[str, float], dict[str, float]]:
    """R-hat over ensembles of raw (C, S, W, q), and effective samples from the walkers' mean autocorrelation."""
    from emcee.autocorr import integrated_time

    count, steps, walkers, _ = raw.shape
    rhat, samples = {}, {}
    for i, name in enumerate(names):
        rhat[name] = float(stats.rhat(raw[..., i].reshape(count, steps * walkers), chain_axis=0, draw_axis=1))
        with np.errstate(invalid="ignore"):  # a walker that never moved has no autocorrelation
            tau = [float(integrated_time(one[:, :, i], quiet=True, tol=0)[0]) for one in raw]
        samples[name] = float(sum(steps * walkers / (max(t, 1.0) if np.isfinite(t) else steps * walkers) for t in tau))
    return rhat, samples


def _posterior(
    problem: Problem,
    priors: Priors,
    raw: Floats,
    names: tuple[str, ...],
    rhat: Mapping[str, float],
    samples: Mapping[str, float],
    moved: float,
    converged: bool,
    notes: list[str],
) -> Posterior:
    count, steps, walkers, size = raw.shape
    kept = np.linspace(0, steps - 1, min(steps, max(1, 2000 // walkers + 1))).astype(int)
    free = problem.arranged(raw[:, kept].reshape(-1, size))
    likelihood = _pointwise(problem, free).reshape(count, -1, problem.n)
    natural = np.concatenate([problem.theta(free)[:, problem.vary], free[:, len(problem.vary) :]], axis=1)
    return Posterior(
        names, natural.reshape(count, -1, size), rhat, samples, moved, priors.described, converged, likelihood,
        problem.targets, notes,
    )  # fmt: skip


def _pointwise(problem: Problem, free: Floats) -> Floats:
    """The log likelihood (R, n) of each run, of its target as the residual takes it (its logarithm, for log residuals)."""
    with np.errstate(all="ignore"):
        r = problem.residuals(problem.law.value(problem.inputs, problem.theta(free)))
    if problem.whiten is not None:
        r = problem.whiten(r)
    s = problem.scale.log_scale(free[:, len(problem.vary) :])[0]
    return -(problem.objective.rho(r * np.exp(-s))[0] + s + problem.objective.constant())
