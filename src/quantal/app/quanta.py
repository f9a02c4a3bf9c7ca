"""The saved clusters of a language model's tokens: an overview, pages of clusters with their tokens, and a search."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Any, Literal

from quantal.discover import Cluster, SavedDiscovery, load_discovery
from quantal.errors import DataError

Order = Literal["size", "stability", "loss"]
PAGE = 20
FIRST_TOKENS = 8
MOST_TOKENS = 500


class Quanta:
    """A saved discovery that can be searched."""

    def __init__(self, found: SavedDiscovery) -> None:
        self.found = found

    @cached_property
    def _texts(self) -> list[str]:
        return [f"{one.before}{one.text}{one.after}\n{one.text}".casefold() for one in self.found.tokens]

    def overview(self) -> dict[str, Any]:
        """What was found as a whole: numbers of tokens and clusters, and the slope of their sizes with what it is to be held against."""
        found = self.found
        slope: dict[str, Any] = {"value": None, "reason": found.slope_reason}
        if found.slope is not None:
            slope = found.slope.to_dict()
        predicted = None if found.exponent is None else -(found.exponent + 1)
        return {
            "model": found.model,
            "text": found.text,
            "tokens": len(found.tokens),
            "scanned": found.scanned,
            "candidates": found.candidates,
            "clusters": len(found.clusters),
            "stable": sum(one.stable for one in found.clusters),
            "null_cohesion": found.null_cohesion,
            "slope": {**slope, "predicted": predicted},
        }

    def page(self, search: str = "", order: Order = "size", stable: bool = False, first: int = 0) -> dict[str, Any]:
        """Twenty clusters from ``first`` on, each with its first tokens; those of a search with the tokens that hold it.

        Returns:
            ``clusters`` and the numbers of `matching` clusters and `tokens`.
        """
        wanted = search.casefold()
        hits = []
        for number, one in enumerate(self.found.clusters, 1):
            tokens = [token for token in one.tokens if wanted in self._texts[token]] if wanted else list(one.tokens)
            if tokens and (one.stable or not stable):
                hits.append((number, one, tokens))
        hits.sort(key=lambda hit: _rank(hit[1], order))
        return {
            "clusters": [self._shown(*hit) for hit in hits[max(first, 0) : max(first, 0) + PAGE]],
            "matching": len(hits),
            "tokens": sum(len(tokens) for _, _, tokens in hits),
        }

    def cluster(self, number: int) -> dict[str, Any]:
        """One cluster with up to 500 of its tokens.

        Raises:
            DataError: there is no such cluster.
        """
        count = len(self.found.clusters)
        if not 1 <= number <= count:
            raise DataError(f"there is no cluster {number}; they are numbered from 1 to {count}")
        one = self.found.clusters[number - 1]
        return self._shown(number, one, one.tokens, MOST_TOKENS)

    def _shown(self, number: int, one: Cluster, tokens: Sequence[int], most: int = FIRST_TOKENS) -> dict[str, Any]:
        facts = {name: getattr(one, name) for name in ("size", "stable", "stability", "loss", "cohesion")}
        return {"number": number, **facts, "matching": len(tokens), "tokens": [self._token(at) for at in tokens[:most]]}

    def _token(self, at: int) -> dict[str, Any]:
        token = self.found.tokens[at]
        return {name: getattr(token, name) for name in ("before", "text", "after", "source", "loss")}


def _rank(one: Cluster, order: Order) -> tuple[float, int]:
    if order == "stability":
        return (-1.0 if one.stability is None else -one.stability), -one.size
    if order == "loss":
        return (float("inf") if one.loss is None else one.loss), -one.size
    return -float(one.size), 0


def saved_quanta(path: str) -> Quanta:
    """The discovery that the server was started with; a file that changed is read anew.

    Raises:
        DataError: there is no such file, or it holds something else.
    """
    try:
        changed = os.stat(path).st_mtime_ns
    except OSError:
        changed = 0
    return _read(path, changed)


@lru_cache(maxsize=2)
def _read(path: str, changed: int) -> Quanta:
    return Quanta(load_discovery(path))
