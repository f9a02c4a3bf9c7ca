"""Outages of a store: a restarted database, a full disk, a lock held for long. They are waited for, then reported."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

from quantal.errors import QuantalError
from quantal.extras import extra

T = TypeVar("T")

_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 10.0


class StoreError(QuantalError):
    """A store cannot be reached or written to; what was finished before is kept."""


def waiting(work: Callable[[], T], place: str, patience: float, notice: Callable[[str], None] | None = None) -> T:
    """What the work gives, tried again after an outage until `patience` seconds have passed; the work is one transaction.

    Raises:
        StoreError: the outage lasts longer.
    """
    errors = extra("sqlalchemy.exc", "train")
    began, pause, told = time.monotonic(), _FIRST_PAUSE, False
    while True:
        try:
            return work()
        except (errors.OperationalError, errors.InterfaceError, errors.InternalError) as error:
            reason = described(error)
            left = patience - (time.monotonic() - began)
            if left <= 0:
                raise StoreError(f"{place}: {reason}. What was finished is kept; go on with --resume") from None
            if notice is not None and not told:
                notice(f"{place}: {reason}; trying again for {patience:.0f} s")
                told = True
            time.sleep(min(pause, left))
            pause = min(2 * pause, _LONGEST_PAUSE)


def described(error: Any) -> str:
    """An outage in words, and what to do."""
    text = str(error.orig).strip().splitlines()[0] if getattr(error, "orig", None) is not None else str(error)
    code = getattr(error.orig, "sqlstate", None) or ""
    if "disk is full" in text or code == "53100" or "No space left" in text:
        return "the disk is full; free some space"
    if "disk I/O error" in text:
        return "the disk gives errors or is full; free some space"
    if "readonly" in text or "read-only" in text:
        return "the store cannot be written to; see to its permissions"
    if "locked" in text:
        return "another process holds the store's lock; wait for it, or end it"
    if "unable to open" in text:
        return "the file cannot be opened; name a folder that exists and can be written to"
    return f"the database does not answer ({text}); see that it runs, and that the URL is right"
