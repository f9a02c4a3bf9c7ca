"""Tasks made of quanta, the metrics that score them, and benchmarks made of tasks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from quantal.errors import InputError
from quantal.theory.arguments import Floats, amounts, choice, number, plain

NEEDS = ("additive", "all", "any")


class Metric(ABC):
    """What is reported of a skill between 0 (nothing learned) and 1 (all learned)."""

    @abstractmethod
    def at(self, skill: ArrayLike) -> Floats:
        """The metric's value at each skill; shape of skill."""


@dataclass(frozen=True)
class Accuracy(Metric):
    """chance + (1 - chance) * skill.

    Raises:
        InputError: chance outside 0 to 1.
    """

    chance: float = 0.0

    def __post_init__(self) -> None:
        number("chance", self.chance, at_least=0, below=1, example="0.25")

    def at(self, skill: ArrayLike) -> Floats:
        return self.chance + (1 - self.chance) * np.asarray(skill, dtype=float)


@dataclass(frozen=True)
class LossMetric(Metric):
    """unlearned - (unlearned - learned) * skill, in nats.

    Raises:
        InputError: learned >= unlearned.
    """

    learned: float = 0.0
    unlearned: float = 1.0

    def __post_init__(self) -> None:
        number("learned", self.learned, below=number("unlearned", self.unlearned), example="0.0")

    def at(self, skill: ArrayLike) -> Floats:
        return self.unlearned - (self.unlearned - self.learned) * np.asarray(skill, dtype=float)


@dataclass(frozen=True)
class ExactMatch(Metric):
    """All or nothing: `length` answers in a row must be right, skill^length. It makes a smooth skill look sudden and late.

    Raises:
        InputError: length < 1.

    Source: Schaeffer, Miranda, Koyejo 2023 (arXiv 2304.15004).
    """

    length: float

    def __post_init__(self) -> None:
        number("length", self.length, at_least=1, example="10")

    def at(self, skill: ArrayLike) -> Floats:
        return np.asarray(skill, dtype=float) ** self.length


@dataclass(frozen=True)
class Task:
    """A set of quanta: "additive" (each adds its weight), "all" are needed, or "any" suffices.

    Args:
        ranks: of the quanta, whole numbers >= 1, distinct.
        needs: "additive", "all" or "any".
        metric: Accuracy() unless given.
        weights: for "additive", relative; equal unless given.

    Raises:
        InputError: no rank, a rank < 1 or given twice, needs unknown, or weights of another length or sum 0.

    >>> Task([1, 2], "all").skill([0.5, 0.5])
    0.25
    """

    ranks: Sequence[float]
    needs: str = "all"
    metric: Metric = Accuracy()
    weights: Sequence[float] | None = None

    def __post_init__(self) -> None:
        choice("needs", self.needs, NEEDS)
        ranks = amounts("ranks", self.ranks, "[3, 17]")
        good = ranks.ndim == 1 and ranks.size and np.all((ranks >= 1) & (ranks == np.floor(ranks)))
        if not good or np.unique(ranks).size < ranks.size:
            raise InputError(
                f"ranks = {self.ranks!r}: a task is a list of distinct whole ranks >= 1; write Task([3, 17])"
            )
        if self.weights is not None:
            weights = amounts("weights", self.weights, "[1, 2]")
            if weights.shape != ranks.shape or weights.sum() <= 0 or self.needs != "additive":
                raise InputError(
                    f"weights = {self.weights!r}: one weight >= 0 for each rank, and needs='additive'; "
                    "write Task([3, 17], 'additive', weights=[1, 2])"
                )

    def skill(self, learned: ArrayLike) -> Any:
        """Skill between 0 and 1 from the chance (..., m) that each of the m quanta, independently, is learned; shape (...)."""
        chance = np.asarray(learned, dtype=float)
        if self.needs == "all":
            return plain(np.prod(chance, axis=-1))
        if self.needs == "any":
            return plain(-np.expm1(np.sum(np.log1p(-np.minimum(chance, 1 - 1e-16)), axis=-1)))
        weights = np.ones(len(self.ranks)) if self.weights is None else np.asarray(self.weights, dtype=float)
        return plain(np.asarray(chance @ (weights / weights.sum())))


@dataclass(frozen=True)
class Benchmark:
    """A weighted mean of tasks' metrics.

    Raises:
        InputError: no tasks, or weights of another length, or of sum 0.
    """

    tasks: Sequence[Task]
    weights: Sequence[float] | None = None

    def __post_init__(self) -> None:
        if not self.tasks:
            raise InputError("tasks = []: a benchmark has at least one task; write Benchmark([Task([1])])")
        if self.weights is not None:
            weights = amounts("weights", self.weights, "[1, 2]")
            if weights.shape != (len(self.tasks),) or weights.sum() <= 0:
                raise InputError(
                    f"weights = {self.weights!r}: one weight >= 0 for each of the {len(self.tasks)} tasks, not all 0"
                )

    def shares(self) -> Floats:
        """The tasks' weights, of sum 1."""
        weights = np.ones(len(self.tasks)) if self.weights is None else np.asarray(self.weights, dtype=float)
        return weights / weights.sum()


def polygenic_unlearned(unlearned: ArrayLike, quanta_per_sample: int, needs: str = "all") -> Any:
    """What is unlearned of a sample that takes m quanta drawn independently by frequency, T the unlearned mass of one.

    additive: m T; all needed: 1 - (1-T)^m, flat until m T << 1, then of exponent gamma; any suffices: T^m, of exponent m gamma.

    Args:
        unlearned: T between 0 and 1, any shape.
        quanta_per_sample: m >= 1.

    Raises:
        InputError: T outside 0 to 1, m < 1, or needs unknown.

    >>> polygenic_unlearned(0.5, 2, "all"), polygenic_unlearned(0.5, 3, "any"), polygenic_unlearned(0.5, 4, "additive")
    (0.75, 0.125, 2.0)
    """
    choice("needs", needs, NEEDS)
    mass = amounts("unlearned", unlearned, "0.3")
    m = number("quanta_per_sample", quanta_per_sample, at_least=1, example="20")
    if np.any(mass > 1):
        raise InputError(
            f"unlearned = {unlearned!r}: the unlearned mass lies between 0 and 1; write for example frequencies.tail(n)"
        )
    if needs == "additive":
        return plain(np.asarray(m * mass))
    if needs == "any":
        return plain(mass**m)
    with np.errstate(divide="ignore"):
        return plain(np.asarray(-np.expm1(m * np.log1p(-mass))))
