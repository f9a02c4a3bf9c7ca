"""Published exponents read against the hypothesis, as the table has them and with its two errors set right."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import special

from quantal.errors import DataError
from quantal.reproduce.claim import Claim, Verdict, judged

TABLE = "literature_exponents.csv"
ROSENFELD = "A Constructive Prediction of the Generalization Error Across Scales"
ARDALANI = "Understanding Scaling Laws for Recommendation Models"
_RESAMPLES = 4000

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Pair:
    """Exponents in params and data that one source gives for one task."""

    paper: str
    task: str
    params: float
    data: float

    @property
    def quanta(self) -> float:
        """The alpha_D that the hypothesis predicts from alpha_N: alpha_N / (1 + alpha_N)."""
        return self.params / (1 + self.params)

    @property
    def swapped(self) -> Pair:
        """With the two exponents exchanged."""
        return replace(self, params=self.data, data=self.params)


def literature(folder: str | os.PathLike[str] | None = None, seed: int = 0) -> tuple[Claim, ...]:
    """The published pairs of exponents against alpha_D = alpha_N/(1+alpha_N), in two readings.

    "as published": Epoch's table of scaling laws as it stands, and in the paper's scatter plot (notebook scaling-exponents-scatter)
    the axes of the recommendation models exchanged. "corrected": that pair by the table's own labels, and Rosenfeld et al.'s alpha
    given to data and beta to params, since their n is the size of the data and their m that of the model (2020, eq. 4). The table
    states no errors, so no single pair decides anything; shares and medians over pairs do.

    Args:
        folder: where literature_exponents.csv lies; unless given, the environment variable QUANTAL_DATA.
        seed: for the intervals, which resample papers.

    Raises:
        DataError: the folder is unknown, or the table is not there or holds no pairs.
    """
    pairs = read_pairs(folder)
    published = [pair.swapped if pair.paper == ARDALANI else pair for pair in pairs]
    corrected = [pair.swapped if pair.paper == ROSENFELD else pair for pair in pairs]
    claims = []
    for name, reading in (("as published", published), ("corrected", corrected)):
        claims += _together(name, reading, seed)
    for before, after in zip(published, corrected, strict=True):
        readings = [("as published", before), ("corrected", after)] if before != after else [("", before)]
        claims += [_alone(pair, name) for name, pair in readings]
    return tuple(claims)


def read_pairs(folder: str | os.PathLike[str] | None = None) -> list[Pair]:
    """Pairs of exponents in params and data: laws in both, or a law in each where a paper gives no joint one; in the table's order.

    Raises:
        DataError: the folder is unknown, or the table is not there or holds no pairs.
    """
    place = folder if folder is not None else os.environ.get("QUANTAL_DATA")
    if place is None:
        raise DataError(
            f"QUANTAL_DATA is unset: the published exponents are not part of quantal; "
            f"set it to the folder that holds {TABLE}"
        )
    path = Path(place) / TABLE
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}; QUANTAL_DATA must be the folder that holds {TABLE}") from None
    joint = [
        Pair(row["paper"], _task(row), float(row["exponent_1"]), float(row["exponent_2"]))
        for row in rows
        if (row.get("scaling_variable_1"), row.get("scaling_variable_2")) == ("Parameters", "Data")
        and row["exponent_1"]
        and row["exponent_2"]
    ]
    done = {pair.paper for pair in joint}
    pairs = joint + _single([row for row in rows if row.get("paper") not in done])
    if not pairs:
        raise DataError(f"{path}: no pair of exponents in params and data; it needs the columns of Epoch's table")
    return pairs


def _single(rows: list[dict[str, str]]) -> list[Pair]:
    found: dict[tuple[str, str], dict[str, float]] = {}
    for row in rows:
        if (
            row.get("scaling_variable_1") in ("Parameters", "Data")
            and not row["scaling_variable_2"]
            and row["exponent_1"]
        ):
            found.setdefault((row["paper"], _task(row)), {})[row["scaling_variable_1"]] = float(row["exponent_1"])
    return [Pair(paper, task, one["Parameters"], one["Data"]) for (paper, task), one in found.items() if len(one) == 2]


def _task(row: dict[str, str]) -> str:
    return ", ".join(part for part in (row["task"], row["task_details"]) if part)


def _alone(pair: Pair, reading: str) -> Claim:
    label = f" ({reading})" if reading else ""
    return judged(
        f"alpha_D of {pair.paper}: {pair.task}{label}",
        {"alpha_N/(1+alpha_N)": pair.quanta, "equal exponents": pair.params},
        pair.data,
    )


def _together(reading: str, pairs: Sequence[Pair], seed: int) -> list[Claim]:
    rosenfeld = [pair for pair in pairs if pair.paper == ROSENFELD]
    claims = [_most(f"most pairs have alpha_D < alpha_N ({reading}: {len(pairs)} pairs)", pairs)]
    if rosenfeld:
        text = f"most pairs of Rosenfeld et al. have alpha_D < alpha_N ({reading}: {len(rosenfeld)} pairs)"
        claims.append(_most(text, rosenfeld))
    ratio = _resampled(pairs, lambda chosen: float(np.median(_ratios(chosen))), seed)
    claims.append(
        judged(
            f"alpha_D (1+alpha_N)/alpha_N is 1 in the median ({reading}; 95 %, papers resampled)",
            {"quanta": 1.0, "equal exponents": float(np.median([1 + pair.params for pair in pairs]))},
            float(np.median(_ratios(pairs))),
            interval=ratio,
        )
    )
    gain = _resampled(pairs, _gain, seed)
    claims.append(
        _above(
            f"alpha_N/(1+alpha_N) predicts alpha_D better than alpha_N does, in rms log error ({reading}; 95 %, papers resampled)",
            0.0,
            _gain(pairs),
            gain,
        )
    )
    return claims


def _ratios(pairs: Sequence[Pair]) -> Floats:
    return np.array([pair.data / pair.quanta for pair in pairs])


def _gain(pairs: Sequence[Pair]) -> float:
    """How much smaller the rms log error of the hypothesis is than that of equal exponents."""
    equal = np.log([pair.data / pair.params for pair in pairs])
    return float(np.sqrt(np.mean(equal**2)) - np.sqrt(np.mean(np.log(_ratios(pairs)) ** 2)))


def _resampled(pairs: Sequence[Pair], value: Callable[[Sequence[Pair]], float], seed: int) -> tuple[float, float]:
    """The 95 % interval of a value when papers are drawn with replacement, each with all its pairs."""
    papers = list(dict.fromkeys(pair.paper for pair in pairs))
    members = [[pair for pair in pairs if pair.paper == paper] for paper in papers]
    rng = np.random.default_rng(seed)
    draws = [
        value([pair for paper in rng.integers(len(papers), size=len(papers)) for pair in members[paper]])
        for _ in range(_RESAMPLES)
    ]
    low, high = np.percentile(draws, [2.5, 97.5])
    return float(low), float(high)


def _most(claim: str, pairs: Sequence[Pair]) -> Claim:
    """More than half lie below equal exponents, with the exact (Clopper-Pearson) 95 % interval of the share."""
    count, below = len(pairs), sum(pair.data < pair.params for pair in pairs)
    low = float(special.betaincinv(below, count - below + 1, 0.025)) if below else 0.0
    high = float(special.betaincinv(below + 1, count - below, 0.975)) if below < count else 1.0
    return _above(claim, 0.5, below / count, (low, high))


def _above(claim: str, limit: float, measured: float, interval: tuple[float, float]) -> Claim:
    verdict: Verdict = "holds" if interval[0] > limit else "fails" if interval[1] < limit else "undecided"
    return Claim(claim, {"more than": limit}, measured, interval, None, verdict)
