"""What the runs of a sweep measured: their curves, and for parity what each subtask did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from quantal.app.experiments import label_of, varied
from quantal.errors import DataError
from quantal.runs import Runs
from quantal.train.job import KINDS, config_of, result_of
from quantal.train.parity_result import LEARNED_BELOW, ParityResult
from quantal.train.so_far import checkpoint_of, parity_so_far, text_so_far
from quantal.train.store import Entry, Store

Floats = NDArray[np.float64]
MOST_CURVES = 60
_NETS = ("width", "net_seed", "learning_rate")


@dataclass(frozen=True, eq=False)
class Curve:
    """The losses of one training in nats at its evaluations, and the evaluation that counts; params None where unknown."""

    key: str
    label: str
    steps: Floats
    loss: Floats
    counts: int
    params: float | None
    finished: bool = True

    @property
    def final(self) -> float:
        return float(self.loss[self.counts])


def curves_of(store: Store, entries: Sequence[Entry]) -> list[Curve]:
    """The curves of runs that are finished, or have a checkpoint, at most 60 of them, in the order of the sweep."""
    names = varied(entries)
    found: list[Curve] = []
    for one in entries:
        if one.state == "done":
            found += _curves(store, one.key, label_of(one.config, names))
        elif one.state == "running":
            found += _curves_so_far(store, one, f"{label_of(one.config, names)}, so far")
        if len(found) >= MOST_CURVES:
            break
    return found[:MOST_CURVES]


@lru_cache(maxsize=512)
def _curves(store: Store, key: str, label: str) -> tuple[Curve, ...]:
    data = store.runs(key)
    if data is None:
        return _from_arrays(store, key, label)
    return _from_table(Runs.from_dict(data), key, label)


def _curves_so_far(store: Store, entry: Entry, label: str) -> tuple[Curve, ...]:
    place = checkpoint_of(store, entry.key)
    if place is None or entry.kind not in KINDS:
        return ()
    config = config_of(entry.kind, entry.config)
    if entry.kind == "parity":
        result = parity_so_far(config, place)
        return () if result is None else _from_table(result.to_runs(), entry.key, label, finished=False)
    measured = text_so_far(config, place)
    if measured is None:
        return ()
    steps, loss = measured
    return (Curve(entry.key, label, steps.astype(float), loss, loss.size - 1, float(config.params), finished=False),)


def _from_table(table: Runs, key: str, label: str, finished: bool = True) -> tuple[Curve, ...]:
    if "loss" not in table or "steps" not in table:
        return ()
    names = [name for name in _NETS if name in table and np.unique(table[name]).size > 1]
    nets = np.unique(np.stack([table[name] for name in names], axis=1), axis=0) if names else np.zeros((1, 0))
    made = []
    for net in nets:
        rows = np.ones(len(table), dtype=bool)
        for name, value in zip(names, net, strict=True):
            rows &= table[name] == value
        here = table.take(rows)
        own = ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in zip(names, net, strict=True))
        counts = int(np.argmax(here["counts"])) if "counts" in here else len(here) - 1
        params = float(here["params"][0]) if "params" in here else None
        made.append(
            Curve(key, ", ".join(filter(None, (label, own))), here["steps"], here["loss"], counts, params, finished)
        )
    return tuple(made)


def _from_arrays(store: Store, key: str, label: str) -> tuple[Curve, ...]:
    arrays = store.arrays(key, ["steps", "loss"])
    loss = arrays.get("loss")
    if loss is None or loss.ndim != 1 or not loss.size:
        return ()
    steps = arrays.get("steps", np.arange(1, loss.size + 1))
    if steps.shape != loss.shape:
        return ()
    return (Curve(key, label, steps.astype(float), loss.astype(float), loss.size - 1, None),)


@dataclass(frozen=True, eq=False)
class Subtasks:
    """What each subtask of a parity training did, for one of its networks.

    Shapes, for E evaluations and T tasks: steps, overall (E,), loss (E, T), frequency, learned (T,), the step at which a task's loss fell
    below 0.1 nats, NaN where it never did.
    """

    nets: tuple[str, ...]
    net: int
    steps: Floats
    overall: Floats
    loss: Floats
    frequency: Floats
    learned: Floats


def subtasks_of(store: Store, entry: Entry, net: int = 0) -> Subtasks | None:
    """What the subtasks of a parity run did, up to its last checkpoint where it is not finished; None where nothing tells of it.

    Raises:
        DataError: the run has no such network.
    """
    result = _subtasks(store, entry)
    if result is None:
        return None
    nets = result.config.nets
    if not 0 <= net < len(nets):
        raise DataError(f"the run {entry.key} has no network {net}; it has {len(nets)}, from 0 on")
    seen = int(result.evaluations[net])
    return Subtasks(
        tuple(f"width {one.width}, seed {one.seed}, learning rate {one.learning_rate:g}" for one in nets),
        net,
        result.steps[:seen].astype(float),
        result.loss[net, :seen].astype(float),
        result.subtask_loss[net, :seen].astype(float),
        result.config.probabilities,
        result.learned_steps(LEARNED_BELOW)[net],
    )


def _subtasks(store: Store, entry: Entry) -> ParityResult | None:
    if entry.kind != "parity":
        return None
    if entry.state == "done":
        return _parity(store, entry.key)
    place = checkpoint_of(store, entry.key)
    return None if place is None else parity_so_far(config_of(entry.kind, entry.config), place)


@lru_cache(maxsize=8)
def _parity(store: Store, key: str) -> ParityResult:
    entry = store.entry(key)
    return result_of(entry.kind, entry.config, store.arrays(key))


def config_rows(entry: Entry) -> list[list[str]]:
    """The settings of a run, and what ran it, as pairs of texts."""
    settings = [[name, str(value)] for name, value in entry.config.items() if value is not None]
    return settings + [[name, str(value)] for name, value in (entry.versions or {}).items()]
