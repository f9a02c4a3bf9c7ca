"""The catalogue: tiny-lm, which comes with quantal, and the public tables, each with source, licence and citation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any

from quantal.errors import DataError, did_you_mean


@dataclass(frozen=True)
class Table:
    """A table by name.

    ``columns`` maps our names to headers where they would not be recognised, ``units`` gives units by our names,
    ``plain`` lists headers that keep their own name and no role, ``where`` is the filter that is always applied.
    ``url`` is where the numbers were published; most files are tidied from it, so what it serves differs from
    ``filename``, whose SHA-256 is ``sha256_tidy``. ``sha256`` is that of what ``url`` serves, where that can be read
    in place of the tidy file, and None where it is not known: such a table cannot be fetched.
    """

    name: str
    title: str
    description: str
    rows: int
    filename: str
    url: str
    licence: str
    citation: str
    columns: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    plain: tuple[str, ...] = ()
    where: str | None = None
    sha256: str | None = None
    sha256_tidy: str | None = None
    embedded: bool = False

    def to_dict(self) -> dict[str, Any]:
        """The entry as plain data for JSON."""
        return asdict(self)

    def is_here(self) -> bool:
        """Whether the table can be read on this machine without fetching it."""
        from quantal.runs.fetch import path_of

        return path_of(self) is not None


@cache
def catalogue() -> tuple[Table, ...]:
    """Every table that `read_runs` knows by name.

    >>> [table.name for table in catalogue()][:2]
    ['tiny-lm', 'chinchilla']
    """
    from quantal.runs.public import PUBLIC

    return (TINY_LM, *PUBLIC)


def find_table(name: str) -> Table:
    """The table of that name.

    Raises:
        DataError: the catalogue has no such name.
    """
    names = {table.name: table for table in catalogue()}
    if name not in names:
        raise DataError(f"the catalogue has no table {name!r}. {did_you_mean(str(name), names)}")
    return names[name]


TINY_LM = Table(
    name="tiny-lm",
    title="Byte-level language models, measured by this project",
    description="8 sizes by 8 token budgets, and repeats, on Python's documentation and standard library",
    rows=80,
    filename="tiny_lm.csv",
    url="",
    licence="MIT",
    citation="The quantal authors (2026), trained by the script in this repository",
    units={
        "loss": "nats per byte",
        "train_loss": "nats per byte",
        "tokens": "bytes",
        "batch_size": "bytes",
        "context": "bytes",
        "seconds": "s",
    },
    embedded=True,
)
