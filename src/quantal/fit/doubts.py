"""What in a table speaks against any scaling law of it: mixed sources, a target that rises, a score given as loss."""

from __future__ import annotations

import numpy as np

from quantal.errors import DataError
from quantal.fit.diagnostics import ranks
from quantal.fit.held_out import cost_order
from quantal.runs import Runs

MIXED = ("tokenizer", "dataset", "data_set", "train_dataset", "corpus", "eval_set", "loss_kind", "task")
RISES = 0.3
FEWEST = 5
FEW = 3


def few(count: int, parameters: int, what: str = "runs") -> list[str]:
    """What to say of a law of so many parameters on so few points, if anything.

    >>> few(3, 2)
    ['3 runs barely outnumber the 2 parameters: the law passes near them whatever they are, and nothing tests it; add runs']
    >>> few(4, 2)
    []
    """
    if count > FEW:
        return []
    return [
        f"{count} {what} barely outnumber the {parameters} parameters: the law passes near them whatever they are, and nothing "
        f"tests it; add {what}"
    ]


def rises(x: np.ndarray, values: np.ndarray) -> float | None:
    """The rank correlation of a loss with x, where that says that it rises; None else, or of fewer than five points."""
    if len(x) < FEWEST:
        return None
    rank = _rank_correlation(x, values)
    return rank if rank > RISES else None


def doubts(runs: Runs, target: str, cost: np.ndarray, by: str) -> list[str]:
    """Sentences on labels that make losses incomparable, and on a target that rises with cost (n,).

    >>> from quantal.runs import read_runs
    >>> table = read_runs({"params": [1e6, 1e7, 1e8, 1e9, 1e10], "loss": [0.2, 0.3, 0.5, 0.6, 0.7]})
    >>> doubts(table, "loss", table["params"], "params")[0][:40]
    'loss rises with params (rank correlation'
    """
    found = []
    for name in MIXED:
        if name in runs and runs.column(name).role == "label":
            values = np.unique(np.asarray(runs[name]).astype(str))
            if len(values) > 1:
                shown = ", ".join(repr(one) for one in values[:3].tolist()) + (" ..." if len(values) > 3 else "")
                found.append(
                    f"{len(values)} values of {name} ({shown}) stand in one table, whose losses may not be comparable: do "
                    f"them one by one with --group-by {name}, or choose with --where"
                )
    if target in runs:
        values = np.asarray(runs[target], dtype=float)
        rank = rises(cost, values)
        if rank is not None:
            score = (
                "; if it is an accuracy, give the error, 1 - accuracy"
                if values.min() >= 0 and values.max() <= 1
                else ""
            )
            found.append(
                f"{target} rises with {by} (rank correlation {rank:.2f}): laws of loss fall, so no forecast of it can be "
                f"trusted{score}"
            )
    return found


def table_doubts(runs: Runs, target: str) -> list[str]:
    """What speaks against any law of a table's loss, in sentences that name the table; nothing where costs are unknown."""
    try:
        size, by = cost_order(runs)
    except DataError:
        return []
    return [f"{runs.source}: {text}" for text in doubts(runs, target, size, by)] if by != target else []


def _rank_correlation(x: np.ndarray, y: np.ndarray) -> float:
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return 0.0
    return float(np.corrcoef(ranks(x), ranks(y))[0, 1])
