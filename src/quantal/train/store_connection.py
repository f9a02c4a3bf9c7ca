"""The way to a store: SQLite in WAL mode, or PostgreSQL."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quantal.errors import InputError, did_you_mean
from quantal.extras import extra

if TYPE_CHECKING:
    from sqlalchemy import Engine

_BUSY_SECONDS = 30
_CONNECT_SECONDS = 10


def connect(store: str | os.PathLike[str]) -> tuple[Engine, str]:
    """An engine for a path or URL, and the store's name without its password.

    Raises:
        InputError: the URL is of another database, or cannot be read.
        MissingExtra: SQLAlchemy or psycopg is not installed.
    """
    sql = extra("sqlalchemy", "train")
    text = os.fspath(store)
    if "://" not in text:
        text = f"sqlite:///{text}"
    try:
        url = sql.make_url(text)
    except sql.exc.ArgumentError:
        raise InputError(f"{text!r} is no URL; write runs.sqlite or postgresql://user@host/database") from None
    name = url.get_backend_name()
    if name in ("postgres", "postgresql"):
        extra("psycopg", "postgres")
        url = url.set(drivername="postgresql+psycopg")
        arguments = {"connect_timeout": _CONNECT_SECONDS, "application_name": "quantal"}
        engine = sql.create_engine(url, pool_pre_ping=True, pool_size=1, max_overflow=1, connect_args=arguments)
        return engine, url.set(drivername="postgresql").render_as_string(hide_password=True)
    if name != "sqlite":
        raise InputError(
            f"a store in {name!r}: SQLite and PostgreSQL are known. {did_you_mean(name, ('sqlite', 'postgresql'))}"
        )
    if not url.database or url.database == ":memory:":
        raise InputError("a store in memory would be lost; name a file, as in runs.sqlite")
    engine = sql.create_engine(url, connect_args={"timeout": _BUSY_SECONDS})
    sql.event.listen(engine, "connect", _prepare)
    sql.event.listen(engine, "begin", _begin)
    return engine, url.database


def place_of(store: str | os.PathLike[str]) -> Path | None:
    """The file of a SQLite store; None for a database server."""
    text = os.fspath(store)
    if "://" not in text:
        return Path(text)
    return Path(text.partition(":///")[2]) if text.startswith("sqlite") else None


def _prepare(connection: sqlite3.Connection, _: Any) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin(connection: Any) -> None:
    reads = connection.get_execution_options().get("quantal_reads")
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
