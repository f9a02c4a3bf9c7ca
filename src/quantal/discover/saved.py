"""A discovery as a file: its clusters with their tokens in context, its slope, and a picture of its cosines."""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quantal.discover.discovery import Cluster, Discovery
from quantal.discover.slopes import Slope
from quantal.errors import DataError, InputError
from quantal.estimate import Estimate
from quantal.runs import write_whole

SCHEMA = "quantal.discovery/1"
_PICTURE = 400
_TOKEN = ("source", "position", "loss", "before", "text", "after")


@dataclass(frozen=True)
class SavedToken:
    """A token as a file keeps it: where it stands, its loss in nats, and what it is in its context."""

    source: str
    position: int
    loss: float
    before: str
    text: str
    after: str


@dataclass(frozen=True, eq=False)
class SavedDiscovery:
    """What a file holds of a `Discovery`: all but the gradients and the whole matrix of cosines.

    picture: mean cosines of blocks of tokens in the order of their clusters, of shape (n, n), 0 for less than 0; edges: where its rows
    begin and end, in tokens, of shape (n + 1,).
    """

    model: str
    text: str
    scanned: int
    candidates: int
    tokens: tuple[SavedToken, ...]
    clusters: tuple[Cluster, ...]
    slope: Slope | None
    slope_reason: str | None
    null_cohesion: float
    exponent: float | None
    mode: str
    rms_error: float
    picture: NDArray[np.float64]
    edges: NDArray[np.int64]

    def __repr__(self) -> str:
        stable = sum(one.stable for one in self.clusters)
        return (
            f"SavedDiscovery({self.model}: {len(self.tokens)} tokens, {len(self.clusters)} clusters, {stable} stable)"
        )


def save_discovery(found: Discovery, path: str | os.PathLike[str]) -> None:
    """Write a discovery as .json, which `load_discovery` and the page read.

    Raises:
        InputError: the path ends in something else, or cannot be written to.
    """
    place = Path(path)
    if place.suffix.lower() != ".json":
        raise InputError(f"{str(path)!r}: a discovery is kept as .json; write {str(place.with_suffix('.json'))!r}")
    order = np.array([token for one in found.clusters for token in one.tokens])
    picture, edges = block_means(found.cosines.matrix, order, _PICTURE)
    grey = np.round(255 * np.clip(picture, 0, 1)).astype(np.uint8)
    data = {
        "schema": SCHEMA,
        **found.to_dict(),
        "tokens": [[getattr(token, name) for name in _TOKEN] for token in found.tokens],
        "exponent": found.exponent,
        "picture": base64.b64encode(grey.tobytes()).decode("ascii"),
        "edges": edges.tolist(),
    }
    text = json.dumps(data, allow_nan=False, ensure_ascii=False)
    write_whole(place, lambda beside: beside.write_text(text, encoding="utf-8", errors="replace"))


def load_discovery(path: str | os.PathLike[str]) -> SavedDiscovery:
    """Read what `save_discovery` wrote.

    Raises:
        DataError: there is no such file, or it holds something else.
    """
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{str(path)!r} cannot be read ({error.strerror or error}); {_HOW}") from None
    except ValueError:
        raise DataError(f"{str(path)!r} is no JSON; {_HOW}") from None
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise DataError(f"{str(path)!r} is no saved discovery of the form {SCHEMA}; {_HOW}")
    try:
        return _read(data)
    except (KeyError, TypeError, ValueError, IndexError, binascii.Error) as error:
        raise DataError(f"{str(path)!r} is a damaged discovery ({type(error).__name__}: {error}); {_HOW}") from None


_HOW = "write one with: quantal discover MODEL --text FILE --save found.json"


def block_means(matrix: Any, order: NDArray[np.int64], most: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The matrix in an order, at most ``most`` wide by means of blocks, and the edges of the blocks.

    >>> import numpy as np
    >>> block_means(np.eye(4), np.arange(4), 2)[0].tolist()
    [[0.5, 0.0], [0.0, 0.5]]
    """
    count = len(order)
    edges = np.linspace(0, count, min(count, most) + 1).astype(int)
    rows = []
    for first, last in pairwise(edges):
        band = np.asarray(matrix[order[first:last]][:, order], dtype=np.float64).mean(0)
        rows.append(np.add.reduceat(band, edges[:-1]) / np.diff(edges))
    return np.array(rows), edges


def _read(data: Mapping[str, Any]) -> SavedDiscovery:
    tokens = tuple(
        SavedToken(_whole(source), int(position), float(loss), _whole(before), _whole(text), _whole(after))
        for source, position, loss, before, text, after in data["tokens"]
    )
    clusters = tuple(_cluster(one, len(tokens)) for one in data["clusters"])
    edges = np.array(data["edges"], dtype=np.int64)
    size = len(edges) - 1
    grey = np.frombuffer(base64.b64decode(data["picture"], validate=True), dtype=np.uint8).reshape(size, size)
    slope = data["slope"]
    return SavedDiscovery(
        _whole(data["model"]),
        _whole(data["text"]),
        int(data["n_scanned"]),
        int(data["n_candidates"]),
        tokens,
        clusters,
        None if slope["value"] is None else _slope(slope),
        slope.get("reason"),
        float(data["null"]["cohesion"]),
        None if data["exponent"] is None else float(data["exponent"]),
        str(data["similarity"]["mode"]),
        float(data["similarity"]["rms_error"]),
        grey / 255.0,
        edges,
    )


def _whole(text: Any) -> str:
    """The text without halves of characters, which no UTF-8 can hold."""
    return str(text).encode("utf-8", "replace").decode("utf-8")


def _cluster(one: Mapping[str, Any], count: int) -> Cluster:
    members = tuple(int(token) for token in one["tokens"])
    if not members or not all(0 <= token < count for token in members):
        raise ValueError(f"a cluster names tokens outside 0 to {count - 1}")
    stability, loss = (None if one[name] is None else float(one[name]) for name in ("stability", "loss"))
    return Cluster(members, stability, bool(one["stable"]), loss, float(one["cohesion"]))


def _slope(data: Mapping[str, Any]) -> Slope:
    bias = None if data["bias"] is None else float(data["bias"])
    first, last = data["ranks"]
    return Slope(Estimate.from_dict(data), Estimate.from_dict(data["corrected"]), bias, (int(first), int(last)))
