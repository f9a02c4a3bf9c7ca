"""How long a parity study takes on this machine, measured before it starts."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from quantal.train import ParityPreset
from quantal.train.parity_presets import work
from quantal.train.sweep import cores

_SIZE = 1024


@dataclass(frozen=True)
class StudyEstimate:
    """FLOPs of the matrix products, the measured rate of one core, and the seconds that these alone take on so many workers.

    stream_seconds are the trainings on a stream (for N and S); data_seconds those on finite data if none of them stops early, the
    most they can take. expected_factor is what all else adds to the products: loops, data, evaluation.
    """

    flops_per_second: float
    workers: int
    stream_seconds: float
    data_seconds: float
    expected_factor: float = 1.3

    def to_dict(self) -> dict[str, Any]:
        """Plain data, with the expected hours."""
        return {
            "flops_per_second": self.flops_per_second,
            "workers": self.workers,
            "stream_hours_at_matrix_rate": self.stream_seconds / 3600,
            "stream_hours_expected": self.expected_factor * self.stream_seconds / 3600,
            "data_hours_at_most": self.expected_factor * self.data_seconds / 3600,
        }

    def __str__(self) -> str:
        found = self.to_dict()
        return (
            f"At {self.flops_per_second / 1e9:.0f} GFLOP/s a core and {self.workers} workers the trainings on a stream (N and S) take "
            f"about {_hours(found['stream_hours_expected'])} ({_hours(found['stream_hours_at_matrix_rate'])} for matrix products "
            f"alone), those on finite data (D) at most {_hours(found['data_hours_at_most'])}: they stop early."
        )


def estimate(preset: ParityPreset, workers: int | None = None) -> StudyEstimate:
    """Measure this core's rate of matrix products in a second, and divide the preset's work by it; workers: None, one a core."""
    workers = workers or cores()
    rate = matrix_rate()
    streams, data = (sum(work(config) for config in configs) for configs in (preset.sizes, preset.data))
    longest = max(work(config) for config in preset.sizes)
    return StudyEstimate(rate, workers, max(streams / workers, longest) / rate, data / workers / rate)


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
