"""Learning rules of finite data: exact counts, repeated epochs, and quanta whose cost grows with rank."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from quantal.errors import InputError
from quantal.theory.arguments import Floats, number
from quantal.theory.rules import LearningRule, Poisson, Window


@dataclass(frozen=True)
class Binomial(LearningRule):
    """Learned once exactly D independent samples hold at least tau of it: h = P(Binomial(D, p) < tau) = I_(1-p)(D - tau + 1, tau).

    The regularised incomplete beta function continues to real D >= tau; below tau samples nothing is learned.

    Raises:
        InputError: tau is no whole number >= 1.
    """

    tau: int = 1

    def __post_init__(self) -> None:
        number("tau", self.tau, at_least=1, example="3")
        if self.tau != int(self.tau):
            raise InputError(
                f"tau = {self.tau!r}: a count of samples is a whole number >= 1; "
                f"write Binomial(tau=3), or Poisson(tau={self.tau})"
            )

    def unlearned(self, amount: ArrayLike, frequency: ArrayLike, rank: ArrayLike = 1.0) -> Floats:
        total, p = np.broadcast_arrays(np.asarray(amount, dtype=float), np.asarray(frequency, dtype=float))
        enough = total >= self.tau
        chance = special.betaincc(self.tau, np.where(enough, total, self.tau) - self.tau + 1, p)
        return np.where(enough, chance, 1.0)

    def learned(self, amount: ArrayLike, frequency: ArrayLike, rank: ArrayLike = 1.0) -> Floats:
        total, p = np.broadcast_arrays(np.asarray(amount, dtype=float), np.asarray(frequency, dtype=float))
        enough = total >= self.tau
        chance = special.betainc(self.tau, np.where(enough, total, self.tau) - self.tau + 1, p)
        return np.where(enough, chance, 0.0)

    def amount(self, unlearned: float, frequency: ArrayLike, rank: ArrayLike = 1.0) -> Floats:
        p = np.asarray(frequency, dtype=float)
        low, high = np.full(p.shape, float(self.tau)), (Poisson(self.tau).inverse(unlearned) + self.tau) / p * 4
        for _ in range(80):
            middle = np.sqrt(low * high)
            above = self.unlearned(middle, p) > unlearned
            low, high = np.where(above, middle, low), np.where(above, high, middle)
        return np.sqrt(low * high)

    @property
    def window(self) -> Window:
        return Poisson(self.tau)


@dataclass(frozen=True)
class RepeatedEpochs(Window):
    """Finite data passed several times; the amount is the number of unique samples.

    A quantum is learned once it has been seen tau times in all, in at least `distinct` different samples: with e epochs that is
    Poisson coverage of the unique data with threshold max(distinct, ceil(tau / e)). Epochs spare repetitions, never new samples:
    as e grows the loss stops at the coverage of the unique data.

    Raises:
        InputError: epochs < 1, tau <= 0, distinct < 1, or distinct > tau.

    >>> RepeatedEpochs(epochs=4, tau=10).threshold
    3
    """

    epochs: float
    tau: float = 1.0
    distinct: int = 1

    def __post_init__(self) -> None:
        number("epochs", self.epochs, at_least=1, example="4")
        number("tau", self.tau, above=0, example="3")
        number("distinct", self.distinct, at_least=1, example="1")
        if self.distinct > max(1, self.tau):
            raise InputError(
                f"distinct = {self.distinct!r} > tau = {self.tau!r}: it cannot take more different samples than samples; "
                f"write tau={self.distinct}"
            )

    @property
    def random(self) -> bool:
        return True

    @property
    def threshold(self) -> int:
        """How many of the unique samples must hold the quantum."""
        return max(int(self.distinct), math.ceil(self.tau / self.epochs))

    def at(self, u: ArrayLike) -> Floats:
        return Poisson(self.threshold).at(u)

    def complement(self, u: ArrayLike) -> Floats:
        return Poisson(self.threshold).complement(u)

    def inverse(self, unlearned: float) -> float:
        return Poisson(self.threshold).inverse(unlearned)

    def _mellin(self, beta: float, lower: float) -> float:
        return Poisson(self.threshold).mellin(beta, lower)


@dataclass(frozen=True)
class Costlier(LearningRule):
    """Another rule, but quantum k needs k^growth times the amount: u = amount * p_k * k^-growth.

    Raises:
        InputError: growth is not finite.
    """

    rule: LearningRule
    by: float

    def __post_init__(self) -> None:
        number("by", self.by, example="0.5")

    def _worth(self, frequency: ArrayLike, rank: ArrayLike) -> Floats:
        return np.asarray(frequency, dtype=float) * np.asarray(rank, dtype=float) ** -self.by

    def unlearned(self, amount: ArrayLike, frequency: ArrayLike, rank: ArrayLike = 1.0) -> Floats:
        return self.rule.unlearned(amount, self._worth(frequency, rank), rank)

    def learned(self, amount: ArrayLike, frequency: ArrayLike, rank: ArrayLike = 1.0) -> Floats:
        return self.rule.learned(amount, self._worth(frequency, rank), rank)

    def amount(self, unlearned: float, frequency: ArrayLike, rank: ArrayLike = 1.0) -> Floats:
        return self.rule.amount(unlearned, self._worth(frequency, rank), rank)

    @property
    def window(self) -> Window:
        return self.rule.window

    @property
    def omega(self) -> float:
        return self.rule.omega

    @property
    def growth(self) -> float:
        return self.by + self.rule.growth
