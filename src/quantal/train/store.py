"""Store: the jobs of sweeps, who works on them, and their results, in SQLite or PostgreSQL."""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from numpy.typing import NDArray

from quantal.errors import DataError, did_you_mean
from quantal.extras import extra
from quantal.train.job import Job, Outcome, pack, unpack
from quantal.train.outages import StoreError, described, waiting
from quantal.train.owner import Owner
from quantal.train.store_connection import connect
from quantal.train.store_schema import migrate

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

T = TypeVar("T")

STATES = ("waiting", "running", "done", "failed")


@dataclass(frozen=True)
class Claim:
    """The right to work on a job until its lease runs out; a token tells it from the claims of others."""

    job: Job
    token: str
    failures: int


@dataclass(frozen=True)
class Entry:
    """A job as the store lists it; seconds and finished (seconds since 1970) are None until it is done.

    share is how far a running job was when its driver last said so, until the end of its lease; begun is when it was last taken (both
    in seconds since 1970).
    """

    key: str
    kind: str
    state: str
    config: dict[str, Any]
    cost: float
    failures: int
    error: str | None
    owner: str | None
    summary: dict[str, Any] | None
    seconds: float | None
    finished: float | None
    versions: dict[str, str] | None
    share: float | None = None
    until: float | None = None
    begun: float | None = None


@dataclass(frozen=True)
class Store:
    """A database of jobs and results that any number of processes may use at once.

    Every method is one transaction, which an outage (a restarted database, a full disk, a lock) only delays: it is tried again for
    `patience` seconds, and `notice` is told. Make one with `open_store`.
    """

    place: str
    engine: Engine = field(repr=False)
    patience: float = 300.0
    notice: Callable[[str], None] | None = field(default=None, repr=False)

    def add(self, jobs: Sequence[Job], sweep: str) -> int:
        """Add the jobs that are not there yet, and make all of them members of the sweep; returns how many are new."""
        t = _tables()

        def work(connection: Connection) -> int:
            now = _now(connection)
            rows = [
                {"key": job.key, "kind": job.kind, "config": json.dumps(dict(job.config), sort_keys=True),
                 "cost": job.cost, "state": "waiting", "failures": 0, "added": now} for job in jobs
            ]  # fmt: skip
            new = sum(_inserted(connection, t.jobs, row) for row in rows)
            for row in rows:
                _inserted(connection, t.members, {"sweep": sweep, "key": row["key"]})
            return new

        return self._write(work)

    def claim(self, sweep: str, owner: Owner, lease: float) -> Claim | None:
        """The dearest job of a sweep that nobody works on, for `lease` seconds; None where there is none.

        A job whose lease ran out counts as one that nobody works on.
        """
        t, sql = _tables(), extra("sqlalchemy", "train")

        def work(connection: Connection) -> Claim | None:
            now = _now(connection)
            lapsed = sql.and_(t.jobs.c.state == "running", t.jobs.c.lease < now)
            free = (
                sql.select(t.jobs)
                .where(t.jobs.c.key.in_(_members(sweep)), sql.or_(t.jobs.c.state == "waiting", lapsed))
                .order_by(t.jobs.c.cost.desc(), t.jobs.c.key)
                .limit(1)
                .with_for_update(skip_locked=True)
            )
            row = connection.execute(free).first()
            if row is None:
                return None
            token = uuid.uuid4().hex
            taken = {
                "state": "running",
                "owner": str(owner),
                "claim": token,
                "lease": now + lease,
                "share": None,
                "begun": now,
            }
            connection.execute(sql.update(t.jobs).where(t.jobs.c.key == row.key).values(**taken))
            return Claim(Job(row.kind, json.loads(row.config), row.cost), token, row.failures)

        return self._write(work)

    def extend(self, claims: Iterable[Claim], lease: float) -> None:
        """Keep claims for another `lease` seconds; those that were lost stay lost."""
        t, sql, tokens = _tables(), extra("sqlalchemy", "train"), [claim.token for claim in claims]

        def work(connection: Connection) -> None:
            until = _now(connection) + lease
            connection.execute(sql.update(t.jobs).where(t.jobs.c.claim.in_(tokens)).values(lease=until))

        self._write(work)

    def note(self, shares: Mapping[str, float]) -> None:
        """Note how far jobs are, a share from 0 to 1 by the token of each claim."""
        t, sql = _tables(), extra("sqlalchemy", "train")
        mine = sql.update(t.jobs).where(t.jobs.c.claim == sql.bindparam("token")).values(share=sql.bindparam("far"))
        rows = [{"token": token, "far": share} for token, share in shares.items()]
        self._write(lambda connection: connection.execute(mine, rows))

    def release(self, claims: Iterable[Claim]) -> None:
        """Give claims back, so that anybody may take the jobs at once."""
        t, tokens = _tables(), [claim.token for claim in claims]
        self._write(lambda connection: self._freed(connection, t.jobs.c.claim.in_(tokens)))

    def release_dead(self, sweep: str) -> int:
        """Give back the claims of processes of this machine that no longer run; returns how many."""
        t, sql = _tables(), extra("sqlalchemy", "train")
        held = sql.select(t.jobs.c.owner).where(t.jobs.c.state == "running", t.jobs.c.key.in_(_members(sweep)))
        owners = {
            one for one in self._read(lambda connection: connection.execute(held.distinct()).scalars().all()) if one
        }
        dead = [one for one in owners if Owner.parse(one).is_gone]
        if not dead:
            return 0
        return self._write(
            lambda connection: self._freed(connection, sql.and_(t.jobs.c.state == "running", t.jobs.c.owner.in_(dead)))
        )

    def finish(self, claim: Claim, outcome: Outcome) -> bool:
        """Write a result, whole; False, and nothing is written, where there is one already."""
        t, sql = _tables(), extra("sqlalchemy", "train")
        key = claim.job.key
        arrays = [{"key": key, "name": name, "data": pack(one)} for name, one in outcome.arrays.items()]

        def work(connection: Connection) -> bool:
            row = {
                "key": key,
                "summary": json.dumps(dict(outcome.summary)),
                "runs": None if outcome.runs is None else json.dumps(dict(outcome.runs)),
                "seconds": outcome.seconds,
                "finished": _now(connection),
                "versions": json.dumps(dict(outcome.versions)),
            }
            if not _inserted(connection, t.results, row):
                return False
            if arrays:
                connection.execute(sql.insert(t.curves), arrays)
            done = {"state": "done", "error": None, "claim": None, "lease": None, "share": None}
            connection.execute(sql.update(t.jobs).where(t.jobs.c.key == key).values(**done))
            return True

        return self._write(work)

    def fail(self, claim: Claim, error: str, again: bool) -> None:
        """Note a failure; the job waits to be tried again, or is given up."""
        t, sql = _tables(), extra("sqlalchemy", "train")
        state = {"state": "waiting" if again else "failed", "error": error, "failures": t.jobs.c.failures + 1}
        mine = sql.update(t.jobs).where(t.jobs.c.claim == claim.token)
        self._write(lambda connection: connection.execute(mine.values(**state, claim=None, lease=None, share=None)))

    def revive(self, sweep: str) -> int:
        """Let failed jobs of a sweep wait for another try, their failures forgotten; returns how many."""
        t, sql = _tables(), extra("sqlalchemy", "train")
        failed = sql.update(t.jobs).where(t.jobs.c.key.in_(_members(sweep)), t.jobs.c.state == "failed")
        return self._write(lambda connection: connection.execute(failed.values(state="waiting", failures=0)).rowcount)

    def entries(self, sweep: str | None = None, state: str | None = None, kind: str | None = None) -> tuple[Entry, ...]:
        """The jobs, in the order in which they were added; of one sweep, in one state, of one kind.

        Raises:
            DataError: there is no such sweep.
        """
        t, sql = _tables(), extra("sqlalchemy", "train")
        if sweep is not None and sweep not in self.sweeps():
            raise DataError(f"{self.place}: there is no sweep {sweep!r}. {did_you_mean(sweep, self.sweeps())}")
        columns = (t.results.c.summary, t.results.c.seconds, t.results.c.finished, t.results.c.versions)
        query = sql.select(t.jobs, *columns).join(t.results, t.results.c.key == t.jobs.c.key, isouter=True)
        if sweep is not None:
            query = query.where(t.jobs.c.key.in_(_members(sweep)))
        for column, value in ((t.jobs.c.state, state), (t.jobs.c.kind, kind)):
            if value is not None:
                query = query.where(column == value)
        rows = self._read(lambda c: c.execute(query.order_by(t.jobs.c.added, t.jobs.c.cost, t.jobs.c.key)).all())
        return tuple(_entry(row) for row in rows)

    def entry(self, key: str) -> Entry:
        """The job whose key begins so.

        Raises:
            DataError: there is none, or more than one.
        """
        found = [one for one in self.entries() if one.key.startswith(key)] if key else []
        if len(found) == 1:
            return found[0]
        if found:
            raise DataError(f"{self.place}: {len(found)} runs have keys that begin with {key!r}; write more of the key")
        raise DataError(f"{self.place}: no run has a key that begins with {key!r}; `quantal runs list` shows them")

    def counts(self, sweep: str) -> dict[str, int]:
        """How many jobs of a sweep are waiting, running, done and failed."""
        t, sql = _tables(), extra("sqlalchemy", "train")
        query = (
            sql.select(t.jobs.c.state, sql.func.count())
            .where(t.jobs.c.key.in_(_members(sweep)))
            .group_by(t.jobs.c.state)
        )
        rows: Any = self._read(lambda connection: connection.execute(query).all())
        found = {row[0]: int(row[1]) for row in rows}
        return {state: found.get(state, 0) for state in STATES}

    def waiting_cost(self, sweep: str) -> float:
        """The cost of the jobs of a sweep that nobody has begun."""
        t, sql = _tables(), extra("sqlalchemy", "train")
        query = sql.select(sql.func.sum(t.jobs.c.cost)).where(
            t.jobs.c.key.in_(_members(sweep)), t.jobs.c.state == "waiting"
        )
        return float(self._read(lambda connection: connection.execute(query).scalar()) or 0.0)

    def sweeps(self) -> tuple[str, ...]:
        """The names of all sweeps."""
        t, sql = _tables(), extra("sqlalchemy", "train")
        query = sql.select(t.members.c.sweep).distinct().order_by(t.members.c.sweep)
        return tuple(self._read(lambda connection: connection.execute(query).scalars().all()))

    def runs(self, key: str) -> dict[str, Any] | None:
        """The table of runs of a result, as `Runs.to_dict` writes it; None where the kind makes none or it is not done."""
        t, sql = _tables(), extra("sqlalchemy", "train")
        query = sql.select(t.results.c.runs).where(t.results.c.key == key)
        text = self._read(lambda connection: connection.execute(query).scalar())
        return None if text is None else json.loads(text)

    def arrays(self, key: str, names: Sequence[str] | None = None) -> dict[str, NDArray[Any]]:
        """The arrays of a result by name, all or some."""
        t, sql = _tables(), extra("sqlalchemy", "train")
        query = sql.select(t.curves.c.name, t.curves.c.data).where(t.curves.c.key == key)
        if names is not None:
            query = query.where(t.curves.c.name.in_(list(names)))
        rows = self._read(lambda connection: connection.execute(query).all())
        return {row.name: unpack(row.data) for row in rows}

    def close(self) -> None:
        """Close the connections."""
        self.engine.dispose()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _freed(self, connection: Connection, which: Any) -> int:
        t, sql = _tables(), extra("sqlalchemy", "train")
        free = {"state": "waiting", "claim": None, "lease": None, "owner": None, "share": None}
        return connection.execute(sql.update(t.jobs).where(which).values(**free)).rowcount

    def _write(self, work: Callable[[Connection], T]) -> T:
        def transaction() -> T:
            with self.engine.begin() as connection:
                return work(connection)

        return waiting(transaction, self.place, self.patience, self.notice)

    def _read(self, work: Callable[[Connection], T]) -> T:
        def transaction() -> T:
            with self.engine.connect().execution_options(quantal_reads=True) as connection:
                return work(connection)

        return waiting(transaction, self.place, self.patience, self.notice)


def open_store(
    store: str | os.PathLike[str],
    *,
    make: bool = True,
    patience: float = 300.0,
    notice: Callable[[str], None] | None = None,
) -> Store:
    """Open a store, made where there is none (unless `make` is False) and brought to the present version where it is older.

    Args:
        store: the path of a SQLite file, or a URL: sqlite:///runs.sqlite, postgresql://user@host/database.
        patience: seconds that an outage is waited for.
        notice: is told of outages.

    Raises:
        NewerStore: a newer version of quantal wrote it.
        StoreError: it cannot be opened.
        DataError: there is none, or the file is no SQLite database.
    """
    from quantal.train.store_connection import place_of

    path = place_of(store)
    if path is not None and not make and not path.exists():
        raise DataError(f"there is no store {str(path)!r}; `quantal sweep FILE --store {path}` makes one")
    engine, place = connect(store)
    errors = extra("sqlalchemy.exc", "train")
    try:
        with engine.begin() as connection:
            migrate(connection, place)
    except errors.OperationalError as error:
        engine.dispose()
        raise StoreError(f"{place}: {described(error)}") from None
    except errors.DatabaseError as error:
        engine.dispose()
        raise DataError(
            f"{place}: this is no store of quantal ({str(error.orig).splitlines()[0]}); name another"
        ) from None
    except BaseException:
        engine.dispose()
        raise
    return Store(place, engine, patience, notice)


def _tables() -> Any:
    extra("sqlalchemy", "train")
    from quantal.train import store_tables

    return store_tables


def _members(sweep: str) -> Any:
    members = _tables().members
    return extra("sqlalchemy", "train").select(members.c.key).where(members.c.sweep == sweep)


def _inserted(connection: Connection, table: Any, row: dict[str, Any]) -> bool:
    """Insert a row unless there is one with its key already; whether it was inserted."""
    dialect = extra(f"sqlalchemy.dialects.{connection.dialect.name}", "train")
    insertion = dialect.insert(table).values(row).on_conflict_do_nothing().returning(table.c.key)
    return connection.execute(insertion).first() is not None


def _now(connection: Connection) -> float:
    """Seconds since 1970 by the one clock that all who use the store share."""
    if connection.dialect.name == "postgresql":
        return float(connection.exec_driver_sql("SELECT extract(epoch FROM clock_timestamp())").scalar() or 0)
    return time.time()


def _entry(row: Any) -> Entry:
    return Entry(
        row.key, row.kind, row.state, json.loads(row.config), row.cost, row.failures, row.error, row.owner,
        None if row.summary is None else json.loads(row.summary), row.seconds, row.finished,
        None if row.versions is None else json.loads(row.versions), row.share, row.lease, row.begun,
    )  # fmt: skip
