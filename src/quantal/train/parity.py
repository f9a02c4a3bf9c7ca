"""Train networks on multitask sparse parity: a pure function of a config, which can stop at any step and go on."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quantal.errors import InputError
from quantal.train.checkpoint import Progress, read_checkpoint, trained, write_checkpoint
from quantal.train.kernels import Kernels, kernels
from quantal.train.mlp import Parameters, Stack, grouped
from quantal.train.optimizers import Optimizer
from quantal.train.parity_config import ParityConfig
from quantal.train.parity_data import Batch, DataSet, Stream, evaluation_samples, subsets
from quantal.train.parity_result import ParityResult


@dataclass
class Stopwatch:
    """What a training took: CPU seconds of data, training and evaluation, seconds of the clock, steps, and which loops ran
    ("numba" or "numpy"). Compiling the loops is not counted.
    """

    cpu_seconds: dict[str, float] = field(default_factory=lambda: {"data": 0.0, "training": 0.0, "evaluation": 0.0})
    seconds: float = 0.0
    steps: int = 0
    kernels: str = ""

    @property
    def steps_per_second(self) -> float:
        """Steps a second of the clock, data and evaluation included."""
        return self.steps / self.seconds

    @property
    def steps_per_cpu_second(self) -> float:
        """Steps a CPU second, data and evaluation included; whatever else the machine does hardly moves it."""
        return self.steps / sum(self.cpu_seconds.values())

    @contextmanager
    def timing(self, part: str) -> Any:
        """Add what the block takes to a part."""
        began, clock = time.process_time(), time.perf_counter()
        yield
        self.cpu_seconds[part] += time.process_time() - began
        self.seconds += time.perf_counter() - clock


def train_parity(
    config: ParityConfig,
    *,
    checkpoint: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
    stopwatch: Stopwatch | None = None,
    compiled: bool | None = None,
) -> ParityResult:
    """Train every network of the config on its shared batches and measure each task's loss along the way.

    The result is a function of the config alone: a training that was interrupted and goes on from its checkpoint gives the same
    numbers as one that was not.

    Args:
        checkpoint: a file (.npz) that is written once a minute and at an interruption, read when it exists, and removed at the end.
        progress: is told (steps done, steps in all).
        stopwatch: collects the time of data, training and evaluation.
        compiled: True or False to require or refuse numba; None takes it where it is installed (`pip install "quantal[train]"`).

    Raises:
        DataError: the checkpoint is of another config, or no checkpoint.
        InputError: the config needs more memory than there is, or the folder of the checkpoint is missing.

    >>> result = train_parity(ParityConfig(tasks=3, bits=8, k=1, widths=(16,), batch_size=200, steps=300, learning_rates=(1e-2,)))
    >>> result.learned_count()
    array([3])
    """
    try:
        training = _Training(config, kernels(compiled, config.dtype), stopwatch or Stopwatch())
        return trained(training, config.steps, checkpoint, progress)
    except MemoryError as error:
        raise InputError(
            f"batch_size = {config.batch_size}, samples = {config.samples}, widths = {config.widths}: they need more memory than this "
            f"machine gives ({error}); write smaller ones"
        ) from None


def parity_networks(
    config: ParityConfig, *, progress: Progress | None = None, compiled: bool | None = None
) -> tuple[ParityResult, tuple[Parameters, ...]]:
    """Train as `train_parity` does; the result, and the weights of every network of `config.nets` at the last step.

    Weights by name: bits (n, w), task (T, w) and bias (1, w) of the first layer, hidden1 (w, w), hidden1_bias (1, w) and so on, out
    (2, w), out_bias (2, 1). A sample's pre-activations are bits @ its bits + task[its task] + bias.

    >>> config = ParityConfig(tasks=3, bits=8, k=1, widths=(16, 8), batch_size=200, steps=20)
    >>> [weights["bits"].shape for weights in parity_networks(config)[1]]
    [(8, 16), (8, 8)]
    """
    training = _Training(config, kernels(compiled, config.dtype), Stopwatch())
    while not training.done:
        training.advance()
        if progress is not None:
            progress(training.step, config.steps)
    return training.result(), tuple(training.networks())


class _Training:
    """The state between two steps."""

    def __init__(self, config: ParityConfig, loops: Kernels, watch: Stopwatch) -> None:
        self.config = config
        chosen = subsets(config)
        self._source = Stream(config, chosen) if config.samples is None else DataSet(config, chosen)
        self._evaluated: Batch = evaluation_samples(config, chosen)
        self._at = config.evaluation_steps
        shape = (len(config.nets), self._at.size, config.tasks)
        self._losses, self._accuracies = np.full(shape, np.nan, np.float32), np.full(shape, np.nan, np.float32)
        self._rises = np.zeros(shape[0], dtype=np.int64)
        self._counted = np.zeros(shape[0], dtype=np.int64)
        self._filled = 0
        self._optimizers = [Optimizer(Stack.initial(config, nets, loops)) for nets in grouped(config.nets)]
        self.watch = watch
        watch.kernels = loops.name

    @property
    def step(self) -> int:
        return self._optimizers[0].step

    @property
    def done(self) -> bool:
        return self.step >= self.config.steps or bool(np.all(self._stopped))

    @property
    def _stopped(self) -> NDArray[np.bool_]:
        if self.config.samples is None:
            return np.zeros(self._rises.size, dtype=bool)
        return self._rises >= self.config.patience

    def advance(self) -> None:
        with self.watch.timing("data"):
            batch = self._source.batch(self.step)
        with self.watch.timing("training"):
            for optimizer in self._optimizers:
                optimizer.stack.loss_gradient(batch)
                optimizer.update()
        self.watch.steps += 1
        if self.step == self._at[self._filled]:
            with self.watch.timing("evaluation"):
                self._evaluate()

    def _evaluate(self) -> None:
        config = self.config
        sign = 1 - 2 * self._evaluated.labels.astype(self.config.dtype)
        margin = np.concatenate([one.stack.margins(self._evaluated) for one in self._optimizers]) * sign
        shape = (len(config.nets), config.tasks, config.evaluation_samples)
        i = self._filled
        wrong = np.log1p(np.exp(-np.abs(margin, dtype=np.float64)))
        wrong += np.maximum(margin, 0)
        self._losses[:, i] = wrong.reshape(shape).mean(axis=2)
        self._accuracies[:, i] = (margin < 0).reshape(shape).mean(axis=2)
        running = ~self._stopped
        self._counted[running] = i + 1
        if i:
            before, now = (self._losses[:, j].astype(float) @ config.probabilities for j in (i - 1, i))
            self._rises[running] = np.where(now > before, self._rises + 1, 0)[running]
        self._filled = i + 1

    def result(self) -> ParityResult:
        losses, accuracies = self._losses[:, : self._filled], self._accuracies[:, : self._filled]
        p = self.config.probabilities
        steps = self._at[: self._filled]
        overall = losses.astype(float) @ p, accuracies.astype(float) @ p
        return ParityResult(self.config, steps, *overall, losses, accuracies, self._counted)

    def networks(self) -> list[Parameters]:
        return [one for optimizer in self._optimizers for one in optimizer.stack.separate()]

    def save(self, path: Path) -> None:
        arrays = {
            "step": np.array(self.step),
            "filled": np.array(self._filled),
            "losses": self._losses,
            "accuracies": self._accuracies,
            "rises": self._rises,
            "counted": self._counted,
        }
        write_checkpoint(path, {"config": self.config.key()}, arrays | self._state())

    def load(self, path: Path) -> None:
        arrays = read_checkpoint(path, {"config": self.config.key()}, "parity")
        self._filled = int(arrays["filled"])
        self._losses, self._accuracies = arrays["losses"], arrays["accuracies"]
        self._rises, self._counted = arrays["rises"], arrays["counted"]
        for name, one in self._state().items():
            one[...] = arrays[name]
        for optimizer in self._optimizers:
            optimizer.step = int(arrays["step"])

    def _state(self) -> dict[str, NDArray[Any]]:
        """Weights and moments of every group, by name; the arrays themselves."""
        return {
            f"{kind}:{group}:{name}": one
            for group, optimizer in enumerate(self._optimizers)
            for kind, values in (("parameter", optimizer.stack.parameters), ("moment", optimizer.moments))
            for name, one in values.items()
        }
