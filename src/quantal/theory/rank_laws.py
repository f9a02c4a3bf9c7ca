"""Laws of frequencies fitted to counts by rank: maximum likelihood over the ranks that are known, law by law."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from quantal.theory.cutoff import Cutoff
from quantal.theory.frequencies import Frequencies
from quantal.theory.geometric import Geometric
from quantal.theory.lognormal import LogNormal
from quantal.theory.ranked_counts import RankedCounts
from quantal.theory.stretched import Stretched
from quantal.theory.zipf import Mandelbrot, Zipf

Array = NDArray[np.float64]
LogWeight = Callable[[Array, Array], Array]

_FLATTEST, _STEEPEST = -0.999, 50.0


@dataclass(frozen=True)
class FittedLaw:
    """A law of frequencies by maximum likelihood over ranks 1 to R, in full (`frequencies`, for use beyond R as well)."""

    name: str
    frequencies: Frequencies
    log_likelihood: float
    parameters: int
    aic: float
    at_bound: bool
    log_shares: Array = field(repr=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, without the shares."""
        return {
            "name": self.name,
            "frequencies": self.frequencies.to_dict(),
            "log_likelihood": self.log_likelihood,
            "parameters": self.parameters,
            "aic": self.aic,
            "at_bound": self.at_bound,
        }


@dataclass(frozen=True)
class _Family:
    """A law in coordinates that a simplex moves in freely: exponents as they are, shifts and scales as logarithms."""

    name: str
    log_weight: LogWeight
    law: Callable[[Array], Frequencies]
    box: tuple[tuple[float, float], ...]
    starts: tuple[tuple[float, ...], ...]


def _families(data: RankedCounts) -> tuple[_Family, ...]:
    last, reach = data.last, math.log(data.last)
    gamma = _best_gamma(data)
    mean = max(data.mean(data.ranks), 1.0)
    exponent = (_FLATTEST, _STEEPEST)

    def lognormal(x: Array) -> LogNormal:
        return LogNormal(math.exp(x[0]), float(math.ceil(last * math.exp(x[1]))))

    return (
        _Family(
            "zipf",
            lambda x, k: -(x[0] + 1.0) * np.log(k),
            lambda x: Zipf(x[0]) if x[0] > 0 else Zipf(x[0], last),
            (exponent,),
            ((gamma,),),
        ),
        _Family(
            "mandelbrot",
            lambda x, k: -(x[0] + 1.0) * np.log(k + math.expm1(x[1])),
            lambda x: Mandelbrot(x[0], math.expm1(x[1]), math.inf if x[0] > 0 else last),
            (exponent, (-6.0, reach + 3)),
            ((gamma, 0.0), (gamma + 0.5, 0.4 * reach), (gamma + 2, 0.8 * reach)),
        ),
        _Family(
            "cutoff",
            lambda x, k: -(x[0] + 1.0) * np.log(k) - k * math.exp(-x[1]),
            lambda x: Cutoff(x[0], math.exp(x[1])),
            ((-1.0, _STEEPEST), (math.log(0.05), reach + 14)),
            ((gamma, reach + 3), (gamma - 0.3, reach), (-0.8, reach - 1)),
        ),
        _Family(
            "geometric",
            lambda x, k: -math.exp(x[0]) * k,
            lambda x: Geometric(math.exp(x[0])),
            ((-reach - 16, math.log(500.0)),),
            ((-math.log(max(mean - 0.5, 0.5)),),),
        ),
        _Family(
            "stretched",
            lambda x, k: -((k * math.exp(-_log_scale(x))) ** x[0]),
            lambda x: Stretched(x[0], math.exp(_log_scale(x))),
            ((0.02, 2.0), (-40.0, 13.0)),
            tuple((theta, -theta * math.log(mean * theta**2)) for theta in (0.05, 0.15, 0.5, 1.0)),
        ),
        _Family(
            "lognormal",
            lambda x, k: lognormal(x).log_pmf(k),
            lognormal,
            ((math.log(0.01), math.log(30.0)), (0.0, 46.0)),
            ((0.0, 0.1), (0.7, 1.0), (1.2, 4.0), (1.5, 10.0)),
        ),
    )


def _log_scale(x: Array) -> float:
    """ln of the stretched exponential's scale, from theta and the logarithm of the first rank's exponent."""
    return float(np.clip(-x[1] / x[0], -230.0, 230.0))


def fit_rank_laws(data: RankedCounts) -> tuple[FittedLaw, ...]:
    """Every law by the conditional likelihood of ranks 1 to R, sum of c_k ln(p_k / (p_1 + ... + p_R)), least AIC first.

    Laws that can go on without end do so; Zipf's and Mandelbrot's with gamma <= 0 end at R.
    """
    return tuple(sorted((_fit(family, data) for family in _families(data)), key=lambda one: one.aic))


def _fit(family: _Family, data: RankedCounts) -> FittedLaw:
    low = np.array([one for one, _ in family.box])
    high = np.array([one for _, one in family.box])

    def cost(x: Array) -> float:
        inside = np.clip(x, low, high)
        value = -data.mean(_log_shares(family, inside, data))
        return value + float(np.sum((x - inside) ** 2)) if math.isfinite(value) else 1e300

    def descend(start: Array, fine: bool) -> tuple[float, Array]:
        tolerance = {"xatol": 1e-9, "fatol": 1e-14} if fine else {"xatol": 1e-3, "fatol": 1e-7}
        done = optimize.minimize(cost, start, method="Nelder-Mead", options={**tolerance, "maxiter": 500})
        x = np.clip(done.x, low, high)
        return cost(x), x

    starts = [np.clip(np.array(one, dtype=float), low, high) for one in family.starts]
    tried = [descend(one, fine=False) for one in starts]
    _, best = descend(min(tried, key=lambda one: one[0])[1], fine=True)
    shares = _log_shares(family, best, data)
    likelihood = float(data.weights @ shares)
    near = 1e-6 * (high - low)
    bound = bool(np.any((best - low < near) | (high - best < near)))
    aic = 2.0 * (best.size - likelihood)
    return FittedLaw(family.name, family.law(best), likelihood, best.size, aic, bound, shares)


def _log_shares(family: _Family, x: Array, data: RankedCounts) -> Array:
    """ln(p_k / (p_1 + ... + p_R)) at each rank."""
    total = special.logsumexp(family.log_weight(x, data.every_rank), b=data.every_weight)
    return family.log_weight(x, data.ranks) - total


def _best_gamma(data: RankedCounts) -> float:
    """gamma of the Zipf law over the ranks, for the others to start from."""
    logs = np.log(data.every_rank)
    seen = data.mean(np.log(data.ranks))

    def excess(gamma: float) -> float:
        shares = data.every_weight * np.exp(-(gamma + 1.0) * logs)
        return float(shares @ logs / shares.sum()) - seen

    if excess(_FLATTEST) <= 0 or excess(_STEEPEST) >= 0:
        return 0.0
    return float(optimize.brentq(excess, _FLATTEST, _STEEPEST))  # type: ignore[arg-type]
