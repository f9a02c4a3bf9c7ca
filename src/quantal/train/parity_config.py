"""ParityConfig: everything that decides a training on multitask sparse parity, as plain frozen data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from quantal.errors import InputError, did_you_mean
from quantal.theory import Frequencies, Zipf, frequencies_from_dict
from quantal.train.settings import check_names, check_whole, content_key

OPTIMIZERS = ("adam", "adamw", "sgd")
DTYPES = ("float32", "float64")
_FORWARD = 0.45  # an evaluated sample costs about this share of a trained one
_EVALUATION_SHARE = 0.04
_MOST_EVALUATIONS = 200


class Net(NamedTuple):
    """One of the networks that are trained together: its width, the seed of its weights, its learning rate."""

    width: int
    seed: int
    learning_rate: float


@dataclass(frozen=True)
class ParityConfig:
    """A training on multitask sparse parity: the task, the networks that share one stream of batches, and how they learn.

    A sample is a one-hot vector over `tasks` and then `bits` uniform bits; its label is the parity of the `k` bits that belong to
    its task, distinct subsets drawn with `seed`. Tasks are drawn by `frequencies`. Every combination of `widths`, `net_seeds` and
    `learning_rates` is one network, `depth` hidden layers of ReLU and two logits, with the default initialisation of PyTorch's
    Linear, trained on cross-entropy.

    Args:
        gamma: p_i ∝ i^-(gamma+1) over the tasks, where `frequencies` is not given.
        frequencies: any law; its first `tasks` ranks are used, normalised to sum 1.
        steps: of training; for a finite data set the most there may be.
        samples: D, the size of a finite data set, passed in shuffled epochs; None for an endless stream.
        patience: a network trained on finite data stops after so many evaluations in a row whose loss rises.
        evaluate_every: steps between evaluations; None chooses up to 200 of them, spaced by ratio for a stream and evenly for finite
            data, so that they cost about 4 % of the time.
        evaluation_samples: for each task, fresh and fixed; the overall loss weights the tasks by their frequency.
        weight_decay: added to the gradient for adam and sgd, decoupled for adamw.
        momentum: of sgd.
        seed: of the subsets, the stream or data set, and the evaluation samples.

    Raises:
        InputError: a value lies outside what it may be, such as k > bits, more tasks than subsets, or a data set smaller than a batch.

    Source: Michaud et al. 2023 (arXiv 2303.13506), section 3.

    >>> config = ParityConfig(tasks=100, bits=32, k=2, widths=(10, 20), net_seeds=(0, 1))
    >>> len(config.nets), config.params(10), ParityConfig.from_dict(config.to_dict()) == config
    (4, 1352, True)
    """

    tasks: int = 500
    bits: int = 100
    k: int = 3
    gamma: float = 0.4
    frequencies: Frequencies | None = None
    widths: tuple[int, ...] = (500,)
    net_seeds: tuple[int, ...] = (0,)
    learning_rates: tuple[float, ...] = (1e-3,)
    depth: int = 1
    batch_size: int = 20_000
    steps: int = 1_000
    samples: int | None = None
    patience: int = 10
    evaluate_every: int | None = None
    evaluation_samples: int = 64
    optimizer: str = "adam"
    weight_decay: float = 0.0
    momentum: float = 0.0
    seed: int = 0
    dtype: str = "float32"

    def __post_init__(self) -> None:
        for name in ("widths", "net_seeds", "learning_rates"):
            object.__setattr__(self, name, _listed(name, getattr(self, name)))
        for name, least in _WHOLE.items():
            values = getattr(self, name)
            for value in values if isinstance(values, tuple) else (values,):
                if value is not None or name not in ("samples", "evaluate_every"):
                    check_whole(name, value, least)
        for name in ("gamma", "weight_decay", "momentum"):
            _real(name, getattr(self, name), 0.0 if name != "gamma" else -1.0)
        for rate in self.learning_rates:
            _real("learning_rates", rate, 0.0)
        if self.frequencies is not None and not isinstance(self.frequencies, Frequencies):
            raise InputError(
                f"frequencies = {self.frequencies!r}: it must be a law of frequencies; write frequencies=Zipf(0.4), or leave it out "
                "and give gamma"
            )
        _one_of("optimizer", self.optimizer, OPTIMIZERS)
        _one_of("dtype", self.dtype, DTYPES)
        self._check_task()

    def _check_task(self) -> None:
        if self.k > self.bits:
            raise InputError(
                f"k = {self.k} of bits = {self.bits}: a parity takes k different bits; write k={self.bits} or less, or bits={self.k}"
            )
        subsets = math.comb(self.bits, self.k)
        if self.tasks > subsets:
            raise InputError(
                f"tasks = {self.tasks}: {self.bits} bits have only {subsets:,} subsets of {self.k}, and each task needs its own; "
                f"write tasks={subsets} or less, or more bits"
            )
        if self.samples is not None and self.samples < self.batch_size:
            raise InputError(
                f"samples = {self.samples} with batch_size = {self.batch_size}: a data set cannot be smaller than a batch; "
                f"write batch_size={self.samples} or less"
            )
        if self.frequencies is not None and self.frequencies.count < self.tasks:
            raise InputError(
                f"frequencies = {self.frequencies!r} for tasks = {self.tasks}: every task needs a frequency; "
                f"write tasks={self.frequencies.count:g} or less"
            )
        if not np.all(self.probabilities > 0):
            raise InputError(
                f"{self.law!r} gives task {int(np.argmin(self.probabilities > 0)) + 1} a frequency of 0; write fewer tasks"
            )

    @property
    def law(self) -> Frequencies:
        """The law of frequencies that the tasks follow."""
        return self.frequencies if self.frequencies is not None else Zipf(self.gamma, count=self.tasks)

    @cached_property
    def probabilities(self) -> NDArray[np.float64]:
        """How often each task is drawn, shape (tasks,), of sum 1."""
        values = np.asarray(self.law.pmf(np.arange(1, self.tasks + 1)), dtype=float)
        return values / values.sum()

    @property
    def nets(self) -> tuple[Net, ...]:
        """The networks, by width, then seed, then learning rate; the first axis of every result."""
        return tuple(
            Net(width, seed, rate) for width in self.widths for seed in self.net_seeds for rate in self.learning_rates
        )

    def params(self, width: int) -> int:
        """Weights and biases of a network of that width."""
        hidden = (self.depth - 1) * (width * width + width)
        return (self.tasks + self.bits) * width + width + hidden + 2 * width + 2

    @property
    def evaluation_steps(self) -> NDArray[np.int64]:
        """The steps after which the networks are evaluated, ascending; the last step is one of them."""
        if self.evaluate_every is not None:
            return np.unique(np.append(np.arange(self.evaluate_every, self.steps + 1, self.evaluate_every), self.steps))
        cost = _FORWARD * self.tasks * self.evaluation_samples / self.batch_size
        count = int(min(_MOST_EVALUATIONS, max(1, _EVALUATION_SHARE * self.steps / cost), self.steps))
        if self.samples is not None:
            return np.unique(np.rint(np.linspace(self.steps / count, self.steps, count)).astype(np.int64))
        first = max(1.0, self.steps / 1000)
        spaced = np.geomspace(first, self.steps, count) if count > 1 else np.array([float(self.steps)])
        return np.unique(np.rint(spaced).astype(np.int64))

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; `from_dict` is the inverse."""
        out = {one.name: getattr(self, one.name) for one in fields(self)}
        out |= {name: list(out[name]) for name in ("widths", "net_seeds", "learning_rates")}
        return out | {"frequencies": None if self.frequencies is None else self.frequencies.to_dict()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ParityConfig:
        """The config that plain data describe; what they leave out keeps its default.

        Raises:
            InputError: a key is unknown, or a value outside what it may be.
        """
        check_names(data, [one.name for one in fields(cls)], "parity")
        given = dict(data)
        if isinstance(given.get("frequencies"), Mapping):
            given["frequencies"] = frequencies_from_dict(given["frequencies"])
        return cls(**given)

    def key(self) -> str:
        """A name made from the content: two configs share it only if they are equal."""
        return content_key(self.to_dict())


_WHOLE = {
    "tasks": 1, "bits": 1, "k": 1, "widths": 1, "net_seeds": 0, "depth": 1, "batch_size": 1, "steps": 1, "samples": 1,
    "patience": 1, "evaluate_every": 1, "evaluation_samples": 1, "seed": 0,
}  # fmt: skip


def _listed(name: str, values: Any) -> tuple[Any, ...]:
    listed = tuple(values) if isinstance(values, (tuple, list, range, np.ndarray)) else (values,)
    listed = tuple(one.item() if isinstance(one, np.generic) else one for one in listed)
    if not listed or len(set(listed)) < len(listed):
        raise InputError(f"{name} = {values!r}: give at least one, each once; write {name}={_EXAMPLES[name]}")
    return listed


_EXAMPLES = {"widths": "(50, 500)", "net_seeds": "(0, 1)", "learning_rates": "(1e-3,)"}


def _real(name: str, value: Any, least: float) -> None:
    number = isinstance(value, int | float | np.floating) and not isinstance(value, bool)
    strict = name in ("gamma", "learning_rates")
    if not number or not math.isfinite(value) or value < least or (strict and value == least):
        sign = ">" if strict else ">="
        example = {"gamma": "0.4", "learning_rates": "1e-3", "weight_decay": "0.01", "momentum": "0.9"}[name]
        raise InputError(f"{name} = {value!r}: it must be a finite number {sign} {least:g}; write {name}={example}")


def _one_of(name: str, value: Any, known: tuple[str, ...]) -> None:
    if value not in known:
        raise InputError(f"{name} = {value!r} is unknown. {did_you_mean(str(value), known)}")
