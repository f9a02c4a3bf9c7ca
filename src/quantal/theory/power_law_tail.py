"""The discrete power law of counts above a smallest count: maximum likelihood, the scan over xmin, goodness of fit."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quantal.errors import IdentifiabilityError, InputError
from quantal.theory.arguments import number
from quantal.theory.count_zeta import log_moments, scaled_zeta
from quantal.theory.counts import CountHistogram
from quantal.theory.zeta import power_sum, power_total
from quantal.theory.zipf import Mandelbrot

Array = NDArray[np.float64]

_LARGEST = 300.0
_COARSE = 24
_HEAD = 4096


@dataclass(frozen=True)
class PowerLawTail:
    """p(x) = x^-alpha / zeta(alpha, xmin) for counts x >= xmin, as the field states it.

    `ks` is the largest distance between the two distribution functions; `p_value` the share of bootstrap samples that lie
    further from their own fit (None without a bootstrap): below 0.1 the power law is ruled out (Clauset et al. 2009).
    """

    alpha: float
    xmin: int
    n_tail: int
    standard_error: float
    ks: float
    log_likelihood: float
    p_value: float | None = None
    bootstrap: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Plain data, one key a field."""
        return asdict(self)


def fit_power_law_tail(
    counts: CountHistogram,
    *,
    xmin: int | None = None,
    bootstrap: int = 0,
    seed: int | None = 0,
    progress: Callable[[int], None] | None = None,
) -> PowerLawTail:
    """Exponent by maximum likelihood for every candidate xmin at once, xmin by the smallest Kolmogorov-Smirnov distance.

    Every distinct count but the largest is a candidate. The goodness of fit is the semi-parametric bootstrap: counts
    below xmin are redrawn from the data, those above from the fitted law, and each sample is fitted anew, scan included.

    Args:
        counts: the histogram of counts.
        xmin: a smallest count to use instead of the scan.
        bootstrap: samples for the p-value; 0 for none (2,500 give it to 0.01).
        seed: of the bootstrap.
        progress: called after each bootstrap sample with their number so far.

    Raises:
        InputError: xmin or bootstrap is out of range.
        IdentifiabilityError: there are fewer than two distinct counts (above xmin).

    Source: Clauset, Shalizi and Newman 2009 (arXiv 0706.1062), eq. 3.5 and sections 3.3, 4.1.

    >>> from quantal.theory.counts import histogram
    >>> fit_power_law_tail(histogram([1] * 600 + [2] * 150 + [3] * 70 + [4] * 40 + [5] * 25 + [10] * 60), xmin=1).n_tail
    945
    """
    if isinstance(bootstrap, bool) or not isinstance(bootstrap, (int, np.integer)) or bootstrap < 0:
        raise InputError(f"bootstrap = {bootstrap!r}: it must be a whole number >= 0; write bootstrap=1000")
    if xmin is not None and number("xmin", xmin, at_least=1, example="1") != math.floor(xmin):
        raise InputError(f"xmin = {xmin!r}: it must be a whole number >= 1; write xmin=1")
    best = _scan(counts.values.astype(float), counts.items, xmin)
    if best is None:
        above = "" if xmin is None else f" from xmin = {xmin} on"
        raise IdentifiabilityError(
            f"{np.sum(counts.values >= (xmin or 1))} distinct counts{above}: a power law needs at least two; "
            "give more items" + ("" if xmin is None else " or a smaller xmin")
        )
    if not bootstrap:
        return best
    rng = np.random.default_rng(seed)
    worse = 0
    for done in range(1, bootstrap + 1):
        values, items = _redraw(counts, best, rng)
        again = _scan(values.astype(float), items, xmin)
        worse += again is None or again.ks >= best.ks
        if progress is not None:
            progress(done)
    return PowerLawTail(**(asdict(best) | {"p_value": worse / bootstrap, "bootstrap": int(bootstrap)}))


def _scan(values: Array, items: NDArray[np.int64], xmin: int | None) -> PowerLawTail | None:
    """The best fit over all candidates, by bounds on the distance first; None with fewer than two distinct counts."""
    above = np.cumsum(items[::-1])[::-1].astype(float)
    logs = np.cumsum((items * np.log(values))[::-1])[::-1]
    if xmin is None:
        start, place = values[:-1], np.arange(values.size - 1)
    else:
        place = np.array([np.searchsorted(values, xmin)])
        start = np.array([float(xmin)])
        place, start = (place, start) if place[0] < values.size - 1 else (place[:0], start[:0])
    if not start.size:
        return None
    mean = logs[place] / above[place] - np.log(start)
    alpha, zeta, spread = _maximise(mean, start)
    bound = _coarse_distance(values, above, place, start, alpha, zeta)
    chosen, distance = 0, np.inf
    for i in np.argsort(bound, kind="stable"):
        if bound[i] > distance:
            break
        exact = _distance(values[place[i] :], above[place[i] :], float(start[i]), float(alpha[i]))
        if exact < distance or (exact == distance and i < chosen):
            chosen, distance = int(i), exact
    n = above[place[chosen]]
    likelihood = -n * (math.log(zeta[chosen]) + alpha[chosen] * mean[chosen])
    return PowerLawTail(
        alpha=float(alpha[chosen]),
        xmin=int(start[chosen]),
        n_tail=int(n),
        standard_error=float(1.0 / math.sqrt(n * spread[chosen])),
        ks=float(distance),
        log_likelihood=float(likelihood),
    )


def _maximise(mean: Array, start: Array) -> tuple[Array, Array, Array]:
    """alpha whose law has this mean ln(x/xmin), with xmin^alpha zeta(alpha, xmin) and the variance of ln x; Newton in 1/mean."""
    alpha = np.clip(1.0 + 1.0 / (mean - np.log1p(-0.5 / start)), 1.0 + 1e-6, _LARGEST)
    for _ in range(40):
        zeta, expected, spread = log_moments(alpha, start)
        step = (1.0 / mean - 1.0 / expected) * expected**2 / spread
        following = np.clip(alpha + np.clip(step, -0.5 * (alpha - 1.0), 2.0 * alpha), 1.0 + 1e-6, _LARGEST)
        done = np.all(np.abs(following - alpha) <= 1e-12 * alpha)
        alpha = following
        if done:
            break
    zeta, _, spread = log_moments(alpha, start)
    return alpha, zeta, spread


def _coarse_distance(
    values: Array, above: Array, place: NDArray[Any], start: Array, alpha: Array, zeta: Array
) -> Array:
    """A lower bound of each candidate's distance, from a few of its points."""
    share = np.linspace(0.0, 1.0, _COARSE) ** 2
    index = (place[:, None] + share * (values.size - 1 - place)[:, None]).astype(np.int64)
    shape = index.shape
    x = values[index]
    exponent = np.broadcast_to(alpha[:, None], shape)
    survival = scaled_zeta(exponent.ravel(), x.ravel()).reshape(shape)
    survival *= (x / start[:, None]) ** -exponent / zeta[:, None]
    seen = above[index] / above[place][:, None]
    return np.max(np.abs(seen - survival), axis=1)


def _distance(values: Array, above: Array, start: float, alpha: float) -> float:
    """The largest difference of the distribution functions over all whole numbers from xmin to the largest count."""
    gamma, shift = alpha - 1.0, start - 1.0
    law = power_sum(np.concatenate([values - start, values - start + 1.0]), gamma, shift) / power_total(gamma, shift)
    at_least = above / above[0]
    beyond = np.append(at_least[1:], 0.0)
    return float(max(np.max(np.abs(law[: values.size] - at_least)), np.max(np.abs(law[values.size :] - beyond))))


def _redraw(
    counts: CountHistogram, fit: PowerLawTail, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """A histogram of as many items: below xmin from the data, above from the law, the common counts in one draw."""
    size = counts.size
    law = Mandelbrot(fit.alpha - 1.0, fit.xmin - 1.0)
    below = counts.values < fit.xmin
    tail_size = int(rng.binomial(size, fit.n_tail / size))
    head = np.arange(1.0, _HEAD + 1.0)
    shares = np.append(law.pmf(head), law.tail(float(_HEAD)))
    drawn = rng.multinomial(tail_size, shares / shares.sum())
    values, items = head.astype(np.int64) + (fit.xmin - 1), drawn[:-1]
    far = int(drawn[-1])
    if far:
        beyond = Mandelbrot(law.gamma, law.shift + _HEAD).sample(far, rng)
        large = np.minimum(np.asarray(beyond, dtype=float) + (fit.xmin - 1.0 + _HEAD), 2.0**62).astype(np.int64)
        more, repeats = np.unique(large, return_counts=True)
        values, items = np.concatenate([values, more]), np.concatenate([items, repeats])
    if np.any(below):
        weights = counts.items[below] / counts.items[below].sum()
        lower = rng.multinomial(size - tail_size, weights)
        values, items = np.concatenate([counts.values[below], values]), np.concatenate([lower, items])
    seen = items > 0
    return values[seen], items[seen]
