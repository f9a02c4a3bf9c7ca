"""Quanta that a model can never learn, whatever its resources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from quantal.errors import InputError
from quantal.theory.arguments import Floats, amounts, number, plain
from quantal.theory.losses import FAINTEST
from quantal.theory.summation import breaks_of, sum_series

if TYPE_CHECKING:
    from quantal.theory.quanta import QuantaModel


@dataclass(frozen=True)
class MissingQuanta:
    """A QuantaModel some of whose quanta are out of reach: every M-th rank, or each at random with one probability.

    The exponent stays; the floor rises by the mass of the missing quanta (gap * M^-s for the infinite Zipf law; probability * gap),
    and the amplitude falls by (M-1)/M, or 1 - probability. So the floor of a fit holds more than entropy.

    Raises:
        InputError: neither or both given, every < 2 or no whole number, probability outside 0 to 1.

    Source: Michaud 2026, "On neural scaling and the quanta hypothesis", there in the integral approximation.

    >>> import quantal.theory as qt
    >>> model = qt.QuantaModel(qt.Zipf(gamma=0.5))
    >>> round(model.missing(every=4).floor, 12)
    0.125
    >>> round(model.missing(probability=0.1).floor, 12)
    0.1
    """

    model: QuantaModel
    every: int | None = None
    probability: float | None = None

    def __post_init__(self) -> None:
        if (self.every is None) == (self.probability is None):
            raise InputError(
                f"every = {self.every!r}, probability = {self.probability!r}: give one of them; write model.missing(every=10)"
            )
        if self.every is not None:
            number("every", self.every, at_least=2, example="10")
            if self.every != int(self.every):
                raise InputError(f"every = {self.every!r}: it is a whole number >= 2; write model.missing(every=10)")
        else:
            number("probability", self.probability, at_least=0, at_most=1, example="0.1")

    @property
    def amplitude_factor(self) -> float:
        """The loss above the new floor, relative to the full model's, for large n."""
        return 1 - 1 / self.every if self.every is not None else 1 - float(self.probability or 0.0)

    @property
    def floor(self) -> float:
        """The loss in nats once every quantum within reach is learned."""
        if self.every is None:
            return self.model.floor + float(self.probability or 0.0) * (self.model.ceiling - self.model.floor)
        return self.model.floor + float(self._missing_mass(np.zeros(1))[0])

    def loss_after(self, n: ArrayLike) -> Any:
        """Expected loss in nats once the quanta within reach among the first n ranks are learned; any shape.

        Raises:
            InputError: n negative or not finite.
        """
        count = amounts("n", n, "100")
        excess = np.asarray(self.model.loss_after(count)) - self.model.floor
        if self.every is None:
            return plain(self.floor + self.amplitude_factor * excess)
        whole = np.floor(count / self.every).ravel()
        return plain(self.floor + excess - self._missing_mass(whole).reshape(count.shape))

    def _missing_mass(self, n: Floats) -> Floats:
        """Sum over j > n of p_jM gap_jM, n whole."""
        step, frequencies = float(self.every or 1), self.model.frequencies
        return sum_series(
            lambda j: frequencies.pmf(step * j) * self.model.gap.at(frequencies, step * j),
            n,
            np.floor(frequencies.count / step),
            lambda j: frequencies.pmf(step * j) > FAINTEST,
            f"every {self.every}th quantum of {self.model!r}",
            np.unique(np.floor(breaks_of(frequencies) / step)),
        )
