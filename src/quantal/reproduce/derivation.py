"""Every claim of the derivation from the quantization hypothesis, by closed form and by simulation."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np

from quantal.fit.solver import Progress
from quantal.reproduce.belevitch import belevitch_claims
from quantal.reproduce.claim import Claim, judged
from quantal.reproduce.finite import finite_claims
from quantal.reproduce.measure import exponent_of_shares, share_beyond, slope_of_runs
from quantal.simulate import simulate
from quantal.theory import Geometric, Poisson, QuantaModel, Zipf

GAMMAS = (0.34, 1.0)
_TESTS = 2_000_000
_BATCH = 512


def derivation(seed: int = 0, progress: Progress | None = None) -> tuple[Claim, ...]:
    """The claims of the derivation, each measured in closed form and by simulation where both are possible.

    Loss against n, the three exponents, alpha_N > alpha_D, finitely many quanta and their emergence, an exponential law in place of
    Zipf's, and Belevitch's argument. Closed forms are held to a stated tolerance, simulations to 3 standard errors.

    Args:
        seed: the same seed gives the same measurements.
        progress: called with (parts done, parts in all).

    Source: Michaud et al. 2023 (arXiv 2303.13506); Belevitch 1959.

    >>> {claim.verdict for claim in derivation()}
    {'holds'}
    """
    source = np.random.SeedSequence(seed).generate_state(4)
    parts: list[Callable[[], list[Claim]]] = [
        lambda: loss_claims(int(source[0])),
        *(partial(exponent_claims, gamma, int(source[1])) for gamma in GAMMAS),
        lambda: finite_claims(int(source[2])),
        lambda: exponential_claims(int(source[3])),
        lambda: belevitch_claims(int(source[3])),
    ]
    claims: list[Claim] = []
    for done, part in enumerate(parts):
        if progress is not None:
            progress(done, len(parts))
        claims += part()
    return tuple(claims)


def loss_claims(seed: int) -> list[Claim]:
    """Loss after n quanta: the exact sum, and the errors of its two asymptotes."""
    gamma, n = 0.4, 10
    model = QuantaModel(Zipf(gamma))
    exact = model.loss_after(n)
    share, error = share_beyond(model.frequencies.sample(_TESTS, seed), n)
    claims = [
        judged(
            f"loss after {n} quanta is zeta(s, n+1)/zeta(s), gamma = {gamma} (simulation: {_TESTS:,} test samples)",
            {"closed form": exact, "nothing learned": 1.0},
            share,
            standard_error=error,
        )
    ]
    for form, order in (("naive", "gamma/(2n)"), ("midpoint", "gamma(gamma+1)/(24(n+1/2)^2)")):
        found = model.loss_after(n, form=form) / exact - 1
        claims.append(
            judged(
                f"the {form} asymptote errs by {order} at n = {n}, gamma = {gamma} (closed form, to 2 %)",
                {"leading order": model.asymptote_error(n, form=form)},
                found,
                tolerance=0.02 * abs(found),
            )
        )
    return claims


def exponent_claims(gamma: float, seed: int) -> list[Claim]:
    """The exponents in params, samples and steps, and their order."""
    model, beta = QuantaModel(Zipf(gamma)), gamma / (gamma + 1)
    at = f"gamma = {gamma:g}"
    in_params, in_data = {"gamma": gamma, "alpha_D": beta}, {"gamma/(gamma+1)": beta, "alpha_N": gamma}
    steps = np.geomspace(1e6, 1e10, 9)
    ranks = model.frequencies.sample(_TESTS, seed)
    size, size_error = exponent_of_shares(ranks, 10, 1000)
    data = simulate(model, samples=np.geomspace(1e8, 1e13, 11), rule=Poisson(3), replicates=400, seed=seed)
    epoch = simulate(model, samples=steps * _BATCH, rule=Poisson(3), replicates=400, seed=seed + 1)
    samples, samples_error = slope_of_runs(data, "tokens", 0.0)
    steps_slope, steps_error = slope_of_runs(epoch, "tokens", 0.0)
    return [
        judged(
            f"alpha_N = gamma, {at} (closed form at n = 1e6)",
            in_params,
            model.local_exponent("params", 1e6),
            tolerance=1e-5,
        ),
        judged(
            f"alpha_N = gamma, {at} (simulation: test samples beyond n)", in_params, size, standard_error=size_error
        ),
        judged(
            f"alpha_D = gamma/(gamma+1), {at} (closed form at D = 1e12)",
            in_data,
            model.local_exponent("samples", 1e12, rule=Poisson(3)),
            tolerance=1e-5,
        ),
        judged(f"alpha_D = gamma/(gamma+1), {at} (simulation)", in_data, samples, standard_error=samples_error),
        judged(
            f"alpha_S = gamma/(gamma+1), {at} (closed form: gradient flow at S = 1e12)",
            in_data,
            model.local_exponent("steps", 1e12),
            tolerance=1e-5,
        ),
        judged(
            f"alpha_S = gamma/(gamma+1), {at} (simulation: one epoch of batches of {_BATCH})",
            in_data,
            steps_slope,
            standard_error=steps_error,
        ),
        judged(
            f"alpha_N exceeds alpha_D by gamma^2/(gamma+1), {at} (simulation)",
            {"quanta": gamma - beta, "equal exponents": 0.0},
            size - samples,
            standard_error=math.hypot(size_error, samples_error),
        ),
    ]


def exponential_claims(seed: int) -> list[Claim]:
    """An exponential law of frequencies in place of Zipf's: exponential in params, 1/D in data."""
    rate, tau, zipf = 0.05, 3, 0.4
    model = QuantaModel(Geometric(rate))
    samples = np.geomspace(1e5, 1e10, 11)
    runs = simulate(model, samples=samples, rule=Poisson(tau), replicates=400, seed=seed)
    slope, slope_error = slope_of_runs(runs, "tokens", 0.0)
    ranks = model.frequencies.sample(_TESTS, seed)
    near, far = float(np.sum(ranks > 20)), float(np.sum(ranks > 120))
    last = runs["loss"][runs["tokens"] == samples[-1]] * rate * samples[-1] / tau
    in_data = {"exponential": 1.0, f"Zipf, gamma = {zipf}": zipf / (zipf + 1)}
    return [
        judged(
            f"exponential frequencies: alpha_D = 1, rate = {rate} (closed form at D = 1e9)",
            in_data,
            model.local_exponent("samples", 1e9, rule=Poisson(tau)),
            tolerance=1e-4,
        ),
        judged(
            f"exponential frequencies: alpha_D = 1, rate = {rate} (simulation)",
            in_data,
            slope,
            standard_error=slope_error,
        ),
        judged(
            "exponential frequencies: loss = tau/(rate D), tau = 3, D = 1e10 (simulation, relative to it)",
            {"tau/(rate D)": 1.0},
            float(last.mean()),
            standard_error=float(last.std(ddof=1)) / math.sqrt(last.size),
        ),
        judged(
            f"exponential frequencies: each quantum lowers the loss by the same share, rate = {rate} (simulation: test samples)",
            {"exponential": rate, f"Zipf, gamma = {zipf}": zipf * math.log(120.5 / 20.5) / 100},
            math.log(near / far) / 100,
            standard_error=math.sqrt(1 / far - 1 / near) / 100,
        ),
    ]
