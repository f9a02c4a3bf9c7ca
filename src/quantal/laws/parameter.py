"""Parameters of a law: their domains, and the coordinates in which they are free."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from quantal.errors import LawError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Bounds:
    """The open interval that a parameter lies in; ``scale`` marks one whose size depends on the units of the data.

    The free coordinate u is: log(x - low) with only a lower end, logit with both, x itself with none.
    For a range of your own write ``Annotated[float, Bounds(0.5, 2.0)]``.

    Raises:
        LawError: low is not below high.

    >>> float(Bounds(0, 1).free(0.5)), float(Bounds(0, 1).natural(0.0))
    (0.0, 0.5)
    """

    low: float = -math.inf
    high: float = math.inf
    scale: bool = False

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise LawError(f"bounds ({self.low!r}, {self.high!r}): the lower end must be below the upper one")
        if math.isinf(self.low) and not math.isinf(self.high):
            raise LawError(f"bounds ({self.low!r}, {self.high!r}): an upper end needs a lower one too")

    def natural(self, free: Any) -> Any:
        """The parameter from its free coordinate."""
        if math.isinf(self.low):
            return free
        if math.isinf(self.high):
            return self.low + np.exp(np.clip(free, -700.0, 700.0))
        return self.low + (self.high - self.low) * 0.5 * (1.0 + np.tanh(0.5 * free))

    def free(self, natural: Any) -> Any:
        """The free coordinate of a parameter; a value at an end is moved a hair inside."""
        if math.isinf(self.low):
            return natural
        if math.isinf(self.high):
            return np.log(np.maximum(natural - self.low, 1e-300))
        share = np.clip((natural - self.low) / (self.high - self.low), 1e-15, 1 - 1e-15)
        return np.log(share) - np.log1p(-share)

    def slopes(self, natural: Any) -> tuple[Any, Any]:
        """First and second derivative of the parameter by its free coordinate."""
        if math.isinf(self.low):
            return np.ones_like(natural), np.zeros_like(natural)
        if math.isinf(self.high):
            return natural - self.low, natural - self.low
        width = self.high - self.low
        share = (natural - self.low) / width
        slope = width * share * (1 - share)
        return slope, slope * (1 - 2 * share)

    def contains(self, value: float) -> bool:
        """Whether a value lies inside, ends included."""
        return self.low <= value <= self.high

    def __str__(self) -> str:
        return f"({self.low:g}, {self.high:g})"


Positive = Annotated[float, Bounds(0.0, math.inf, scale=True)]
"""A parameter above zero of any size, such as the amplitude of a term."""
Exponent = Annotated[float, Bounds(0.0, math.inf)]
"""An exponent above zero, of the order of one."""
Fraction = Annotated[float, Bounds(0.0, 1.0)]
"""A parameter between zero and one."""
Real = Annotated[float, Bounds()]
"""A parameter without bounds."""


@dataclass(frozen=True)
class Parameter:
    """A named parameter of a law, with its meaning, unit and bounds."""

    name: str
    bounds: Bounds
    meaning: str = ""
    unit: str = ""


def natural(parameters: tuple[Parameter, ...], free: Floats) -> Floats:
    """Parameters (..., P) from free coordinates (..., P)."""
    return np.stack([p.bounds.natural(free[..., i]) for i, p in enumerate(parameters)], axis=-1)


def free(parameters: tuple[Parameter, ...], values: Floats) -> Floats:
    """Free coordinates (..., P) from parameters (..., P)."""
    return np.stack([p.bounds.free(values[..., i]) for i, p in enumerate(parameters)], axis=-1)


def slopes(parameters: tuple[Parameter, ...], values: Floats) -> tuple[Floats, Floats]:
    """First and second derivatives (..., P) of each parameter by its own free coordinate."""
    pairs = [p.bounds.slopes(values[..., i]) for i, p in enumerate(parameters)]
    return np.stack([first for first, _ in pairs], axis=-1), np.stack([second for _, second in pairs], axis=-1)
