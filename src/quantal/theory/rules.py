"""Learning rules: the chance that a quantum is still unlearned, given how much of a resource the model has had."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from quantal.errors import InputError
from quantal.theory.arguments import Floats, number
from quantal.theory.mellin import mellin_by_quadrature


class LearningRule(ABC):
    """P(quantum still unlearned) from an amount (samples or steps), the quantum's frequency and its rank.

    A sharp rule is 0 or 1, so that a prefix of the ranks is learned. A random rule is a chance over data sets, so that the loss of one
    run scatters; any other is the share of a quantum's loss that is left in every run.
    """

    @abstractmethod
    def unlearned(self, amount: ArrayLike, frequency: ArrayLike, rank: ArrayLike = 1.0) -> Floats:
        """Chance or share unlearned, between 0 and 1; the three arguments broadcast."""

    def learned(self, amount: ArrayLike, frequency: ArrayLike, rank: ArrayLike = 1.0) -> Floats:
        """1 - unlearned, without cancellation where it is small."""
        return 1 - self.unlearned(amount, frequency, rank)

    @abstractmethod
    def amount(self, unlearned: float, frequency: ArrayLike, rank: ArrayLike = 1.0) -> Floats:
        """The amount at which the chance unlearned has fallen to the given value (0 < value < value at amount 0)."""

    @property
    @abstractmethod
    def window(self) -> Window:
        """The rule's limit for rare quanta as a function h(u) of u = amount * frequency."""

    @property
    def sharp(self) -> bool:
        """Whether the chance is only ever 0 or 1."""
        return self.window.sharp

    @property
    def random(self) -> bool:
        """Whether the rule is a chance over data sets."""
        return self.window.random

    @property
    def omega(self) -> float:
        """The amount needed goes as p_k^-omega."""
        return 1.0

    @property
    def growth(self) -> float:
        """delta: quantum k needs k^delta times the amount that its frequency alone would ask for."""
        return 0.0


class Window(LearningRule):
    """A rule h(u) that depends on u = amount * frequency only."""

    @abstractmethod
    def at(self, u: ArrayLike) -> Floats:
        """h(u)."""

    def complement(self, u: ArrayLike) -> Floats:
        """1 - h(u), without cancellation for small u."""
        return 1 - self.at(u)

    @abstractmethod
    def inverse(self, unlearned: float) -> float:
        """The u at which h(u) has fallen to the value given."""

    @property
    def sharp(self) -> bool:
        return False

    @property
    def random(self) -> bool:
        return False

    @property
    def at_zero(self) -> float:
        """h(0)."""
        return 1.0

    @property
    def decay(self) -> float:
        """q where h falls as u^-q; infinite where it falls faster than every power."""
        return math.inf

    def unlearned(self, amount: ArrayLike, frequency: ArrayLike, rank: ArrayLike = 1.0) -> Floats:
        return self.at(np.asarray(amount, dtype=float) * frequency)

    def learned(self, amount: ArrayLike, frequency: ArrayLike, rank: ArrayLike = 1.0) -> Floats:
        return self.complement(np.asarray(amount, dtype=float) * frequency)

    def amount(self, unlearned: float, frequency: ArrayLike, rank: ArrayLike = 1.0) -> Floats:
        return self.inverse(unlearned) / np.asarray(frequency, dtype=float)

    @property
    def window(self) -> Window:
        return self

    def mellin(self, beta: float, lower: float = 0.0) -> float:
        """M_h(beta) = integral of u^(beta-1) h(u) du from lower to infinity, the amplitude of the data law.

        Raises:
            InputError: beta <= 0, or h falls no faster than u^-beta, so that the integral diverges.
        """
        number("beta", beta, above=0, example="0.286")
        number("lower", lower, at_least=0, example="0.0")
        if beta >= self.decay:
            raise InputError(
                f"{self!r} falls only as u^-{self.decay:g}: its Mellin transform exists for 0 < beta < {self.decay:g}, not {beta:g}; "
                f"the loss then falls with exponent {self.decay:g} instead of beta"
            )
        return self._mellin(beta, lower)

    def _mellin(self, beta: float, lower: float) -> float:
        return mellin_by_quadrature(self.at, self.at_zero, self.inverse(self.at_zero / 2), beta, self.decay, lower)

    def tau_eff(self, beta: float) -> float:
        """The hard threshold with the same amplitude: (beta M_h(beta))^(1/beta) samples.

        >>> round(Poisson(tau=3).tau_eff(0.5), 4)
        2.7612
        """
        return float(np.exp(np.log(beta * self.mellin(beta)) / beta))


def _check_tau(tau: float) -> None:
    number("tau", tau, above=0, example="3")


@dataclass(frozen=True)
class HardThreshold(Window):
    """Learned once amount * frequency reaches tau: h(u) = 1 for u < tau, else 0. M = tau^beta / beta.

    Raises:
        InputError: tau <= 0.

    >>> HardThreshold(tau=7).unlearned(100, [0.06, 0.08]).tolist()
    [1.0, 0.0]
    """

    tau: float = 1.0

    def __post_init__(self) -> None:
        _check_tau(self.tau)

    @property
    def sharp(self) -> bool:
        return True

    def at(self, u: ArrayLike) -> Floats:
        return np.where(np.asarray(u, dtype=float) < self.tau, 1.0, 0.0)

    def inverse(self, unlearned: float) -> float:
        return self.tau

    def _mellin(self, beta: float, lower: float) -> float:
        return max(0.0, (self.tau**beta - lower**beta) / beta)


@dataclass(frozen=True)
class Poisson(Window):
    """Learned once the stream holds at least tau samples of it: h(u) = P(Poisson(u) < tau) = Q(tau, u).

    Q is the regularised upper incomplete gamma function, which also continues to real tau. M = Gamma(tau + beta) / (beta Gamma(tau)).

    Raises:
        InputError: tau <= 0.

    >>> round(float(Poisson(tau=1).unlearned(2.0, 0.5)), 12) == round(math.exp(-1), 12)
    True
    """

    tau: float = 1.0

    def __post_init__(self) -> None:
        _check_tau(self.tau)

    @property
    def random(self) -> bool:
        return True

    def at(self, u: ArrayLike) -> Floats:
        return special.gammaincc(self.tau, np.asarray(u, dtype=float))

    def complement(self, u: ArrayLike) -> Floats:
        return special.gammainc(self.tau, np.asarray(u, dtype=float))

    def inverse(self, unlearned: float) -> float:
        return float(special.gammainccinv(self.tau, unlearned))

    def _mellin(self, beta: float, lower: float) -> float:
        moment = math.exp(math.lgamma(self.tau + beta) - math.lgamma(self.tau))
        upper = special.gammaincc(self.tau + beta, lower)
        return float((moment * upper - lower**beta * special.gammaincc(self.tau, lower)) / beta)


@dataclass(frozen=True)
class Exponential(Window):
    """Share left exp(-u / tau): gradient descent on a quantum's own error. M = tau^beta Gamma(beta).

    Raises:
        InputError: tau <= 0.
    """

    tau: float = 1.0

    def __post_init__(self) -> None:
        _check_tau(self.tau)

    def at(self, u: ArrayLike) -> Floats:
        return np.exp(-np.asarray(u, dtype=float) / self.tau)

    def complement(self, u: ArrayLike) -> Floats:
        return -np.expm1(-np.asarray(u, dtype=float) / self.tau)

    def inverse(self, unlearned: float) -> float:
        return -self.tau * math.log(unlearned)

    def _mellin(self, beta: float, lower: float) -> float:
        return float(self.tau**beta * special.gamma(beta) * special.gammaincc(beta, lower / self.tau))


@dataclass(frozen=True)
class Hill(Window):
    """h(u) = 1 / (1 + (u/tau)^power): a window with a power-law tail. M = tau^beta (pi/power) / sin(pi beta/power) for beta < power.

    Raises:
        InputError: tau <= 0 or power <= 0.
    """

    power: float
    tau: float = 1.0

    def __post_init__(self) -> None:
        _check_tau(self.tau)
        number("power", self.power, above=0, example="2.0")

    @property
    def decay(self) -> float:
        return self.power

    def at(self, u: ArrayLike) -> Floats:
        with np.errstate(over="ignore"):
            return 1 / (1 + (np.asarray(u, dtype=float) / self.tau) ** self.power)

    def complement(self, u: ArrayLike) -> Floats:
        with np.errstate(divide="ignore", over="ignore"):
            return 1 / (1 + (self.tau / np.asarray(u, dtype=float)) ** self.power)

    def inverse(self, unlearned: float) -> float:
        return self.tau * (1 / unlearned - 1) ** (1 / self.power)

    def _mellin(self, beta: float, lower: float) -> float:
        ratio = beta / self.power
        whole = self.tau**beta * math.pi / self.power / math.sin(math.pi * ratio)
        return float(whole * special.betainc(1 - ratio, ratio, float(self.at(lower))))
