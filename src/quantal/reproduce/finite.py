"""Claims about finitely many quanta: completion, the steeper slope before it, the apparent floor, and how sharply skills appear."""

from __future__ import annotations

import math

import numpy as np

from quantal.reproduce.claim import Claim, judged
from quantal.reproduce.measure import crossing, slope_of_runs
from quantal.simulate import simulate
from quantal.theory import (
    Empirical,
    HardThreshold,
    Poisson,
    QuantaModel,
    Zipf,
    apparent_floor,
    completion,
    finite_exponent,
    rule_width,
)

GAMMA, COUNT = 0.4, 1000
_REPLICATES = 2000


def finite_claims(seed: int) -> list[Claim]:
    """Claims about finitely many quanta."""
    model = QuantaModel(Zipf(GAMMA, count=COUNT))
    return [*_completion(model), *_slopes(model, seed), _floor(model), *_emergence(seed)]


def _completion(model: QuantaModel) -> list[Claim]:
    done = completion(model, HardThreshold(7))
    low, high = 1.0, 10 * done.samples
    while high / low > 1 + 1e-9:
        middle = math.sqrt(low * high)
        complete = simulate(model, samples=middle, rule=HardThreshold(7))["loss"][0] == 0
        low, high = (low, middle) if complete else (middle, high)
    left = simulate(model, params=[COUNT - 1.0, COUNT])["loss"]
    return [
        judged(
            f"with K = {COUNT} quanta the loss reaches its floor at D = tau Z K^(gamma+1), tau = 7 (simulation, to 1e-6)",
            {"closed form": done.samples},
            high,
            tolerance=1e-6 * high,
        ),
        judged(
            f"with K = {COUNT} quanta the last one is worth p_K, and nothing is left after it (simulation)",
            {"p_K": float(model.frequencies.pmf(float(COUNT)))},
            float(left[0] - left[1]),
            tolerance=1e-12,
        ),
    ]


def _slopes(model: QuantaModel, seed: int) -> list[Claim]:
    learned = COUNT / 10
    steeper = finite_exponent(GAMMA, learned, COUNT)
    around = learned * np.array([0.9, 1.1])
    loss = simulate(model, params=around)["loss"]
    local = -math.log(loss[1] / loss[0]) / math.log((around[1] + 0.5) / (around[0] + 0.5))
    samples = 30 / float(model.frequencies.pmf(learned))
    exact = model.local_exponent("samples", samples, rule=Poisson(30))
    runs = simulate(
        model, samples=samples * np.geomspace(0.95, 1.05, 5), rule=Poisson(30), replicates=_REPLICATES, seed=seed
    )
    slope, error = slope_of_runs(runs, "tokens", 0.0)
    beta = GAMMA / (GAMMA + 1)
    return [
        judged(
            "with a tenth of K quanta learned the slope in params is gamma/(1 - (n/K)^gamma) (simulation, to 0.5 %)",
            {"finite K": steeper, "infinite K": GAMMA},
            local,
            tolerance=0.005 * local,
        ),
        judged(
            "with a tenth of K quanta learned the slope in samples is the exact finite-K one, tau = 30 (simulation)",
            {"finite K": exact, "infinite K": beta},
            slope,
            standard_error=error,
        ),
    ]


def _floor(model: QuantaModel) -> Claim:
    n = np.geomspace(3, 30, 20).round()
    design = np.stack([np.ones_like(n), (n + 0.5) ** -GAMMA], axis=1)
    found = float(np.linalg.lstsq(design, np.asarray(model.loss_after(n)), rcond=None)[0][0])
    return judged(
        f"far below K = {COUNT} the loss is a power law with its floor shifted below the true one (closed form, to 2 %)",
        {"E - K^-gamma/(gamma Z)": apparent_floor(model), "true floor": model.floor},
        found,
        tolerance=0.02 * abs(found),
    )


def _emergence(seed: int) -> list[Claim]:
    share, tau = 1e-4, 3
    model, rule = QuantaModel(Empirical.from_probabilities([1 - share, share])), Poisson(tau)
    middle = rule.inverse(0.5) / share
    samples = middle * np.geomspace(0.2, 4, 121)
    runs = simulate(model, samples=samples, rule=rule, replicates=_REPLICATES, seed=seed)
    learned = runs["learned"].reshape(samples.size, _REPLICATES).mean(axis=1) - 1
    x = np.log10(samples)
    (start, start_error), (half, half_error), (end, end_error) = (
        crossing(x, learned, level, _REPLICATES) for level in (0.1, 0.5, 0.9)
    )
    return [
        judged(
            f"a quantum of frequency {share:g} that needs {tau} samples appears at D = {middle:.6g} (simulation, log10)",
            {"closed form": math.log10(middle)},
            half,
            standard_error=half_error,
        ),
        judged(
            f"it goes from 10 to 90 % learned within so many decades of D, tau = {tau} (simulation)",
            {"closed form": rule_width(rule), "tau = 1": rule_width(Poisson(1))},
            end - start,
            standard_error=math.hypot(start_error, end_error),
        ),
    ]
