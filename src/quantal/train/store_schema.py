"""The numbered steps from each version of a store's tables to the next."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from quantal.errors import DataError
from quantal.extras import extra

if TYPE_CHECKING:
    from sqlalchemy import Connection

_LOCK = 7_185_620


class NewerStore(DataError):
    """A store that a newer version of quantal wrote."""


def _version_1(connection: Connection) -> None:
    """Jobs with their state, results, and the arrays that belong to them."""
    blob = "BYTEA" if connection.dialect.name == "postgresql" else "BLOB"
    _run(
        connection,
        """CREATE TABLE jobs (
            key VARCHAR(64) PRIMARY KEY, kind VARCHAR(200) NOT NULL, config TEXT NOT NULL, cost DOUBLE PRECISION NOT NULL,
            state VARCHAR(10) NOT NULL, failures INTEGER NOT NULL, error TEXT, owner VARCHAR(300), claim VARCHAR(40),
            lease DOUBLE PRECISION, added DOUBLE PRECISION NOT NULL)""",
        "CREATE INDEX jobs_by_state ON jobs (state, cost)",
        """CREATE TABLE results (
            key VARCHAR(64) PRIMARY KEY REFERENCES jobs (key), summary TEXT NOT NULL, runs TEXT, seconds DOUBLE PRECISION NOT NULL,
            finished DOUBLE PRECISION NOT NULL, versions TEXT NOT NULL)""",
        f"""CREATE TABLE curves (
            key VARCHAR(64) NOT NULL REFERENCES jobs (key), name VARCHAR(200) NOT NULL, data {blob} NOT NULL,
            PRIMARY KEY (key, name))""",
    )


def _version_2(connection: Connection) -> None:
    """Which jobs a sweep consists of, so that sweeps in one store may share jobs."""
    _run(
        connection,
        """CREATE TABLE members (
            sweep VARCHAR(200) NOT NULL, key VARCHAR(64) NOT NULL REFERENCES jobs (key), PRIMARY KEY (sweep, key))""",
    )


def _version_3(connection: Connection) -> None:
    """How far a running job is, and when it was begun."""
    _run(
        connection,
        "ALTER TABLE jobs ADD COLUMN share DOUBLE PRECISION",
        "ALTER TABLE jobs ADD COLUMN begun DOUBLE PRECISION",
    )


MIGRATIONS: tuple[Callable[[Connection], None], ...] = (_version_1, _version_2, _version_3)
VERSION = len(MIGRATIONS)


def migrate(connection: Connection, place: str, to: int = VERSION) -> int:
    """Bring the store that a transaction sees to a version, step by step; returns the version that it had.

    Raises:
        NewerStore: it was written by a newer version of quantal, and is left as it is.
    """
    sql = extra("sqlalchemy", "train")
    if connection.dialect.name == "postgresql":
        connection.execute(sql.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    _run(connection, "CREATE TABLE IF NOT EXISTS quantal_store (version INTEGER NOT NULL)")
    had = connection.execute(sql.text("SELECT version FROM quantal_store")).scalar()
    if had is None:
        connection.execute(sql.text("INSERT INTO quantal_store VALUES (0)"))
        had = 0
    if had > VERSION:
        raise NewerStore(
            f"{place}: the store has version {had}, and this quantal knows versions up to {VERSION}: a newer quantal wrote it; "
            "run `pip install --upgrade quantal`, or name another store"
        )
    for step in MIGRATIONS[had:to]:
        step(connection)
    if to > had:
        connection.execute(sql.text("UPDATE quantal_store SET version = :to"), {"to": to})
    return had


def _run(connection: Connection, *statements: str) -> None:
    for statement in statements:
        connection.execute(extra("sqlalchemy", "train").text(statement))
