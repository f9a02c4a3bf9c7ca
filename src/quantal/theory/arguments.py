"""What the theory accepts: finite numbers in a stated range, or an InputError that names it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quantal.errors import InputError

Floats = NDArray[np.float64]


def amounts(name: str, values: ArrayLike, example: str = "1e6") -> Floats:
    """Finite numbers >= 0 as float64, any shape.

    Raises:
        InputError: a value is negative, infinite or not a number.

    >>> amounts("samples", [0, 10])
    array([ 0., 10.])
    """
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise InputError(
            f"{name} = {values!r}: it must be a number or an array of numbers; write {name}={example}"
        ) from None
    bad = ~(np.isfinite(array) & (array >= 0))
    if np.any(bad):
        raise InputError(
            f"{name} = {float(array[bad][0])!r}: it must be finite and at least 0; write for example {name}={example}"
        )
    return array


def number(
    name: str,
    value: Any,
    *,
    above: float = -math.inf,
    at_least: float = -math.inf,
    below: float = math.inf,
    at_most: float = math.inf,
    example: str = "1.0",
) -> float:
    """One finite float in the range given.

    Raises:
        InputError: the value is no finite number, or lies outside the range.

    >>> number("tau", 3, above=0)
    3.0
    """
    try:
        result = float(value)
    except (TypeError, ValueError):
        raise InputError(f"{name} = {value!r}: it must be a number; write for example {name}={example}") from None
    if math.isfinite(result) and result > above and result >= at_least and result < below and result <= at_most:
        return result
    limits = [
        text
        for text, present in (
            (f"> {above:g}", above > -math.inf),
            (f">= {at_least:g}", at_least > -math.inf),
            (f"< {below:g}", below < math.inf),
            (f"<= {at_most:g}", at_most < math.inf),
        )
        if present
    ]
    allowed = " and ".join(["finite", *limits])
    raise InputError(f"{name} = {value!r}: it must be {allowed}; write for example {name}={example}")


def choice(name: str, value: str, known: tuple[str, ...]) -> str:
    """One of the known words.

    Raises:
        InputError: the word is not known.
    """
    from quantal.errors import did_you_mean

    if value in known:
        return value
    raise InputError(
        f"{name} = {value!r}: it must be one of {', '.join(map(repr, known))}. "
        f"{did_you_mean(str(value), known)} Write for example {name}={known[0]!r}"
    )


def plain(array: Floats) -> Any:
    """A float where the shape is (), the array itself otherwise.

    >>> plain(np.asarray(2.0))
    2.0
    """
    return float(array) if array.ndim == 0 else array
