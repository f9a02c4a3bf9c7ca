"""How long a parity study takes on this machine, measured before it starts."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from quantal.train import ParityConfig, ParityPreset, Stopwatch, train_parity
from quantal.train.parity_presets import work
from quantal.train.sweep import cores

_SIZE = 1024
_SECONDS = 1.0
_MOST_STEPS = 200


@dataclass(frozen=True)
class StudyEstimate:
    """What a study takes on so many workers, and what the matrix products of dense networks alone would take at this core's rate.

    stream_seconds are the trainings on a stream (for N and S), stream_matrix_seconds their dense products alone; data_seconds those on
    finite data if none of them stops early, the most they can take.
    """

    flops_per_second: float
    workers: int
    stream_seconds: float
    stream_matrix_seconds: float
    data_seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Plain data, in hours."""
        return {
            "flops_per_second": self.flops_per_second,
            "workers": self.workers,
            "stream_hours_expected": self.stream_seconds / 3600,
            "stream_hours_at_matrix_rate": self.stream_matrix_seconds / 3600,
            "data_hours_at_most": self.data_seconds / 3600,
        }

    def __str__(self) -> str:
        found = self.to_dict()
        return (
            f"On {self.workers} workers the trainings on a stream (N and S) take about {_hours(found['stream_hours_expected'])} (the "
            f"matrix products of dense networks alone: {_hours(found['stream_hours_at_matrix_rate'])} at "
            f"{self.flops_per_second / 1e9:.0f} GFLOP/s a core), those on finite data (D) at most "
            f"{_hours(found['data_hours_at_most'])}: they stop early."
        )


def estimate(preset: ParityPreset, workers: int | None = None) -> StudyEstimate:
    """Time some steps of one training of each sort for a second or two, and scale them to the preset; workers: None, one a core."""
    workers = workers or cores()
    rate = matrix_rate()
    flops = [work(config) for config in preset.sizes]
    stream, data = (_seconds(configs) for configs in (preset.sizes, preset.data))
    return StudyEstimate(
        rate, workers, _shared(stream, workers), _shared(flops, workers) / rate, _shared(data, workers)
    )


def _shared(each: Sequence[float], workers: int) -> float:
    """The time of trainings on several processes: their share of all, or the longest of them."""
    return max(sum(each) / workers, max(each, default=0.0))


def _seconds(configs: Sequence[ParityConfig]) -> list[float]:
    """CPU seconds of each training, from some steps of the one with the most work a step (of those, the smallest data set)."""
    if not configs:
        return []
    timed = max(configs, key=lambda config: (work(config) / config.steps, -(config.samples or 0)))
    step, evaluation = measured(timed, _SECONDS)
    evaluations = evaluation * len(timed.evaluation_steps)
    each = (step * timed.steps + evaluations) / work(timed)
    return [each * work(config) for config in configs]


def measured(config: ParityConfig, seconds: float) -> tuple[float, float]:
    """CPU seconds of a step and of an evaluation, over about so many seconds of training."""
    warm = _stopwatch(config, 1)
    steps = seconds / max(1e-4, sum(warm.cpu_seconds.values()))
    watch = _stopwatch(config, int(np.clip(steps, 2, min(_MOST_STEPS, config.steps))))
    spent = watch.cpu_seconds
    return (spent["data"] + spent["training"]) / watch.steps, spent["evaluation"]


def _stopwatch(config: ParityConfig, steps: int) -> Stopwatch:
    watch = Stopwatch()
    train_parity(dataclasses.replace(config, steps=steps, evaluate_every=steps), stopwatch=watch)
    return watch


def matrix_rate(dtype: str = "float32", seconds: float = 0.5) -> float:
    """FLOPs a CPU second in large matrix products, over as many as fit in the time."""
    a = np.random.default_rng(0).random((_SIZE, _SIZE)).astype(dtype)
    out, count = np.empty_like(a), 0
    began = time.process_time()
    while time.process_time() - began < seconds:
        np.matmul(a, a, out=out)
        count += 1
    return 2.0 * _SIZE**3 * count / (time.process_time() - began)


def _hours(hours: float) -> str:
    return (
        f"{60 * hours:.1f} minutes" if hours < 1 else f"{hours:.1f} hours" if hours < 48 else f"{hours / 24:.1f} days"
    )
