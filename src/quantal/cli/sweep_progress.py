"""How far a sweep is: a live bar on a terminal, a line for each thing that happens elsewhere; SIGTERM stops it as Ctrl-C does."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from quantal.train import Standing


@contextlib.contextmanager
def sweep_progress(again: str | None) -> Iterator[Callable[[Standing], None]]:
    """Yields the function to tell; when the sweep is interrupted it says that `again` is the command that goes on, None for none."""
    standing: list[Standing] = []
    with _terminable():
        try:
            if sys.stderr.isatty():
                with _bar(standing) as tell:
                    yield tell
            else:
                yield lambda now: _lines(now, standing)
        except KeyboardInterrupt:
            done = f"{standing[-1].done} of {standing[-1].total} runs are done; " if standing else ""
            kept = (
                "nothing is kept without -o or --store"
                if again is None
                else f"what is finished is kept. Go on with: {again}"
            )
            print(f"{done}{kept}", file=sys.stderr)
            raise


def _lines(now: Standing, standing: list[Standing]) -> None:
    changed = not standing or (now.done, now.failed) != (standing[-1].done, standing[-1].failed)
    standing[:] = [now]
    for message in now.messages:
        print(message, file=sys.stderr)
    if changed:
        print(f"{_counted(now)}{_left(now)}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def _bar(standing: list[Standing]) -> Iterator[Callable[[Standing], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns: tuple[Any, ...] = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[note]}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        whole = bar.add_task("runs", total=1, note="starting")
        shown: dict[str, Any] = {}

        def tell(now: Standing) -> None:
            standing[:] = [now]
            for message in now.messages:
                bar.console.print(message, highlight=False, markup=False)
            bar.update(
                whole,
                total=now.total,
                completed=now.done + sum(now.running.values()),
                note=f"{_counted(now)}{_left(now)}",
            )
            for key in set(shown) - set(now.running):
                bar.remove_task(shown.pop(key))
            for key, share in now.running.items():
                if key not in shown:
                    shown[key] = bar.add_task(f"  {key[:8]}", total=1.0, note="")
                bar.update(shown[key], completed=share, note=f"{share:.0%}")

        yield tell


def _counted(now: Standing) -> str:
    parts = [f"{now.done} of {now.total} done"]
    parts += [
        f"{number} {what}" for number, what in ((now.failed, "failed"), (now.elsewhere, "run elsewhere")) if number
    ]
    return ", ".join(parts)


def _left(now: Standing) -> str:
    if now.left is None or now.done + now.failed >= now.total:
        return ""
    minutes = now.left / 60
    if minutes < 1:
        return f", about {now.left:.0f} s left"
    return f", about {minutes:.0f} min left" if minutes < 120 else f", about {minutes / 60:.1f} h left"


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
