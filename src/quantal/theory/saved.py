"""Laws of frequencies read back from plain data."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from quantal.errors import InputError, did_you_mean
from quantal.theory.cutoff import Cutoff
from quantal.theory.empirical import Empirical
from quantal.theory.frequencies import Frequencies
from quantal.theory.geometric import Geometric
from quantal.theory.lognormal import LogNormal
from quantal.theory.stretched import Stretched
from quantal.theory.zipf import Mandelbrot, Zipf

FREQUENCY_LAWS: Mapping[str, Callable[..., Frequencies]] = {
    "zipf": Zipf,
    "mandelbrot": Mandelbrot,
    "cutoff": Cutoff,
    "geometric": Geometric,
    "stretched": Stretched,
    "lognormal": LogNormal,
    "empirical": Empirical,
}


def frequencies_from_dict(data: Mapping[str, Any]) -> Frequencies:
    """The inverse of `to_dict` of every law: {"law": name, parameter: value, ...}, a null count for infinitely many.

    Raises:
        InputError: the law is unknown, a parameter is missing, unknown or out of its range.

    >>> frequencies_from_dict({"law": "zipf", "gamma": 0.4, "count": None})
    Zipf(gamma=0.4, count=inf)
    """
    parameters = dict(data)
    name = str(parameters.pop("law", None))
    if name not in FREQUENCY_LAWS:
        raise InputError(f"law {name!r}: no such law of frequencies. {did_you_mean(name, FREQUENCY_LAWS)}")
    if parameters.get("count", 1) is None:
        parameters["count"] = math.inf
    try:
        return FREQUENCY_LAWS[name](**parameters)
    except TypeError as error:
        raise InputError(f"law {name!r} with {', '.join(map(repr, parameters)) or 'no parameters'}: {error}") from None
