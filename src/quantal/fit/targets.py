"""Several target columns fitted at once, each with its own parameters, on the same resamples of runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from quantal.errors import InputError
from quantal.fit.fit import fit
from quantal.fit.result import Fit
from quantal.laws import Law
from quantal.runs import read_runs


def fit_targets(
    runs: Any,
    law: str | Law | Mapping[str, str | Law],
    targets: Sequence[str],
    *,
    where: str | None = None,
    columns: Mapping[str, str] | None = None,
    **options: Any,
) -> dict[str, Fit]:
    """Fit a law (or one a target) to each target column, with `fit`'s options; a name -> Fit mapping.

    Draw r of every fit comes from the same resample of runs, so that differences and sums between targets have honest
    intervals.

    Raises:
        InputError: no targets, or none of the laws belongs to one of them.

    >>> table = {"params": [1e6, 1e7, 1e8, 1e9], "loss": [4.0, 3.2, 2.6, 2.1], "error": [0.9, 0.8, 0.7, 0.62]}
    >>> {name: round(float(one.theta[1]), 2) for name, one in fit_targets(table, "power:params", ["loss", "error"]).items()}
    {'loss': 0.09, 'error': 0.05}
    """
    if not targets:
        raise InputError("there is no target to fit; name columns, as in targets=['loss', 'accuracy']")
    if isinstance(law, Mapping) and (missing := [name for name in targets if name not in law]):
        raise InputError(f"no law was given for {', '.join(missing)}")
    table = read_runs(runs, where=where, columns=columns)
    return {
        name: fit(table, law[name] if isinstance(law, Mapping) else law, target=name, **options) for name in targets
    }
