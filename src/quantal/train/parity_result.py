"""ParityResult: what a training on multitask sparse parity measured, as arrays."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quantal.runs import Runs
from quantal.train.parity_config import ParityConfig

LEARNED_BELOW = 0.1
UNLEARNED_LOSS = math.log(2)

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class ParityResult:
    """Losses in nats and accuracies of every network at every evaluation.

    Shapes, for R networks (`config.nets`), E evaluations and T tasks: steps (E,), loss and accuracy (R, E), subtask_loss and
    subtask_accuracy (R, E, T), evaluations (R,), which counts those before a network stopped early (E where it did not).
    """

    config: ParityConfig
    steps: NDArray[np.int64]
    loss: Floats
    accuracy: Floats
    subtask_loss: Floats
    subtask_accuracy: Floats
    evaluations: NDArray[np.int64]

    @property
    def samples_seen(self) -> NDArray[np.int64]:
        """Samples trained on, repeats included, at each evaluation; shape (E,)."""
        return self.steps * self.config.batch_size

    @property
    def counted(self) -> NDArray[np.int64]:
        """The evaluation that counts for each network, shape (R,): the lowest loss before it stopped for finite data, else the last."""
        if self.config.samples is None:
            return self.evaluations - 1
        seen = np.arange(self.steps.size) < self.evaluations[:, None]
        return np.argmin(np.where(seen, self.loss, np.inf), axis=1)

    @property
    def final_loss(self) -> Floats:
        """The overall loss in nats at the evaluation that counts, shape (R,)."""
        return np.take_along_axis(self.loss, self.counted[:, None], axis=1)[:, 0]

    @property
    def final_subtask_loss(self) -> Floats:
        """Each task's loss in nats at the evaluation that counts, shape (R, T)."""
        return np.take_along_axis(self.subtask_loss, self.counted[:, None, None], axis=1)[:, 0]

    def learned_steps(self, below: float = LEARNED_BELOW) -> NDArray[np.float64]:
        """The first evaluated step at which each task's loss is below so many nats, shape (R, T); NaN where it never is."""
        under = self.subtask_loss < below
        return np.where(under.any(axis=1), self.steps[np.argmax(under, axis=1)], np.nan)

    def learned_samples(self, below: float = LEARNED_BELOW) -> NDArray[np.float64]:
        """`learned_steps` in samples seen, shape (R, T)."""
        return self.learned_steps(below) * self.config.batch_size

    def learned_widths(self, below: float = LEARNED_BELOW) -> NDArray[np.float64]:
        """The smallest width whose networks learn each task, in the mean of their final losses, shape (T,); NaN where none does."""
        widths = np.array(sorted(set(self.config.widths)))
        width_of = np.array([net.width for net in self.config.nets])
        means = np.array([self.final_subtask_loss[width_of == width].mean(axis=0) for width in widths])
        under = means < below
        return np.where(under.any(axis=0), widths[np.argmax(under, axis=0)].astype(float), np.nan)

    def learned_count(self, below: float = LEARNED_BELOW) -> NDArray[np.int64]:
        """How many tasks each network has learned at the evaluation that counts, shape (R,)."""
        return np.sum(self.final_subtask_loss < below, axis=1)

    def to_runs(self) -> Runs:
        """One row for each network at each evaluation before it stopped: params, steps, tokens (samples seen), loss, accuracy, width."""
        net, at = np.nonzero(np.arange(self.steps.size) < self.evaluations[:, None])
        nets = self.config.nets
        return Runs.from_columns(
            {
                "params": np.array([float(self.config.params(one.width)) for one in nets])[net],
                "steps": self.steps[at].astype(float),
                "tokens": self.samples_seen[at].astype(float),
                "batch_size": np.full(net.size, float(self.config.batch_size)),
                "loss": self.loss[net, at].astype(float),
                "accuracy": self.accuracy[net, at].astype(float),
                "width": np.array([float(one.width) for one in nets])[net],
                "net_seed": np.array([float(one.seed) for one in nets])[net],
                "learning_rate": np.array([one.learning_rate for one in nets])[net],
            },
            source="multitask sparse parity",
            units={"tokens": "samples", "loss": "nats"},
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything but the config, by name; `from_arrays` is the inverse."""
        return {name: getattr(self, name) for name in _ARRAYS}

    @classmethod
    def from_arrays(cls, config: ParityConfig, arrays: Mapping[str, NDArray[Any]]) -> ParityResult:
        """The result whose `arrays` these are."""
        return cls(config, **{name: np.asarray(arrays[name]) for name in _ARRAYS})

    def summary(self) -> dict[str, Any]:
        """Plain numbers for JSON: one entry a network with its width, seed, learning rate, params, steps, loss, accuracy, learned tasks."""
        learned = self.learned_count()
        return {
            "nets": [
                {
                    **net._asdict(),
                    "params": self.config.params(net.width),
                    "steps": int(self.steps[self.counted[i]]),
                    "loss": float(self.final_loss[i]),
                    "accuracy": float(self.accuracy[i, self.counted[i]]),
                    "learned_tasks": int(learned[i]),
                }
                for i, net in enumerate(self.config.nets)
            ]
        }

    def __repr__(self) -> str:
        losses = ", ".join(f"{one:.4g}" for one in self.final_loss[:4]) + (", ..." if self.final_loss.size > 4 else "")
        return (
            f"ParityResult({len(self.config.nets)} networks, {self.config.tasks} tasks, {int(self.steps[-1])} steps; "
            f"loss {losses} nats; learned tasks {', '.join(map(str, self.learned_count()[:4]))})"
        )


_ARRAYS = ("steps", "loss", "accuracy", "subtask_loss", "subtask_accuracy", "evaluations")
