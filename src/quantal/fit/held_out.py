"""Which runs are held out: the dearest share, each size or label in turn, or those beyond several cutoffs in cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from quantal.errors import DataError
from quantal.laws.law import Floats
from quantal.runs import Runs

FACTORS = (2.5, 6.5, 20.0)
"""By how much rolling cutoffs lie below the highest cost."""
FEWEST = 8


def cost_order(runs: Runs) -> tuple[np.ndarray, str]:
    """What runs are ordered by (n,): compute if there, else tokens, params, steps or the first numeric input.

    Raises:
        DataError: the runs have no column of that kind.
    """
    for name in ("compute", "tokens", "params", "steps"):
        if name in runs:
            return np.asarray(runs[name], dtype=float), name
    for column in runs.columns:
        if column.role == "value":
            return np.asarray(runs[column.name], dtype=float), column.name
    raise DataError(
        f"{runs.source}: no column of size, data, steps or compute by which the dearest runs could be held out"
    )


def rolling_cutoffs(size: Floats, factors: Sequence[float] = FACTORS, fewest: int = FEWEST) -> tuple[np.ndarray, ...]:
    """Masks (n,) of the runs above each cutoff, a factor below the highest cost ``size`` (n,).

    Cutoffs that leave fewer than ``fewest`` runs below, or none above, are left out, and so are repeated ones.

    >>> [int(one.sum()) for one in rolling_cutoffs(2.0 ** np.arange(12))]
    [2, 3]
    """
    found: list[np.ndarray] = []
    for factor in factors:
        above = size > size.max() / factor * (1 + 1e-9)
        if above.any() and (~above).sum() >= fewest and all((above != one).any() for one in found):
            found.append(above)
    return tuple(found)


class Folds(NamedTuple):
    """What is held out: masks (n,) of the runs left out in turn, in words, how many in all, and what orders the runs."""

    masks: tuple[np.ndarray, ...]
    text: str
    held_out: int
    by: str


def folds(table: Runs, leave_out: str = "scale", share: float = 0.2) -> Folds:
    """The runs to leave out: the dearest share ("scale"), each model size ("size"), or each value of a label.

    Raises:
        DataError: nothing is left to fit, or to predict.

    >>> from quantal.runs import read_runs
    >>> table = read_runs({"params": [1e6, 1e7, 1e7, 1e8], "loss": [4.0, 3.5, 3.4, 3.1]})
    >>> folds(table, "size").text, [int(one.sum()) for one in folds(table, "size").masks]
    ('the runs of each of 3 sizes, predicted from the others', [1, 2, 1])
    """
    if leave_out == "scale":
        size, by = cost_order(table)
        above = _dearest(table, size, share)
        out, rest = int(above.sum()), int((~above).sum())
        text = f"the {out} run{'s' * (out > 1)} with the most {by}, predicted from the {rest} other{'s' * (rest > 1)}"
        return Folds((above,), text, int(above.sum()), by)
    name = "params" if leave_out == "size" else leave_out
    if name not in table:
        raise DataError(
            f"{table.source}: there is no column {name!r} among {', '.join(table.names)} whose values could be left out in "
            "turn; leave out 'scale', 'size' or a label"
        )
    values = np.asarray(table[name])
    kinds = np.unique(values)
    if len(kinds) < 2:
        raise DataError(f"{table.source}: all runs share one {name}, so none can be predicted from others")
    what = "sizes" if leave_out == "size" else f"values of {name}"
    text = f"the runs of each of {len(kinds)} {what}, predicted from the others"
    return Folds(tuple(values == one for one in kinds), text, len(values), name)


def _dearest(table: Runs, size: np.ndarray, share: float) -> np.ndarray:
    count = max(1, round(share * len(table)))
    limit = np.sort(size)[-count]
    above = size >= limit * (1 + 1e-9) if np.sum(size >= limit) > 2 * count else size >= limit * (1 - 1e-9)
    if not above.any() or above.all():
        raise DataError(
            f"{table.source}: the dearest runs cannot be held out, for {int(np.sum(size >= limit))} of {len(table)} runs share the "
            "highest cost; a comparison needs runs of different compute"
        )
    return above
