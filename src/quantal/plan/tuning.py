"""Learning rate and batch size for a planned run, with the range that their law was fitted on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from quantal.errors import InputError
from quantal.laws import get_law

RANGES = {"params": (6e7, 1.07e9), "tokens": (2e9, 1e11)}
"""Sizes without embeddings and tokens on which the step law was fitted: Li et al. 2025, dense models of 60M to 1B."""


@dataclass(frozen=True)
class Tuning:
    """Learning rate and batch size (tokens) for a size and its data; ``outside`` names what lies beyond the law's range."""

    params: float
    tokens: float
    learning_rate: float
    batch_size: float
    outside: tuple[str, ...]
    source: str

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON, with the range of the law."""
        return dict(vars(self)) | {
            "outside": list(self.outside),
            "range": {key: list(ends) for key, ends in RANGES.items()},
        }


def tuning(params: float, tokens: float) -> Tuning:
    r"""The step law: learning rate 1.79 N^-0.713 D^0.307, batch size 0.58 D^0.571 tokens; N without embeddings.

    It was fitted on AdamW and a cosine schedule, at the sizes in `RANGES`: beyond them it is an extrapolation, and said so.

    Source: Li et al. 2025 (arXiv 2503.04715).

    Raises:
        InputError: a size is not above zero.

    >>> found = tuning(1e9, 1e11)
    >>> f"{found.learning_rate:.2g} {found.batch_size:.2g}", found.outside
    ('0.0016 1.1e+06', ())
    >>> tuning(1e6, 1e11).outside
    ('params',)
    """
    given = {"params": params, "tokens": tokens}
    for name, value in given.items():
        if not 0 < value < float("inf"):
            raise InputError(f"{name} = {value!r}: must be finite and above zero")
    rate, batch = get_law("step_learning_rate"), get_law("step_batch_size")
    constants = (rate.published["Li et al. 2025"], batch.published["Li et al. 2025"])
    return Tuning(
        params=float(params),
        tokens=float(tokens),
        learning_rate=float(rate(params=params, tokens=tokens, **constants[0])),
        batch_size=float(batch(tokens=tokens, **constants[1])),
        outside=tuple(name for name, value in given.items() if not RANGES[name][0] <= value <= RANGES[name][1]),
        source=rate.source,
    )
