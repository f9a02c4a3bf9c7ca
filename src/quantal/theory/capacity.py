"""How many quanta fit into a model of a given size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from quantal.theory.arguments import Floats, amounts, number


@dataclass(frozen=True)
class Capacity:
    """Parameters that each quantum takes: c for all, or growing with rank as c k^growth.

    The cost of quantum k is the mean of c x^growth over x from k - 1/2 to k + 1/2, so that the first n take
    c [(n+1/2)^(1+growth) - (1/2)^(1+growth)] / (1+growth), and n = N/c for growth = 0. For large N, n grows as N^nu, nu = 1/(1+growth).

    Raises:
        InputError: params_per_quantum <= 0 or growth <= -1.

    >>> Capacity(params_per_quantum=100).quanta(1e6).item()
    10000.0
    """

    params_per_quantum: float = 1.0
    growth: float = 0.0

    def __post_init__(self) -> None:
        number("params_per_quantum", self.params_per_quantum, above=0, example="1e4")
        number("growth", self.growth, above=-1, example="0.0")

    @property
    def nu(self) -> float:
        """The exponent of n in N."""
        return 1 / (1 + self.growth)

    def quanta(self, params: ArrayLike) -> Floats:
        """The real number n of quanta that fit into params, any shape.

        Raises:
            InputError: params negative or not finite.
        """
        size = amounts("params", params, "1e9")
        if self.growth == 0:
            return size / self.params_per_quantum
        power = 1 + self.growth
        return np.maximum((power * size / self.params_per_quantum + 0.5**power) ** (1 / power) - 0.5, 0.0)

    def params(self, quanta: ArrayLike) -> Floats:
        """The size at which the first n quanta fit, any shape; the inverse of `quanta`.

        Raises:
            InputError: quanta negative or not finite.
        """
        n = amounts("quanta", quanta, "1e4")
        if self.growth == 0:
            return self.params_per_quantum * n
        power = 1 + self.growth
        return self.params_per_quantum * ((n + 0.5) ** power - 0.5**power) / power
