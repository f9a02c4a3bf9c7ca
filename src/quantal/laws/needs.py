"""What a law needs of the runs, and a plain word on what is missing and which run would supply it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from quantal.errors import DataError, IdentifiabilityError, did_you_mean


@dataclass(frozen=True)
class Need:
    """A column, or the ratio of two, that must take at least ``distinct`` values."""

    column: str
    per: str | None = None
    distinct: int = 2

    @property
    def label(self) -> str:
        return f"{self.column}/{self.per}" if self.per else self.column


def varies(column: str, per: str | None = None, distinct: int = 2) -> Need:
    """The need that a column (or its ratio to another) takes at least ``distinct`` different values.

    >>> varies("tokens", per="params").label
    'tokens/params'
    """
    return Need(column, per, distinct)


def check_needs(
    law: str, needs: Sequence[Need], inputs: Sequence[str], runs: Any, signed: Collection[str] = ()
) -> None:
    """Raise unless the runs have every input, above zero unless it is ``signed``, and vary as needed.

    Raises:
        DataError: a column is missing, or holds a value that is not above zero (of one that must be), or not finite.
        IdentifiabilityError: a column or ratio does not vary enough; says which run would help.
    """
    for name in inputs:
        if name not in runs:
            raise DataError(
                f"{runs.source}: the law {law} needs a column {name!r}, and there is none. {did_you_mean(name, runs.names)} "
                f"Name the one that holds it with --column {name}=HEADER (columns={{'{name}': 'HEADER'}} in Python)."
            )
        if runs.column(name).role == "label":
            raise DataError(f"{runs.source}: the law {law} needs numbers in {name!r}, and that column holds text.")
        if runs.column(name).role == "array":
            continue
        values = runs[name]
        bad = ~(np.isfinite(values) & ((values > 0) | (name in signed)))
        if np.any(bad):
            first = int(np.flatnonzero(bad)[0])
            raise DataError(
                f"{runs.source}, row {int(runs.rows[first])}, column {name!r}: {float(values[first])!r} cannot enter the "
                f"law {law}, which {'takes finite numbers only' if name in signed else f'takes powers of {name}'} "
                f"({int(bad.sum())} such rows). "
                f"Leave them out with --where '{name} > 0' (where=\"{name} > 0\" in Python)."
            )
    for need in needs:
        if need.column not in inputs and need.column not in runs:
            continue
        values = runs[need.column] / runs[need.per] if need.per else runs[need.column]
        if values.ndim > 1:
            continue
        kept = values[np.isfinite(values)] if need.column in signed else np.log(values)
        order = np.sort(kept)
        seen = 1 + int(np.sum(np.diff(order) > 1e-6))
        if seen < need.distinct:
            example = (
                f"a run at the same {need.per} with {need.column} doubled"
                if need.per
                else f"a run with {need.column} near {2 * float(values.max()):.3g} and the rest unchanged"
            )
            raise IdentifiabilityError(
                f"{runs.source}: {need.label} takes {seen} value{'s' if seen > 1 else ''} "
                f"(near {float(values.min()):.4g}) in these {len(values)} runs, and the law {law} needs {need.distinct}: "
                f"its exponents cannot be told apart. What would help: {example}."
            )
