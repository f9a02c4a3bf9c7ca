"""TensorBoard event files: every scalar point, never a sample."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

from quantal.errors import DataError
from quantal.runs.trackers.protobuf import fields, tensorboard_records
from quantal.runs.trackers.tracked import TrackedRun, points

FLOAT, DOUBLE = 1, 2


def event_files(paths: Sequence[Path], name: str) -> TrackedRun:
    """One run from the event files of a folder, in the order of their names (their time of creation).

    Scalars are read as written by tf.summary, torch.utils.tensorboard and tensorboardX: simple values and 0-d tensors.
    Where a restarted run wrote a step again, the later value counts.

    Raises:
        DataError: a file is damaged.
    """
    curves: dict[str, list[tuple[float, float]]] = {}
    for path in sorted(paths):
        try:
            for record in tensorboard_records(path.read_bytes(), str(path)):
                _event(record, curves)
        except (ValueError, struct.error) as error:
            raise DataError(f"{path}: a damaged event file ({error}); copy it anew") from None
    return TrackedRun(name, "tensorboard", {}, {key: points(pairs) for key, pairs in curves.items()})


def _event(record: bytes, curves: dict[str, list[tuple[float, float]]]) -> None:
    step, summary = 0, b""
    for number, value in fields(record):
        if number == 2 and isinstance(value, int):
            step = value
        elif number == 5 and isinstance(value, bytes):
            summary = value
    for number, value in fields(summary):
        if number == 1 and isinstance(value, bytes):
            tag, scalar = _value(value)
            if scalar is not None:
                curves.setdefault(tag, []).append((float(step), scalar))


def _value(body: bytes) -> tuple[str, float | None]:
    tag, scalar = "", None
    for number, value in fields(body):
        if not isinstance(value, bytes):
            continue
        if number == 1:
            tag = value.decode("utf-8", "replace")
        elif number == 2:
            scalar = struct.unpack("<f", value)[0]
        elif number == 8:
            scalar = _tensor(value)
    return tag, scalar


def _tensor(body: bytes) -> float | None:
    """The number of a 0-d tensor of float or double; None for any other."""
    kind, content = FLOAT, b""
    for number, value in fields(body):
        if number == 1 and isinstance(value, int):
            kind = value
        elif number == 2 and isinstance(value, bytes) and any(n == 2 for n, _ in fields(value)):
            return None
        elif number in (4, 5, 6) and isinstance(value, bytes):
            content = value
    form = {FLOAT: "<f", DOUBLE: "<d"}.get(kind)
    return struct.unpack(form, content)[0] if form and len(content) == struct.calcsize(form) else None
