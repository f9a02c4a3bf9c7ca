"""Claim: what was predicted, what was measured, and whether the one agrees with the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Verdict = Literal["holds", "fails", "undecided"]
ERRORS = 3.0


@dataclass(frozen=True)
class Claim:
    """A statement that a measurement can contradict.

    predicted holds a value under the name of each prediction; the first is the claim's own, the others are its rivals'. interval is
    what the measurement allows (3 standard errors either way, or the tolerance that the claim states); None where that is unknown.
    """

    claim: str
    predicted: Mapping[str, float]
    measured: float | None
    interval: tuple[float, float] | None
    standard_error: float | None
    verdict: Verdict

    def to_dict(self) -> dict[str, Any]:
        """Plain data: claim, predicted, measured, interval, standard_error, verdict."""
        return {
            "claim": self.claim,
            "predicted": dict(self.predicted),
            "measured": self.measured,
            "interval": None if self.interval is None else list(self.interval),
            "standard_error": self.standard_error,
            "verdict": self.verdict,
        }


def judged(
    claim: str,
    predicted: Mapping[str, float],
    measured: float,
    *,
    standard_error: float | None = None,
    tolerance: float | None = None,
    interval: tuple[float, float] | None = None,
) -> Claim:
    """A claim with its verdict: holds where the interval keeps the first prediction and no other, undecided where it keeps a rival's
    too or is unknown, fails where it excludes the first.

    Args:
        standard_error: makes the interval 3 of them either way.
        tolerance: makes it so much either way, absolute; for a measurement without chance.
        interval: as it is, for an interval of another kind.

    >>> judged("water boils at 100 C", {"textbook": 100.0, "rival": 90.0}, 99.8, standard_error=0.2).verdict
    'holds'
    >>> judged("water boils at 100 C", {"textbook": 100.0}, 98.0, tolerance=1.0).verdict
    'fails'
    """
    half = ERRORS * standard_error if standard_error is not None else tolerance
    if interval is None and half is not None:
        interval = (measured - half, measured + half)
    return Claim(claim, dict(predicted), measured, interval, standard_error, _verdict(predicted, interval))


def _verdict(predicted: Mapping[str, float], interval: tuple[float, float] | None) -> Verdict:
    if interval is None:
        return "undecided"
    kept = [interval[0] <= value <= interval[1] for value in predicted.values()]
    if not kept[0]:
        return "fails"
    return "undecided" if any(kept[1:]) else "holds"
