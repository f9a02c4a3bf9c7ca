"""What counts alone say of a loss: Good's estimators of the unlearned mass, up to a corpus and, smoothed, somewhat beyond."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]
SUMMED = 400
RARE = 4.0
UNSMOOTHED = 0.6


def unlearned_weights(counts: Floats, total: float, ratio: float, tau: int) -> Floats:
    r"""g(n) (K,), by which items seen n times add to the unlearned mass at ratio = D / total: L = sum_i g(n_i).

    Up to the corpus g(n) = n/total P(Binomial(n - 1, ratio) < tau), which is unbiased for sum_k p_k P(Poisson(D p_k) < tau)
    (Good 1953; the generalisation to tau counts what a random share of the corpus holds of an item besides the sample itself).
    Beyond it the binomial's powers of 1 - ratio alternate, and the i-th is weighted with the chance that a random length is at
    least i: Efron and Thisted's binomial length, as tuned by Orlitsky, Suresh and Wu 2016 (arXiv 1511.07428), section 2.
    """
    others = counts - 1.0
    if ratio <= 1.0:
        # P(Binomial(j, r) < tau) = I_(1-r)(j - tau + 1, tau)
        missed = special.betainc(np.maximum(others, tau) - tau + 1.0, tau, 1.0 - ratio)
        return counts / total * np.where(others < tau, 1.0, missed)
    extra = ratio - 1.0
    trials, chance = smoothing_length(total, extra)
    out = np.zeros_like(others)
    small = others <= trials + tau
    j = others[small]
    partial = np.zeros_like(j)
    for m in range(tau):
        i = j - m
        keep = (i >= 0) & (i <= trials)
        # P(Binomial(trials, chance) >= i) = I_chance(i, trials - i + 1)
        left = np.where(
            i[keep] == 0,
            1.0,
            special.betainc(np.maximum(i[keep], 1.0), trials - np.maximum(i[keep], 1.0) + 1.0, chance),
        )
        sign = np.where(i[keep] % 2 == 0, 1.0, -1.0)
        size = special.gammaln(j[keep] + 1) - math.lgamma(m + 1) - special.gammaln(i[keep] + 1)
        powers = size + m * math.log(ratio) + i[keep] * math.log(extra)
        partial[keep] += sign * left * np.exp(powers)
    out[small] = partial
    return counts / total * out


def smoothing_length(total: float, extra: float) -> tuple[int, float]:
    """Trials and chance of the binomial length for an extrapolation by ``extra`` corpora: (1/2) log_3(n t^2/(t-1)), 2/(2+t).

    The series converges by itself for a small ``extra``, and is then left alone.
    """
    if extra < UNSMOOTHED:
        return SUMMED, 1.0
    t = max(extra, 1.3)
    return math.ceil(0.5 * math.log(max(total, 3.0) * t**2 / (t - 1.0), 3)), 2.0 / (2.0 + t)


def mass_estimate(counts: Floats, repeats: Floats, total: float, ratio: float, tau: int) -> float:
    """The estimate alone: the sum of `unlearned_weights` over items."""
    return float(repeats @ unlearned_weights(counts, total, ratio, tau))


def unlearned_mass(counts: Floats, repeats: Floats, total: float, ratio: float, tau: int) -> tuple[float, float]:
    """The estimate and its standard error, for counts (M,) that ``repeats`` (M,) items have.

    Counts are taken as independent Poisson numbers: the variance is the sum over items of Var g(X), with X ~ Poisson(n) for frequent
    items; of rare ones, for which the unseen stand too, it is at most the sum of g(n)^2.
    """
    value = mass_estimate(counts, repeats, total, ratio, tau)
    rare, few = counts <= RARE, (counts > RARE) & (counts <= SUMMED)
    variance = float(repeats[rare] @ unlearned_weights(counts[rare], total, ratio, tau) ** 2)
    if few.any():
        n = counts[few]
        last = int(n.max() + 10 * math.sqrt(n.max()) + 12)
        grid = np.arange(1.0, last + 1.0)
        g = unlearned_weights(grid, total, ratio, tau)
        chance = np.exp(special.xlogy(grid[None, :], n[:, None]) - n[:, None] - special.gammaln(grid[None, :] + 1))
        mean, square = chance @ g, chance @ (g * g)
        variance += float(repeats[few] @ np.maximum(square - mean**2, 0.0))
    if (many := counts > SUMMED).any():
        n = counts[many]
        step = np.sqrt(n)
        change = 0.5 * (unlearned_weights(n + step, total, ratio, tau) - unlearned_weights(n - step, total, ratio, tau))
        variance += float(repeats[many] @ change**2)
    return value, math.sqrt(variance)
