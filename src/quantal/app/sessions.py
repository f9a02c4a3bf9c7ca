"""Tables in the server's memory: what was uploaded, by the hash of its content, and what the server was started with."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from quantal.app.aside import Bounds, run_aside
from quantal.app.reading import read_upload
from quantal.app.settings import Settings
from quantal.errors import DataError
from quantal.runs import Runs, catalogue, find_table, read_runs

DEMO = "tiny-lm"
KEPT = 16
KEPT_BYTES = 160 * 2**20
READ_KEPT = 8
READ_AT_ONCE = 2


@dataclass(frozen=True, eq=False)
class Upload:
    """A file as it came: its name, and its bytes."""

    name: str
    data: bytes


class Tables:
    """Tables by id: a name of the catalogue, the hash of an upload, or of the runs that the server was started with.

    At most 16 uploads of together 160 MB are kept; the one longest unused goes first. An id says what a table holds, so
    a link to it means the same to everybody who has the link, and to nobody else.
    """

    def __init__(self, settings: Settings) -> None:
        self._limits = settings.limits
        self._uploads: OrderedDict[str, Upload] = OrderedDict()
        self._read: OrderedDict[tuple[str, tuple[tuple[str, str], ...]], Runs] = OrderedDict()
        self._lock = threading.RLock()
        self._reading = threading.BoundedSemaphore(READ_AT_ONCE)
        self._given: dict[str, Runs] = {}
        self.first = DEMO
        if settings.runs is not None:
            self.first = self._give(settings.runs)

    def upload(self, name: str, data: bytes) -> str:
        """Keep a file once it has been read without error; returns its id.

        Raises:
            QuantalError: the file holds no runs, or more than an upload may.
        """
        identity = "u" + hashlib.sha256(data).hexdigest()[:20]
        with self._lock:
            if identity in self._uploads:
                self._uploads.move_to_end(identity)
                return identity
        upload = Upload(name, data)
        runs = self._read_upload(upload, {})
        with self._lock:
            self._uploads[identity] = upload
            self._keep((identity, ()), runs)
            while len(self._uploads) > KEPT or sum(len(one.data) for one in self._uploads.values()) > KEPT_BYTES:
                self._uploads.popitem(last=False)
        return identity

    def get(self, identity: str, take: Mapping[str, str] | None = None) -> Runs:
        """The runs of a table; ``take`` maps our names to headers where they were taken for something else.

        Raises:
            DataError: there is no such table, or it holds what is no measurement.
        """
        key = (identity, tuple(sorted((take or {}).items())))
        with self._lock:
            if key in self._read:
                self._read.move_to_end(key)
                return self._read[key]
            upload = self._uploads.get(identity)
            if upload is not None:
                self._uploads.move_to_end(identity)
        if upload is not None:
            runs = self._read_upload(upload, dict(take or {}))
        elif identity in self._given:
            runs = read_runs(self._given[identity], columns=dict(take) if take else None)
        elif identity in {one.name for one in catalogue()}:
            if not find_table(identity).is_here():
                raise DataError(
                    f"the table {identity!r} is not on this machine; fetch it with: quantal data fetch {identity}"
                )
            runs = read_runs(identity, columns=dict(take) if take else None)
        else:
            raise DataError(
                f"there is no table {identity[:40]!r} here: uploads are kept until the server stops; drop the file in again"
            )
        with self._lock:
            self._keep(key, runs)
        return runs

    def _give(self, source: str) -> str:
        if source in {one.name for one in catalogue()}:
            self.get(source)
            return source
        runs = read_runs(source)
        identity = "r" + digest(runs)
        self._given[identity] = runs
        return identity

    def _read_upload(self, upload: Upload, take: Mapping[str, str]) -> Runs:
        limits = self._limits
        return run_aside(
            read_upload,
            {
                "data": upload.data,
                "name": upload.name,
                "take": take,
                "most": (limits.rows, limits.columns, limits.cells),
            },
            bounds=Bounds(limits.memory_bytes, limits.seconds),
        )

    def _keep(self, key: tuple[str, tuple[tuple[str, str], ...]], runs: Runs) -> None:
        self._read[key] = runs
        self._read.move_to_end(key)
        while len(self._read) > READ_KEPT or (len(self._read) > 1 and self._cells() > self._limits.kept_cells):
            self._read.popitem(last=False)

    def _cells(self) -> int:
        return sum(cells(one) for one in self._read.values())


def cells(runs: Runs) -> int:
    """Rows times columns."""
    return len(runs) * len(runs.names)


def digest(runs: Runs) -> str:
    """The hash of what a table holds."""
    found = hashlib.sha256()
    for name in runs.names:
        values = runs[name]
        found.update(name.encode())
        found.update(values.tobytes() if values.dtype != object else "\0".join(map(str, values)).encode())
    return found.hexdigest()[:20]


def without(runs: Runs, rows: tuple[int, ...]) -> Runs:
    """The runs but for those of these row numbers.

    Raises:
        DataError: no run is left.
    """
    if not rows:
        return runs
    keep = ~np.isin(runs.rows, rows)
    if keep.all():
        return runs
    left = runs.take(keep)
    return replace(left, notes=(*left.notes, f"left out by hand: {len(runs) - len(left)} of {len(runs)} runs"))
