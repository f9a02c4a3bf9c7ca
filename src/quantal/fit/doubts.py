"""What in a table speaks against any scaling law of it: mixed sources, a target that rises, a score given as loss."""

from __future__ import annotations

import numpy as np

from quantal.fit.diagnostics import ranks
from quantal.runs import Runs

MIXED = ("tokenizer", "dataset", "data_set", "train_dataset", "corpus", "eval_set", "loss_kind", "task")
RISES = 0.3
FEWEST = 5


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
    if target in runs and len(runs) >= FEWEST:
        rank = _rank_correlation(cost, np.asarray(runs[target], dtype=float))
        if rank > RISES:
            values = np.asarray(runs[target], dtype=float)
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


def _rank_correlation(x: np.ndarray, y: np.ndarray) -> float:
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return 0.0
    return float(np.corrcoef(ranks(x), ranks(y))[0, 1])
