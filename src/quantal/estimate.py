"""Estimate: a number with its intervals, written the same way everywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from quantal.errors import InputError


@dataclass(frozen=True)
class Estimate:
    """A value with intervals by level in percent; what is unknown is None, with a reason.

    >>> e = Estimate(0.35, {95.0: (0.31, 0.38)})
    >>> e
    0.35 (95%: 0.31 to 0.38)
    >>> e.to_dict()
    {'value': 0.35, 'intervals': {'95': [0.31, 0.38]}}
    """

    value: float | None
    intervals: Mapping[float, tuple[float, float]] = field(default_factory=dict)
    reason: str | None = None

    def interval(self, level: float = 95.0) -> tuple[float, float] | None:
        """The interval of one level in percent, or None where it is unknown."""
        return self.intervals.get(float(level))

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON: ``{"value": ..., "intervals": {"95": [low, high]}}``, with ``reason`` where there is one."""
        out: dict[str, Any] = {
            "value": self.value,
            "intervals": {f"{level:g}": [low, high] for level, (low, high) in self.intervals.items()},
        }
        if self.reason is not None:
            out["reason"] = self.reason
        return out

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Estimate:
        """The inverse of `to_dict`."""
        intervals = {float(level): (float(ends[0]), float(ends[1])) for level, ends in data["intervals"].items()}
        return cls(data["value"], intervals, data.get("reason"))

    @classmethod
    def from_draws(cls, value: float | None, draws: ArrayLike, levels: Sequence[float] = (95.0,)) -> Estimate:
        """Percentile intervals of draws (shape (R,)); draws that are not finite make the interval unknown.

        Raises:
            InputError: a level is not between 0 and 100.
        """
        array = np.asarray(draws, dtype=float).ravel()
        check_levels(levels)
        if array.size == 0:
            return cls(value, {}, "no draws: ask for a bootstrap")
        bad = int(np.sum(~np.isfinite(array)))
        if bad:
            return cls(value, {}, f"{bad} of {array.size} draws are not finite")
        intervals: dict[float, tuple[float, float]] = {}
        for level in levels:
            low, high = np.percentile(array, [50 - level / 2, 50 + level / 2])
            intervals[float(level)] = (float(low), float(high))
        return cls(value, intervals)

    def __repr__(self) -> str:
        if self.value is None:
            return f"unknown ({self.reason})"
        text = f"{self.value:.6g}"
        for level, (low, high) in self.intervals.items():
            text += f" ({level:g}%: {low:.4g} to {high:.4g})"
        return text


def check_levels(levels: Sequence[float]) -> None:
    """Raise InputError unless every level lies strictly between 0 and 100 percent."""
    for level in levels:
        if not 0 < level < 100:
            raise InputError(
                f"level {level!r}: an interval's level is a percentage between 0 and 100; write 95 for 95 %"
            )
