"""Sweeps as a store tells of them: how far they are, how long they still take, and what each run is called."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from quantal.errors import DataError
from quantal.train import open_store
from quantal.train.store import STATES, Entry, Store
from quantal.train.store_connection import place_of

MOST_ROWS = 1000
_PATIENCE = 3.0
_GRACE = 5.0
_RECENT = 8
_TELLING = 0.05


def watched(store: str | None) -> Store:
    """The store that the server was started with; a file that was made anew is opened anew.

    Raises:
        DataError: the server was started without one, or there is none at that place yet.
    """
    if store is None:
        raise DataError("no store is watched here; start the page with: quantal app --store runs.sqlite")
    path = place_of(store)
    return _opened(store, os.stat(path).st_ino if path is not None and path.exists() else None)


def check_store(store: str) -> None:
    """Raise QuantalError where a store cannot be watched; a file that is not there yet is waited for."""
    path = place_of(store)
    if path is None or path.exists():
        watched(store)


@lru_cache(maxsize=4)
def _opened(store: str, file: int | None) -> Store:
    return open_store(store, make=False, patience=_PATIENCE)


def overview(store: Store) -> list[dict[str, Any]]:
    """Every sweep with how far it is, those at work first."""
    found = [{"name": name, **standing(store.entries(name))} for name in store.sweeps()]
    return sorted(found, key=lambda one: (not one["active"], one["name"]))


def standing(entries: Sequence[Entry], now: float | None = None) -> dict[str, Any]:
    """How far a sweep is, from its jobs.

    Jobs by state ("silent" runs have a driver that let its lease run out), the share done by cost, and the seconds left: the cost that is
    open, at the pace of the runs at work and of the last that were done, over as many as run at once; None where nothing tells of it.
    """
    clock = time.time() if now is None else now
    counts: dict[str, int] = dict.fromkeys((*STATES, "silent"), 0)
    done = open_ = 0.0
    for one in entries:
        state = state_of(one, clock)
        counts[state] += 1
        share = 1.0 if state in ("done", "failed") else (one.share or 0.0) if state == "running" else 0.0
        done += share * one.cost
        open_ += (1 - share) * one.cost
    pace, running = _pace(entries, clock), counts["running"]
    return {
        "total": len(entries),
        "counts": counts,
        "share": done / (done + open_) if done + open_ else 1.0,
        "left": open_ * pace / running if pace is not None and running else None,
        "active": running > 0,
    }


def _pace(entries: Sequence[Entry], now: float) -> float | None:
    """Seconds by cost of the runs at work and of the last that were done."""
    seconds = work = 0.0
    finished = [one for one in entries if one.finished is not None and one.begun is not None]
    for one in sorted(finished, key=lambda one: one.finished or 0.0)[-_RECENT:]:
        seconds += (one.finished or 0.0) - (one.begun or 0.0)
        work += one.cost
    for one in entries:
        if state_of(one, now) == "running" and one.begun is not None and (one.share or 0.0) > _TELLING:
            seconds += now - one.begun
            work += (one.share or 0.0) * one.cost
    return seconds / work if work else None


def state_of(entry: Entry, now: float) -> str:
    """The state of a job, "silent" where it runs by name alone."""
    gone = entry.state == "running" and entry.until is not None and entry.until + _GRACE < now
    return "silent" if gone else entry.state


def run_rows(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """A row a run: its key, what sets it apart, its state, and what it gave."""
    names, now = varied(entries), time.time()
    return [
        {
            "key": one.key,
            "label": label_of(one.config, names),
            "state": state_of(one, now),
            "share": one.share,
            "seconds": one.seconds,
            "failures": one.failures,
            "error": one.error,
            **_result(one.summary),
        }
        for one in entries[:MOST_ROWS]
    ]


def varied(entries: Sequence[Entry]) -> tuple[str, ...]:
    """The settings that differ among runs; where none does, what a run of its kind is told by."""
    seen: dict[str, set[str]] = {}
    for one in entries:
        for name, value in one.config.items():
            seen.setdefault(name, set()).add(json.dumps(value, sort_keys=True))
    names = tuple(sorted((name for name, values in seen.items() if len(values) > 1), key=lambda name: "seed" in name))
    return names or tuple(name for name in ("widths", "width", "name", "seed") if name in seen)


def label_of(config: Mapping[str, Any], names: Sequence[str]) -> str:
    """What sets a run apart, in words.

    >>> label_of({"widths": [16], "seed": 1, "bits": 8}, ("widths", "seed"))
    'width 16, seed 1'
    """
    return ", ".join(_setting(name, config.get(name)) for name in names) or "run"


def _setting(name: str, value: Any) -> str:
    if isinstance(value, list) and len(value) == 1:
        name, value = name.removesuffix("s"), value[0]
    if isinstance(value, list):
        return f"{name} {', '.join(map(str, value))}"
    return f"{name} {json.dumps(value)[:60] if isinstance(value, dict) else value}"


def _result(summary: Mapping[str, Any] | None) -> dict[str, Any]:
    """The range of losses, the numbers of params and the learned tasks that a summary tells of; None for what it does not."""
    parts = (summary or {}).get("nets") or [summary or {}]
    out: dict[str, Any] = {}
    for name in ("loss", "params", "learned_tasks"):
        values = [one[name] for one in parts if isinstance(one.get(name), int | float)]
        out[name] = [min(values), max(values)] if values else None
    return out
