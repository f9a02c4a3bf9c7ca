"""Learning rules in training steps: thresholds, gradient flow, and the sigmoid of a product of weights."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from quantal.theory.arguments import Floats, number
from quantal.theory.rules import Exponential, HardThreshold, LearningRule, Window


@dataclass(frozen=True)
class StepThreshold(LearningRule):
    """Learned after S_k = first * p_k^-power steps, where first is the steps that a quantum of frequency 1 would take.

    power = 1 where gradients are proportional to p_k; the paper's multitask parity shows one near 0.81.

    Raises:
        InputError: first <= 0 or power <= 0.

    >>> float(StepThreshold(first=10, power=1.0).amount(0.5, 0.01))
    1000.0
    """

    first: float = 1.0
    power: float = 1.0

    def __post_init__(self) -> None:
        number("first", self.first, above=0, example="10.0")
        number("power", self.power, above=0, example="0.81")

    @property
    def omega(self) -> float:
        return self.power

    def unlearned(self, amount: ArrayLike, frequency: ArrayLike, rank: ArrayLike = 1.0) -> Floats:
        return np.where(
            np.asarray(amount, dtype=float) * np.asarray(frequency, dtype=float) ** self.power < self.first, 1.0, 0.0
        )

    def amount(self, unlearned: float, frequency: ArrayLike, rank: ArrayLike = 1.0) -> Floats:
        return self.first * np.asarray(frequency, dtype=float) ** -self.power

    @property
    def window(self) -> Window:
        return HardThreshold(self.first)


@dataclass(frozen=True)
class GradientFlow(Window):
    """Share of the quantum's loss left after S steps of gradient flow on a quadratic: exp(-2 rate S p_k), rate the learning rate.

    Raises:
        InputError: rate <= 0.

    >>> float(GradientFlow(rate=0.5).unlearned(10.0, 0.1)) == float(np.exp(-1))
    True
    """

    rate: float = 0.5

    def __post_init__(self) -> None:
        number("rate", self.rate, above=0, example="0.5")

    def _exponential(self) -> Exponential:
        return Exponential(1 / (2 * self.rate))

    def at(self, u: ArrayLike) -> Floats:
        return self._exponential().at(u)

    def complement(self, u: ArrayLike) -> Floats:
        return self._exponential().complement(u)

    def inverse(self, unlearned: float) -> float:
        return self._exponential().inverse(unlearned)

    def _mellin(self, beta: float, lower: float) -> float:
        return self._exponential().mellin(beta, lower)


@dataclass(frozen=True)
class Sigmoidal(Window):
    """A skill that grows as a logistic curve: R/S = 1 / (1 + ratio e^-v), v = 2 rate u, in a product of two weights.

    ratio = S/R(0) - 1 is how far the skill starts below its target S. What is left of a squared loss is (1 - R/S)^2; with squared=False
    the share 1 - R/S itself. Source: Nam et al. 2024 (arXiv 2404.17563), the multilinear model.

    Raises:
        InputError: ratio <= 0 or rate <= 0.

    >>> round(Sigmoidal(ratio=100.0).tau_eff(0.4 / 1.4), 2)
    3.23
    """

    ratio: float = 100.0
    rate: float = 0.5
    squared: bool = True

    def __post_init__(self) -> None:
        number("ratio", self.ratio, above=0, example="100.0")
        number("rate", self.rate, above=0, example="0.5")

    @property
    def at_zero(self) -> float:
        return float(self.at(0.0))

    def at(self, u: ArrayLike) -> Floats:
        decayed = self.ratio * np.exp(-2 * self.rate * np.asarray(u, dtype=float))
        share = decayed / (1 + decayed)
        return share**2 if self.squared else share

    def inverse(self, unlearned: float) -> float:
        share = math.sqrt(unlearned) if self.squared else unlearned
        return math.log(self.ratio * (1 - share) / share) / (2 * self.rate)
