"""What a request chooses: a table, what its columns are taken for, and which runs are left out."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from quantal.app.sessions import Tables, without
from quantal.runs import Runs

Name = Annotated[str, Field(max_length=300)]


class Selection(BaseModel):
    """Runs: ``table`` an id, ``take`` our names by header ({"loss": "eval/loss"}), ``where`` a filter, ``exclude`` row numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    table: Name
    take: dict[Name, Name] = Field(default={}, max_length=64)
    where: Annotated[str, Field(max_length=1000)] | None = None
    exclude: tuple[int, ...] = Field(default=(), max_length=20_000)

    def whole(self, tables: Tables) -> Runs:
        """The runs that the filter keeps.

        Raises:
            QuantalError: there is no such table, a column cannot be taken so, or the filter is ill-formed or keeps none.
        """
        runs = tables.get(self.table, self.take)
        return runs.where(self.where) if self.where else runs

    def runs(self, tables: Tables) -> Runs:
        """The same without the runs that are left out by hand.

        Raises:
            QuantalError: there is no such table, a column cannot be taken so, or no run is left.
        """
        return without(self.whole(tables), self.exclude)

    def key(self, *more: Any) -> str:
        """A text that is the same for the same question."""
        return json.dumps([self.model_dump(mode="json"), *more], sort_keys=True)
