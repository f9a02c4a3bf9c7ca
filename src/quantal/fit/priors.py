"""Priors on a law's parameters for its posterior: weak ones by default, normal ones where they are given."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from quantal.errors import InputError, did_you_mean
from quantal.fit.problem import Problem
from quantal.laws import natural
from quantal.laws.law import Floats
from quantal.laws.parameter import Bounds, Parameter

AMPLITUDE_SD = 5.0
EXPONENT = (math.log(0.4), 1.5)
REAL_SD = 10.0
SCALE_SD = 5.0


@dataclass(frozen=True)
class Priors:
    """Independent densities of the free coordinates (q,): normal with ``mean`` and ``sd``, or normal in natural value.

    ``given`` (q,) is True where ``mean`` and ``sd`` belong to the parameter itself; its density is then carried over
    to the free coordinate with the Jacobian. ``flat`` marks parameters between two bounds, uniform there.
    """

    parameters: tuple[Parameter, ...]
    mean: Floats
    sd: Floats
    given: np.ndarray
    flat: np.ndarray
    centre: Floats
    width: Floats
    described: Mapping[str, str]

    def log_density(self, free: Floats) -> Floats:
        """Log density (R,) of free coordinates (R, q), up to a constant."""
        total = np.where(self.flat | self.given, 0.0, -0.5 * ((free - self.mean) / self.sd) ** 2).sum(axis=1)
        moving = len(self.parameters)
        curved = np.flatnonzero((self.flat | self.given)[:moving])
        if len(curved):
            chosen = tuple(self.parameters[i] for i in curved)
            values = natural(chosen, free[:, curved])
            for k, i in enumerate(curved):
                slope = chosen[k].bounds.slopes(values[:, k])[0]
                with np.errstate(divide="ignore"):
                    total = total + np.log(np.abs(slope))
                if self.given[i]:
                    total = total - 0.5 * ((values[:, k] - self.centre[i]) / self.width[i]) ** 2
        return total


def make_priors(problem: Problem, best: Floats, given: Mapping[str, tuple[float, float]]) -> Priors:
    """Priors for a problem: those given (mean, sd) by name, else weak ones around the size that the runs suggest.

    Raises:
        InputError: a name that is no parameter, or a mean or deviation that is none.
    """
    parameters = tuple(problem.law.parameters[i] for i in problem.vary)
    names = [p.name for p in parameters]
    for name, pair in given.items():
        if name not in names:
            raise InputError(f"priors: {problem.law.name} has no parameter {name!r}. {did_you_mean(name, names)}")
        mean, sd = pair
        if not (math.isfinite(mean) and math.isfinite(sd) and sd > 0):
            raise InputError(
                f"priors: {name} = {pair!r}; give a mean and a standard deviation above zero, as (0.35, 0.05)"
            )
    q = problem.size
    mean, sd = np.zeros(q), np.ones(q)
    centre, width = np.zeros(q), np.ones(q)
    marked, flat = np.zeros(q, dtype=bool), np.zeros(q, dtype=bool)
    described = {}
    for i, p in enumerate(parameters):
        mean[i], sd[i], text = _weak(p.bounds, best[i])
        flat[i] = text.startswith("uniform")
        if p.name in given:
            marked[i], flat[i] = True, False
            centre[i], width[i] = given[p.name]
            mean[i] = best[i]
            text = f"normal, mean {centre[i]:g}, sd {width[i]:g}, inside {p.bounds}"
        described[p.name] = text
    moving = len(parameters)
    if q > moving:
        mean[moving], sd[moving] = best[moving], SCALE_SD
        described["log_sigma"] = f"normal, mean {best[moving]:.3g} (the optimum's), sd {SCALE_SD:g}"
    if q > moving + 1:
        described["noise_slope"] = "normal, mean 0, sd 1"
    return Priors(parameters, mean, sd, marked, flat, centre, width, described)


def _weak(bounds: Bounds, best: float) -> tuple[float, float, str]:
    if math.isinf(bounds.low):
        return 0.0, max(REAL_SD, 3.0 * abs(best)), f"normal, mean 0, sd {max(REAL_SD, 3.0 * abs(best)):.3g}"
    if not math.isinf(bounds.high):
        return 0.0, 1.5, f"uniform over {bounds}"
    if bounds.scale:
        text = f"log-normal, median {bounds.low + math.exp(min(best, 700.0)):.3g} (the optimum's), sd of its log {AMPLITUDE_SD:g}"
        return best, AMPLITUDE_SD, text
    return *EXPONENT, f"log-normal, median {math.exp(EXPONENT[0]):.2g}, sd of its log {EXPONENT[1]:g}"
