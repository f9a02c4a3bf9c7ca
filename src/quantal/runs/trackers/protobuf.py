"""Protocol buffers' wire format, and the framed record files of TensorBoard and Weights & Biases; no package needed."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from quantal.errors import DataError

BLOCK, HEADER = 32768, 7
WANDB_START = b":W&B\xe1\xbe"


def fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Field numbers and raw values of one message: whole numbers, or bytes of fixed or given length.

    Raises:
        ValueError: the bytes are no message.

    >>> list(fields(bytes([8, 150, 1, 18, 2, 104, 105])))
    [(1, 150), (2, b'hi')]
    """
    place, end = 0, len(data)
    while place < end:
        key, place = _varint(data, place)
        kind = key & 7
        if kind == 0:
            value, place = _varint(data, place)
            yield key >> 3, value
            continue
        if kind == 2:
            size, place = _varint(data, place)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            raise ValueError(f"wire type {kind}")
        if place + size > end:
            raise ValueError("a field runs past the end")
        yield key >> 3, data[place : place + size]
        place += size


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if place >= len(data) or shift > 63:
            raise ValueError("a number runs past the end")
        byte = data[place]
        value |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            return value, place


def tensorboard_records(data: bytes, source: str) -> Iterator[bytes]:
    """The records of an event file; a last one that is still being written is left out.

    Raises:
        DataError: the file is none, or damaged in the middle.
    """
    place, end = 0, len(data)
    while place + 12 <= end:
        size = struct.unpack_from("<Q", data, place)[0]
        if size > 1 << 31:
            raise DataError(f"{source}: damaged at byte {place}, a record of {size} bytes; copy the event file anew")
        if place + 16 + size > end:
            return
        yield data[place + 12 : place + 12 + size]
        place += 16 + size


def wandb_records(data: bytes, source: str) -> Iterator[bytes]:
    """The records of a .wandb file (LevelDB's log format); a last one that is still being written is left out.

    Raises:
        DataError: the file is none.
    """
    if data[:6] != WANDB_START:
        raise DataError(
            f"{source}: no .wandb file (it does not start with ':W&B'); give the run-*.wandb of a run folder"
        )
    place, parts = HEADER, b""
    while place + HEADER <= len(data):
        room = BLOCK - place % BLOCK
        if room < HEADER:
            place += room
            continue
        size, kind = struct.unpack_from("<HB", data, place + 4)
        if place + HEADER + size > len(data) or kind == 0:
            return
        part = data[place + HEADER : place + HEADER + size]
        place += HEADER + size
        parts = part if kind in (1, 2) else parts + part
        if kind in (1, 4):
            yield parts
