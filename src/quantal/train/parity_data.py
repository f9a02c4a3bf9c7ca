"""Multitask sparse parity: the subsets, an endless stream of batches, a finite data set in shuffled epochs, evaluation samples.

Every batch is a function of the seed and the number of its step, so that a training goes on from any step as if it had never stopped.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from quantal.train.parity_config import ParityConfig

_AHEAD = 8
_SUBSETS, _STREAM, _DATA, _EPOCH, _EVALUATION = range(5)


@dataclass(frozen=True)
class Batch:
    """Samples in ascending order of task: packed (B, ceil(n / 8)) holds n bits of each, 8 a byte, the first the highest, and whatever
    comes after them; tasks (B,) from 0, labels (B,) of 0 and 1.
    """

    packed: NDArray[np.uint8]
    width: int
    tasks: NDArray[np.int64]
    labels: NDArray[np.int64]

    @property
    def bits(self) -> NDArray[np.uint8]:
        """0 and 1, shape (B, n)."""
        return np.unpackbits(self.packed, axis=1, count=self.width)


def subsets(config: ParityConfig) -> NDArray[np.int64]:
    """The k bits of each task, distinct subsets, shape (tasks, k)."""
    rng = _generator(config.seed, _SUBSETS)
    chosen: dict[tuple[int, ...], None] = {}
    while len(chosen) < config.tasks:
        drawn = np.sort(np.argsort(rng.random((config.tasks, config.bits)), axis=1)[:, : config.k], axis=1)
        for one in drawn.tolist():
            if len(chosen) < config.tasks:
                chosen.setdefault(tuple(one))
    return np.array(list(chosen), dtype=np.int64)


@dataclass(frozen=True)
class Stream:
    """Fresh samples for ever, made some batches ahead, which is faster than one between two steps of training."""

    config: ParityConfig
    subsets: NDArray[np.int64]
    _ahead: dict[int, Batch] = field(default_factory=dict, init=False, repr=False)

    def batch(self, step: int) -> Batch:
        """The batch of a step, counted from 0."""
        if step not in self._ahead:
            self._ahead.clear()
            last = max(step + 1, min(step + _AHEAD, self.config.steps))
            self._ahead.update({one: self._made(one) for one in range(step, last)})
        return self._ahead.pop(step)

    def _made(self, step: int) -> Batch:
        rng = _generator(self.config.seed, _STREAM, step)
        counts = rng.multinomial(self.config.batch_size, self.config.probabilities)
        tasks = np.repeat(np.arange(self.config.tasks), counts)
        packed = _packed(rng, tasks.size, self.config.bits)
        return Batch(packed, self.config.bits, tasks, _parity(packed, self.subsets, tasks).astype(np.int64))


class DataSet:
    """D samples drawn once, passed in epochs that are shuffled anew; bits are kept packed, D n / 8 bytes."""

    def __init__(self, config: ParityConfig, subsets: NDArray[np.int64]) -> None:
        assert config.samples is not None
        self._config, self._size = config, config.samples
        rng = _generator(config.seed, _DATA)
        counts = rng.multinomial(self._size, config.probabilities)
        self._tasks = np.repeat(np.arange(config.tasks), counts)
        self._packed = _packed(rng, self._size, config.bits)
        self._labels = np.empty(self._size, dtype=np.uint8)
        for start in range(0, self._size, 65_536):
            part = slice(start, start + 65_536)
            self._labels[part] = _parity(self._packed[part], subsets, self._tasks[part])
        self._orders: dict[int, NDArray[np.int64]] = {}

    def batch(self, step: int) -> Batch:
        """The batch of a step, counted from 0; one that crosses the end of an epoch goes on in the next."""
        size = self._config.batch_size
        epoch, start = divmod(step * size, self._size)
        index = self._order(epoch)[start : start + size]
        if index.size < size:
            index = np.concatenate([index, self._order(epoch + 1)[: size - index.size]])
        index = np.sort(index)
        return Batch(self._packed[index], self._config.bits, self._tasks[index], self._labels[index].astype(np.int64))

    def _order(self, epoch: int) -> NDArray[np.int64]:
        if epoch not in self._orders:
            self._orders = {one: order for one, order in self._orders.items() if one == epoch - 1}
            self._orders[epoch] = _generator(self._config.seed, _EPOCH, epoch).permutation(self._size)
        return self._orders[epoch]


def evaluation_samples(config: ParityConfig, subsets: NDArray[np.int64]) -> Batch:
    """Fixed fresh samples, `evaluation_samples` of each task, so that tasks (T m,) is 0 0 ... 1 1 ..."""
    rng = _generator(config.seed, _EVALUATION)
    tasks = np.repeat(np.arange(config.tasks), config.evaluation_samples)
    packed = _packed(rng, tasks.size, config.bits)
    return Batch(packed, config.bits, tasks, _parity(packed, subsets, tasks).astype(np.int64))


def _generator(*key: int) -> np.random.Generator:
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence(key)))


def _packed(rng: np.random.Generator, rows: int, bits: int) -> NDArray[np.uint8]:
    """Random bits, 8 a byte, in rows of whole bytes."""
    size = rows * -(-bits // 8)
    words = rng.integers(0, 2**64, -(-size // 8), dtype=np.uint64).astype("<u8", copy=False)
    return words.view(np.uint8)[:size].reshape(rows, -1)


def _parity(packed: NDArray[np.uint8], subsets: NDArray[np.int64], tasks: NDArray[np.int64]) -> NDArray[np.uint8]:
    flat, start = packed.ravel(), np.arange(0, packed.size, packed.shape[1])
    shifts = (7 - (subsets & 7)).astype(np.uint8)
    out = np.zeros(len(packed), dtype=np.uint8)
    for byte, shift in zip((subsets >> 3).T, shifts.T, strict=True):
        at = byte.take(tasks)
        at += start
        bits = flat.take(at)
        bits >>= shift.take(tasks)
        out ^= bits
    out &= 1
    return out
