"""Work in a process of its own, with limits of memory and time: what goes wrong there leaves the server as it was."""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from threading import Event
from typing import Any

from quantal.errors import QuantalError

Tell = Callable[[int, int | None], None]
Work = Callable[..., Any]
PRELOADED = ("numpy", "quantal.fit", "quantal.forecast", "quantal.plan", "quantal.report", "quantal.runs", __name__)
TELL_EVERY = 0.05


class Cancelled(QuantalError):
    """The work was cancelled."""


class Exhausted(QuantalError):
    """The work took more memory or time than it may."""


@dataclass(frozen=True)
class Bounds:
    """The most that a piece of work may take, None without bound; ``nice`` lets others go first by so much."""

    memory_bytes: int | None = None
    seconds: float | None = None
    nice: int = 0


def context() -> Any:
    """How processes are made: from a server of their own that holds the libraries, where the system has that."""
    method = "spawn" if sys.platform == "win32" else "forkserver"
    found = multiprocessing.get_context(method)
    if method == "forkserver":
        found.set_forkserver_preload(list(PRELOADED))
    return found


def run_aside(
    work: Work,
    arguments: Mapping[str, Any],
    *,
    bounds: Bounds = Bounds(),
    tell: Tell | None = None,
    cancelled: Event | None = None,
) -> Any:
    """What ``work(progress=..., **arguments)`` returns, done in another process; work is a function of a module.

    Raises:
        QuantalError: what the work raised, or one that says that it was cancelled, went past a bound, or died.
    """
    ours, theirs = context().Pipe(duplex=False)
    process = context().Process(target=_child, args=(theirs, work, dict(arguments), bounds), daemon=True)
    process.start()
    theirs.close()
    begun = time.monotonic()
    try:
        while True:
            if cancelled is not None and cancelled.is_set():
                raise Cancelled("cancelled")
            if bounds.seconds is not None and time.monotonic() - begun > bounds.seconds:
                raise Exhausted(
                    f"it took more than {bounds.seconds:g} seconds, and was stopped; give fewer rows or columns"
                )
            if not ours.poll(0.05):
                continue
            try:
                kind, content = ours.recv()
            except EOFError:
                process.join(5)
                raise Exhausted(_died(process.exitcode, bounds)) from None
            if kind == "progress":
                if tell is not None:
                    tell(*content)
            elif kind == "error":
                raise content
            else:
                return content
    finally:
        ours.close()
        if process.is_alive():
            process.kill()
        process.join()
        process.close()


def nothing(progress: Tell) -> None:
    """No work at all: to do it starts the process from which workers are made."""


def _child(sender: Connection, work: Work, arguments: dict[str, Any], bounds: Bounds) -> None:
    last = 0.0

    def progress(done: int, total: int | None = None) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= TELL_EVERY or done == total:
            last = now
            sender.send(("progress", (done, total)))

    _bound(bounds)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            sender.send(("result", work(progress=progress, **arguments)))
    except QuantalError as error:
        sender.send(("error", error))
    except MemoryError:
        sender.send(("error", Exhausted(_memory(bounds))))
    except Exception as error:
        sender.send(("error", QuantalError(f"{type(error).__name__}: {error}")))
    except BaseException:
        if bounds.memory_bytes is None:
            raise
        sender.send(("error", Exhausted(_memory(bounds))))
    finally:
        sender.close()


def _bound(bounds: Bounds) -> None:
    if sys.platform == "win32":
        return
    import resource

    os.nice(bounds.nice)
    if bounds.memory_bytes is not None:
        most = _address_space() + bounds.memory_bytes
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    if bounds.seconds is not None:
        most = int(bounds.seconds) * 2 + 1
        resource.setrlimit(resource.RLIMIT_CPU, (most, most))


def _address_space() -> int:
    """Bytes of addresses that this process already holds; libraries reserve far more than they use."""
    import resource

    try:
        with open("/proc/self/statm", encoding="ascii") as opened:
            return int(opened.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 0


def _died(code: int | None, bounds: Bounds) -> str:
    if bounds.memory_bytes is not None and code in (-6, -9, -11, 134, 137, 139):
        return _memory(bounds)
    return f"the process that did it ended with code {code}; nothing was kept"


def _memory(bounds: Bounds) -> str:
    if bounds.memory_bytes is None:
        return "there was not memory enough for it; give fewer rows or columns"
    return (
        f"reading it takes more than {bounds.memory_bytes / 2**30:.2g} GB of memory, and was stopped; give fewer rows or "
        "columns, or plain numbers in place of long texts"
    )
