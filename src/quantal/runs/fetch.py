"""Where a table of the catalogue lies, and its download: checked by SHA-256 and cached whole or not at all."""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Callable
from pathlib import Path

from quantal.errors import DataError, DataWarning
from quantal.runs.catalogue import Table, find_table
from quantal.runs.storage import write_whole

CHUNK = 1 << 16
TIMEOUT = 30.0


def cache_folder() -> Path:
    """The folder of fetched tables: QUANTAL_CACHE, else quantal/ in XDG_CACHE_HOME or ~/.cache."""
    given = os.environ.get("QUANTAL_CACHE")
    if given:
        return Path(given)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "quantal"


def path_of(table: Table) -> Path | None:
    """The file of a table: embedded, in the folder QUANTAL_DATA, or fetched before; None where there is none."""
    if table.embedded:
        places = [Path(__file__).parent / "data"]
    else:
        folder = os.environ.get("QUANTAL_DATA")
        places = [*([Path(folder)] if folder else []), cache_folder()]
    return next((place / table.filename for place in places if (place / table.filename).is_file()), None)


def locate(table: Table) -> Path:
    """The file of a table, from the first place that has it (see `path_of`).

    Raises:
        DataError: it is in none of these places; the message says how to get it.

    Warns:
        DataWarning: the file is not one that the catalogue describes.
    """
    path = path_of(table)
    if path is None:
        raise DataError(_nowhere(table))
    known = {table.sha256, table.sha256_tidy} - {None}
    if known and hashlib.sha256(path.read_bytes()).hexdigest() not in known:
        warnings.warn(f"{path} differs from the file that the catalogue describes", DataWarning, stacklevel=3)
    return path


def _nowhere(table: Table) -> str:
    if table.embedded:
        return f"the table {table.name!r} is missing from this installation; install quantal anew"
    folder = os.environ.get("QUANTAL_DATA")
    seen = f"QUANTAL_DATA is {folder!r} and holds no such file" if folder else "QUANTAL_DATA is not set"
    second = (
        f"(2) run `quantal data fetch {table.name}`, which downloads it from {table.url}"
        if table.sha256
        else f"(2) make a table of it yourself from {table.url} and give that file's path in place of the name"
    )
    return (
        f"the table {table.name!r} is not on this machine ({seen}). Two ways: "
        f"(1) set QUANTAL_DATA to a folder that holds {table.filename}; {second}"
    )


def fetch(name: str | Table, *, progress: Callable[[int, int | None], None] | None = None) -> Path:
    """Download a table from its public source, check its SHA-256 and keep it in the cache.

    ``progress`` is called with the bytes received and the bytes expected (None where the server does not say).

    Raises:
        DataError: the table is unknown, has no SHA-256 on record, cannot be reached, breaks off, or is not the same.
    """
    table = find_table(name) if isinstance(name, str) else name
    if table.embedded:
        return locate(table)
    if table.sha256 is None:
        raise DataError(
            f"the table {table.name!r} cannot be fetched: no SHA-256 of what {table.url} serves is on record, and an "
            f"unchecked download is not trusted. Put {table.filename} into a folder and set QUANTAL_DATA to it"
        )
    path = cache_folder() / table.filename
    if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == table.sha256:
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"the cache {path.parent} cannot be made ({error.strerror}); set QUANTAL_CACHE") from None
    write_whole(path, lambda beside: _download(table, beside, progress))
    return path


def _download(table: Table, path: Path, progress: Callable[[int, int | None], None] | None) -> None:
    import http.client
    import urllib.request

    digest = hashlib.sha256()
    received = 0
    try:
        with urllib.request.urlopen(table.url, timeout=TIMEOUT) as response, path.open("wb") as file:
            length = response.headers.get("Content-Length")
            expected = int(length) if length and length.isdigit() else None
            while chunk := response.read(CHUNK):
                file.write(chunk)
                digest.update(chunk)
                received += len(chunk)
                if progress:
                    progress(received, expected)
    except (http.client.HTTPException, OSError) as error:
        reason = getattr(error, "reason", None) or error
        raise DataError(f"{table.url} cannot be downloaded: {reason}; nothing was kept, try again later") from None
    if expected is not None and received < expected:
        raise DataError(f"{table.url} broke off after {received} of {expected} bytes; nothing was kept, try again")
    if digest.hexdigest() != table.sha256:
        raise DataError(
            f"{table.url} serves another file than the catalogue describes (SHA-256 {digest.hexdigest()[:12]}... and "
            f"not {str(table.sha256)[:12]}...); nothing was kept. "
            f"Put {table.filename} into a folder and set QUANTAL_DATA to it"
        )
