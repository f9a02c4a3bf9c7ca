"""Weak priors on a law's parameters in units of a curve's own end: x / x_last and y / y_last."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from quantal.laws import Law
from quantal.laws.law import Floats

_NAMED: dict[str, dict[str, tuple[float, float]]] = {
    "m2": {"E": (math.log(0.4), 1.0), "beta": (math.log(0.6), 1.5), "c": (math.log(0.4), 0.9)},
    "m3": {"beta": (math.log(0.6), 1.5), "gamma": (math.log(0.3), 1.5), "c": (math.log(0.4), 0.9)},
    "m4": {
        "E": (math.log(0.4), 1.0),
        "E_0": (math.log(3.0), 1.0),
        "beta": (math.log(0.6), 1.5),
        "c": (math.log(0.4), 0.9),
        "alpha": (math.log(0.7), 0.8),
    },
    "shifted_power": {
        "E": (math.log(0.4), 1.0),
        "A": (math.log(0.6), 1.5),
        "x0": (math.log(0.02), 2.0),
        "alpha": (math.log(0.5), 0.9),
    },
    "bnsl1": {
        "a": (math.log(0.4), 1.0),
        "b": (math.log(0.6), 1.5),
        "c0": (0.1, 0.2),
        "c1": (0.15, 0.2),
        "d1": (math.log(0.05), 2.0),
        "f1": (math.log(0.8), 0.6),
    },
}
_AMPLITUDE, _EXPONENT, _OPEN = (math.log(0.5), 1.5), (math.log(0.4), 0.9), (0.0, 0.5)


class Prior(NamedTuple):
    """Independent normal densities on a law's free coordinates: means (P,) and standard deviations (P,)."""

    mean: Floats
    sd: Floats


def prior_of(law: Law) -> Prior:
    """The prior for a law of one curve: chosen for the averaged laws, from the parameters' domains for others.

    The numbers were set by rolling origin inside the training parts of public learning curves.

    >>> from quantal.laws import get_law
    >>> prior_of(get_law("power_floor:tokens")).sd.tolist()
    [1.5, 1.5, 0.9]
    """
    named = _NAMED.get(law.name.partition(":")[0], {})
    pairs = []
    for one in law.parameters:
        usual = _AMPLITUDE if one.bounds.scale else _EXPONENT if np.isfinite(one.bounds.low) else _OPEN
        pairs.append(named.get(one.name, usual))
    mean, sd = np.array(pairs).T
    return Prior(mean, sd)
