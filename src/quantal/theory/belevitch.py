"""Belevitch's argument: any smooth law of log-frequency gives Zipf's law near a rank, and Mandelbrot's to second order."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quantal.errors import InputError
from quantal.theory.arguments import number
from quantal.theory.frequencies import whole_count
from quantal.theory.zipf import Mandelbrot, Zipf

Array = NDArray[np.float64]

_GRID = 400
_STRAIGHT, _SHARP = 1e-9, 1e-6


class LogFrequency(Protocol):
    """A distribution of y = ln p over types, as scipy.stats has them: density, survival function, its inverse."""

    def pdf(self, x: ArrayLike, /) -> Any: ...
    def sf(self, x: ArrayLike, /) -> Any: ...
    def isf(self, q: ArrayLike, /) -> Any: ...


@dataclass(frozen=True)
class Expansion:
    """ln p = log_frequency + the law's logarithm, near a rank, and the ranks over which it errs by less than the tolerance.

    Zipf: ln p = ln p0 - s ln(r/r0). Mandelbrot: ln p = ln p0 - s ln((r + q)/(r0 + q)).
    """

    exponent: float
    shift: float
    rank: float
    log_frequency: float
    tolerance: float
    ranks: tuple[float, float]

    @property
    def gamma(self) -> float:
        """exponent - 1; below 0 the law holds only between the ranks given."""
        return self.exponent - 1.0

    @property
    def decades(self) -> float:
        """The decades of rank over which the expansion holds."""
        return math.log10(self.ranks[1] / self.ranks[0])

    def log_frequency_at(self, rank: ArrayLike) -> Array:
        """ln p by the expansion at real ranks > 0 (nan where rank + shift <= 0), in the shape of rank."""
        r = np.asarray(rank, dtype=float)
        inside = r + self.shift > 0
        ratio = np.where(inside, r + self.shift, 1.0) / (self.rank + self.shift)
        return np.where(inside, self.log_frequency - self.exponent * np.log(ratio), np.nan)

    def law(self, count: float = math.inf) -> Zipf | Mandelbrot:
        """The law as Frequencies over `count` quanta.

        Raises:
            InputError: gamma <= 0 and count infinite, or the shift is <= -1.
        """
        return Zipf(self.gamma, count) if self.shift == 0 else Mandelbrot(self.gamma, self.shift, count)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "gamma": self.gamma,
            "exponent": self.exponent,
            "shift": self.shift,
            "rank": self.rank,
            "tolerance": self.tolerance,
            "ranks": list(self.ranks),
            "decades": self.decades,
        }


@dataclass(frozen=True)
class Belevitch:
    """The rank-frequency curve of `count` types whose log-frequency has a given distribution, and its expansions about a rank.

    `second` is None where the curve bends the other way than Mandelbrot's law can, with the `reason`.
    """

    distribution: LogFrequency
    count: float
    first: Expansion
    second: Expansion | None
    reason: str | None

    def rank(self, log_frequency: ArrayLike) -> Array:
        """r = K (1 - F(y)): how many types have ln p >= y, in the shape of y."""
        return self.count * np.asarray(self.distribution.sf(np.asarray(log_frequency, dtype=float)), dtype=float)

    def log_frequency(self, rank: ArrayLike) -> Array:
        """ln p at real ranks 0 < r < K: the inverse of `rank`.

        Raises:
            InputError: a rank lies outside.
        """
        return _log_frequency(self.distribution, self.count, rank)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "count": self.count,
            "first": self.first.to_dict(),
            "second": None if self.second is None else self.second.to_dict(),
            "reason": self.reason,
        }


def belevitch(
    distribution: LogFrequency, *, count: float, rank: float, tolerance: float = 0.1, step: float | None = None
) -> Belevitch:
    """Expand the rank-frequency curve of any smooth law of log-frequency about a rank, to first and second order.

    With y = ln p, distribution function F and r(y) = K (1 - F(y)), d ln r/dy = -h(y), the hazard h = f/(1 - F). First order
    about y0: ln p = ln p0 - (1/h) ln(r/r0), Zipf's law with gamma + 1 = 1/h(y0). Second order: with kappa = h'(y0)/h^2 and
    r0 = r(y0), Mandelbrot's law with shift q = r0 kappa/(1 - kappa) and gamma + 1 = 1/(h (1 - kappa)). The exponent depends
    on where one expands, so straightness near a rank says nothing about the tail.

    Args:
        distribution: of ln p over the types; any frozen continuous law of scipy.stats, or an object with pdf, sf and isf.
        count: K, the number of types.
        rank: where to expand, between 0 and K.
        tolerance: largest error of ln p, in nats, within the ranks over which an expansion is said to hold.
        step: of the central difference for h', in units of y; from the distribution's own scale unless given.

    Raises:
        InputError: count or rank is out of range, or the density vanishes there.

    Source: Belevitch 1959 (Annales de la Société Scientifique de Bruxelles 73), as retold by later authors; derived here.

    >>> from scipy import stats
    >>> found = belevitch(stats.norm(scale=3.0), count=1e6, rank=1e6 * stats.norm.sf(2.0))
    >>> round(found.first.exponent, 4), round(found.second.exponent, 4), round(found.second.shift / found.first.rank, 4)
    (1.2641, 1.5, 0.1866)
    """
    count = whole_count(count, finite=True)
    rank = number("rank", rank, above=0, below=count, example="1000")
    tolerance = number("tolerance", tolerance, above=0, example="0.1")
    y0 = float(_log_frequency(distribution, count, rank))
    hazard = _hazard(distribution, y0)
    if not (math.isfinite(hazard) and hazard > 0):
        raise InputError(
            f"rank = {rank:g}: the density of log-frequency vanishes there, so there is nothing to expand; choose a rank "
            "where types lie"
        )
    slope = _slope(distribution, y0, step or _step(distribution, y0, rank / count))
    first = _expansion(distribution, count, 1.0 / hazard, 0.0, rank, y0, tolerance)
    kappa = slope / hazard**2
    kappa = 0.0 if abs(kappa) < _STRAIGHT else kappa
    if kappa < 1.0 - _SHARP:
        shift = rank * kappa / (1.0 - kappa)
        second = _expansion(distribution, count, 1.0 / (hazard * (1.0 - kappa)), shift, rank, y0, tolerance)
        return Belevitch(distribution, count, first, second, None)
    reason = (
        f"h'/h^2 = {kappa:.4g} >= 1 at rank {rank:g}: the curve bends more sharply than any Mandelbrot law, whose h'/h^2 is "
        "q/(q + r) < 1"
    )
    return Belevitch(distribution, count, first, None, reason)


def _log_frequency(distribution: LogFrequency, count: float, rank: ArrayLike) -> Array:
    r = np.asarray(rank, dtype=float)
    if not np.all((r > 0) & (r < count)):
        raise InputError(f"rank {rank!r}: ranks lie between 0 and the number of types, {count:g}, both excluded")
    return np.asarray(distribution.isf(r / count), dtype=float)


def _hazard(distribution: LogFrequency, y: float) -> float:
    beyond = float(distribution.sf(y))
    return float(distribution.pdf(y)) / beyond if beyond > 0 else math.nan


def _step(distribution: LogFrequency, y0: float, share: float) -> float:
    """A thousandth of the distribution's scale, or of the way to where half as many types lie beyond."""
    scale = abs(float(distribution.isf(0.25)) - float(distribution.isf(0.75)))
    beyond = abs(float(distribution.isf(0.5 * share)) - y0)
    return 1e-3 * min(one for one in (scale, beyond, 1.0) if one > 0)


def _slope(distribution: LogFrequency, y0: float, step: float) -> float:
    """h'(y0) by a five-point difference."""
    near = [_hazard(distribution, y0 + j * step) for j in (-2, -1, 1, 2)]
    return (near[0] - 8 * near[1] + 8 * near[2] - near[3]) / (12 * step)


def _expansion(
    distribution: LogFrequency, count: float, exponent: float, shift: float, rank: float, y0: float, tolerance: float
) -> Expansion:
    bare = Expansion(exponent, shift, rank, y0, tolerance, (rank, rank))

    def excess(log_rank: ArrayLike) -> Array:
        r = np.exp(log_rank)
        error = np.abs(bare.log_frequency_at(r) - _log_frequency(distribution, count, r))
        return np.where(np.isfinite(error), error, np.inf) - tolerance

    low = max(min(0.5, 0.5 * rank), -shift if shift < 0 else 0.0)
    high = count * (1.0 - 1e-12) if rank < 0.5 * count else count - 0.5 * (count - rank) * 1e-6
    ends = tuple(math.exp(_reach(excess, math.log(rank), math.log(end))) for end in (low, high))
    return Expansion(exponent, shift, rank, y0, tolerance, cast("tuple[float, float]", ends))


def _reach(excess: Callable[[ArrayLike], Array], start: float, end: float) -> float:
    """How far from start towards end excess stays below 0: the first crossing on a grid, refined."""
    grid = np.linspace(start, end, _GRID + 1)
    above = excess(grid[1:]) > 0
    if not np.any(above):
        return end
    place = int(np.argmax(above))
    left, right = float(grid[place]), float(grid[place + 1])
    if not np.isfinite(excess(right)):
        return left
    from scipy import optimize

    return float(optimize.brentq(lambda x: float(excess(x)), left, right, xtol=1e-9))  # type: ignore[arg-type]
