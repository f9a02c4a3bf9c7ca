"""Multitask sparse parity: the subsets, an endless stream of batches, a finite data set in shuffled epochs, evaluation samples.

Every batch is a function of the seed and the number of its step, so that a training goes on from any step as if it had never stopped.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quantal.train.parity_config import ParityConfig

_SUBSETS, _STREAM, _DATA, _EPOCH, _EVALUATION = range(5)


@dataclass(frozen=True)
class Batch:
    """Samples in ascending order of task: bits (B, n) of 0 and 1, tasks (B,) from 0, labels (B,) of 0 and 1."""

    bits: NDArray[Any]
    tasks: NDArray[np.int64]
    labels: NDArray[np.int64]


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
    """Fresh samples for ever; `bits` of a batch are overwritten by the next."""

    config: ParityConfig
    subsets: NDArray[np.int64]
    _bits: NDArray[Any] = field(init=False)

    def __post_init__(self) -> None:
        shape = (self.config.batch_size, self.config.bits)
        object.__setattr__(self, "_bits", np.empty(shape, dtype=self.config.dtype))

    def batch(self, step: int) -> Batch:
        """The batch of a step, counted from 0."""
        rng = _generator(self.config.seed, _STREAM, step)
        counts = rng.multinomial(self.config.batch_size, self.config.probabilities)
        tasks = np.repeat(np.arange(self.config.tasks), counts)
        bits = _unpacked(_packed(rng, tasks.size, self.config.bits))
        np.copyto(self._bits, bits[:, : self.config.bits])
        return Batch(self._bits, tasks, _parity(bits, self.subsets, tasks))


class DataSet:
    """D samples drawn once, passed in epochs that are shuffled anew; bits are kept packed, D n / 8 bytes."""

    def __init__(self, config: ParityConfig, subsets: NDArray[np.int64]) -> None:
        assert config.samples is not None
        self._config, self._size = config, config.samples
        rng = _generator(config.seed, _DATA)
        counts = rng.multinomial(self._size, config.probabilities)
        self._tasks = np.repeat(np.arange(config.tasks), counts)
        self._packed = _packed(rng, self._size, config.bits)
        self._labels = np.empty(self._size, dtype=np.int8)
        for start in range(0, self._size, 65_536):
            part = slice(start, start + 65_536)
            self._labels[part] = _parity(_unpacked(self._packed[part]), subsets, self._tasks[part])
        self._orders: dict[int, NDArray[np.int64]] = {}

    def batch(self, step: int) -> Batch:
        """The batch of a step, counted from 0; one that crosses the end of an epoch goes on in the next."""
        size = self._config.batch_size
        epoch, start = divmod(step * size, self._size)
        index = self._order(epoch)[start : start + size]
        if index.size < size:
            index = np.concatenate([index, self._order(epoch + 1)[: size - index.size]])
        index = np.sort(index)
        bits = _unpacked(self._packed[index])[:, : self._config.bits].astype(self._config.dtype)
        return Batch(bits, self._tasks[index], self._labels[index].astype(np.int64))

    def _order(self, epoch: int) -> NDArray[np.int64]:
        if epoch not in self._orders:
            self._orders = {one: order for one, order in self._orders.items() if one == epoch - 1}
            self._orders[epoch] = _generator(self._config.seed, _EPOCH, epoch).permutation(self._size)
        return self._orders[epoch]


def evaluation_samples(config: ParityConfig, subsets: NDArray[np.int64]) -> Batch:
    """Fixed fresh samples, `evaluation_samples` of each task, so that tasks (T m,) is 0 0 ... 1 1 ..."""
    rng = _generator(config.seed, _EVALUATION)
    tasks = np.repeat(np.arange(config.tasks), config.evaluation_samples)
    bits = _unpacked(_packed(rng, tasks.size, config.bits))
    return Batch(bits[:, : config.bits].astype(config.dtype), tasks, _parity(bits, subsets, tasks))


def _generator(*key: int) -> np.random.Generator:
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence(key)))


def _packed(rng: np.random.Generator, rows: int, bits: int) -> NDArray[np.uint8]:
    """Random bits, 8 a byte, in rows of whole bytes."""
    size = rows * -(-bits // 8)
    words = rng.integers(0, 2**64, -(-size // 8), dtype=np.uint64).astype("<u8", copy=False)
    return words.view(np.uint8)[:size].reshape(rows, -1)


def _unpacked(packed: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.unpackbits(packed.ravel()).reshape(len(packed), -1)


def _parity(bits: NDArray[np.uint8], subsets: NDArray[np.int64], tasks: NDArray[np.int64]) -> NDArray[np.int64]:
    flat, start = bits.ravel(), np.arange(len(bits)) * bits.shape[1]
    out = np.zeros(len(bits), dtype=np.uint8)
    for column in subsets.T:
        out ^= flat.take(start + column.take(tasks))
    return out.astype(np.int64)
