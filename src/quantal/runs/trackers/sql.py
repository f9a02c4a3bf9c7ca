"""SQL through DuckDB: tables in its own files, and Parquet, CSV and JSON by their paths."""

from __future__ import annotations

import os
from typing import Any

from quantal.errors import DataError


def sql_frame(query: str, database: str | os.PathLike[str] | None = None) -> Any:
    """The answer of a query as an Arrow table.

    Raises:
        DataError: DuckDB is missing, or refuses the query.
    """
    try:
        import duckdb
    except ImportError:
        raise DataError('SQL needs the package duckdb; install it with: pip install "quantal[duckdb]"') from None
    try:
        with duckdb.connect(
            os.fspath(database) if database else ":memory:", read_only=database is not None
        ) as connection:
            return connection.sql(query).pl()
    except duckdb.Error as error:
        raise DataError(f"sql: DuckDB refuses the query ({str(error).splitlines()[0]})") from None
    except AttributeError:
        raise DataError(f"sql: {query[:60]!r} gives no table; write a SELECT") from None


def read_sql(query: str, database: str | os.PathLike[str] | None = None, **options: Any) -> Any:
    """Runs from a SQL query, run by DuckDB: ``SELECT * FROM 'logs/*.parquet' WHERE params > 1e8``.

    ``database`` is a DuckDB file to read from, ``options`` go to `read_runs`.

    Raises:
        DataError: DuckDB is missing or refuses the query, or the answer is no table of runs.
    """
    from quantal.runs.reading import read_runs

    return read_runs(sql_frame(query, database), **options)
