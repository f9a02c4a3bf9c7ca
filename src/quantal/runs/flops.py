"""Named conventions for counting the FLOPs of a training run from its params and tokens."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from quantal.errors import InputError, did_you_mean


@dataclass(frozen=True)
class FlopConvention:
    """compute = factor · params · tokens, under a name that is kept with the runs."""

    name: str
    factor: float
    description: str
    source: str

    @property
    def formula(self) -> str:
        """The formula in words, as it stands in `Column.derived`."""
        return f"{self.factor:g}·params·tokens"

    def compute(self, params: np.ndarray, tokens: np.ndarray) -> np.ndarray:
        """FLOPs of a run with ``params`` parameters on ``tokens`` tokens (arrays that broadcast)."""
        return self.factor * params * tokens

    def other_size(self, compute: np.ndarray, size: np.ndarray) -> np.ndarray:
        """tokens = compute / (factor · params), and params the same way from tokens."""
        return compute / (self.factor * size)


FLOP_CONVENTIONS: dict[str, FlopConvention] = {
    "6ND": FlopConvention(
        "6ND", 6.0, "forward and backward pass, 6 FLOPs a parameter and token", "Kaplan et al. 2020, section 2.1"
    ),
    "2ND": FlopConvention(
        "2ND", 2.0, "forward pass alone, 2 FLOPs a parameter and token", "Kaplan et al. 2020, section 2.1"
    ),
}


def flop_convention(name: str) -> FlopConvention:
    """The convention of that name.

    Raises:
        InputError: there is no convention of that name.

    >>> flop_convention("6ND").formula
    '6·params·tokens'
    """
    if name not in FLOP_CONVENTIONS:
        raise InputError(f"FLOP convention {name!r} is unknown. {did_you_mean(str(name), FLOP_CONVENTIONS)}")
    return FLOP_CONVENTIONS[name]
