"""Quanta that a model can never learn, whatever its resources."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from quantal.errors import InputError
from quantal.theory.arguments import Floats, amounts, number, plain
from quantal.theory.capacity import Capacity
from quantal.theory.losses import FAINTEST
from quantal.theory.resources import Limit, broadcast_limits, learned_prefix
from quantal.theory.rules import LearningRule, Poisson
from quantal.theory.step_rules import GradientFlow
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
        return self._lifted(np.asarray(self.model.loss_after(count)), count.ravel(), [])

    def loss(
        self,
        *,
        params: ArrayLike | None = None,
        samples: ArrayLike | None = None,
        steps: ArrayLike | None = None,
        rule: LearningRule = Poisson(),  # noqa: B008
        step_rule: LearningRule = GradientFlow(),  # noqa: B008
        capacity: Capacity = Capacity(),  # noqa: B008
    ) -> Any:
        """Exact expected loss in nats under the limits given, as `QuantaModel.loss`; a missing quantum still takes its place in a model.

        Raises:
            InputError: as `QuantaModel.loss`.
        """
        quanta, limits, _ = broadcast_limits(params, samples, steps, rule, step_rule, capacity)
        full = self.model.loss(
            params=params, samples=samples, steps=steps, rule=rule, step_rule=step_rule, capacity=capacity
        )
        return self._lifted(np.asarray(full), quanta, limits)

    def _lifted(self, full: Floats, quanta: Floats, limits: list[Limit]) -> Any:
        """The full model's loss plus what it has gained by quanta that are missing here; quanta of shape (C,)."""
        if self.every is None:
            return plain(np.asarray(self.floor + self.amplitude_factor * (full - self.model.floor)))
        gained = [
            self._gained(n, [(rule, amount[at : at + 1]) for rule, amount in limits]) for at, n in enumerate(quanta)
        ]
        return plain(full + np.array(gained).reshape(full.shape))

    def _gained(self, n: float, limits: list[Limit]) -> float:
        """Sum over the multiples k <= n of M of p_k gap_k P(k learned); a multiple that fits in part counts for that part."""
        frequencies, gap, step = self.model.frequencies, self.model.gap, float(self.every or 1)
        last = min(n, float(frequencies.count))
        for rule, amount in limits:
            if rule.sharp:
                last = min(last, float(learned_prefix(frequencies, rule, amount)[0]))
        smooth = [limit for limit in limits if not limit[0].sharp]

        def value(k: Floats) -> Floats:
            p = frequencies.pmf(k)
            worth = gap.at(frequencies, k)
            for rule, amount in smooth:
                worth = worth * rule.learned(amount, p, k)
            return worth

        def gain(j: Floats) -> Floats:
            return frequencies.pmf(step * j) * value(step * j)

        total = float(self._sum(gain, np.zeros(1), np.floor(last / step))[0])
        following = np.ceil(last) if math.isfinite(last) else 0.0
        if following > last and following % step == 0:
            whole = np.array([following])
            total += float(
                ((frequencies.tail(np.array([following - 1])) - frequencies.tail(np.array([last]))) * value(whole))[0]
            )
        return total

    def _missing_mass(self, n: Floats) -> Floats:
        """Sum over j > n of p_jM gap_jM, n whole."""
        frequencies, gap, step = self.model.frequencies, self.model.gap, float(self.every or 1)
        count = np.floor(frequencies.count / step)
        return self._sum(lambda j: frequencies.pmf(step * j) * gap.at(frequencies, step * j), n, count)

    def _sum(self, values: Callable[[Floats], Floats], n: Floats, count: float) -> Floats:
        frequencies, step = self.model.frequencies, float(self.every or 1)
        return sum_series(
            values,
            n,
            count,
            lambda j: (frequencies.pmf(step * j) > FAINTEST) & (values(j) > FAINTEST),
            f"every {self.every}th quantum of {self.model!r}",
            np.unique(np.floor(breaks_of(frequencies) / step)),
        )
