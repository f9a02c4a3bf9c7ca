"""What the server keeps in memory between requests, the longest unused going first."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from quantal.errors import DataError

T = TypeVar("T")


class Kept(Generic[T]):
    """At most ``most`` values, of at most ``heaviest`` weight together, by the id of the question that they answer.

    The newest is kept whatever it weighs.

    >>> kept = Kept[int]("fit", 2)
    >>> one = kept.put("what is one", 1)
    >>> kept.get(one)
    1
    """

    def __init__(
        self, noun: str, most: int, weigh: Callable[[T], float] = lambda value: 0.0, heaviest: float = 1.0
    ) -> None:
        self._noun = noun
        self._most = most
        self._weigh = weigh
        self._heaviest = heaviest
        self._values: OrderedDict[str, T] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, question: str, value: T) -> str:
        """Keep a value; returns its id, the same for the same question."""
        identity = hashlib.sha256(question.encode()).hexdigest()[:20]
        with self._lock:
            self._values[identity] = value
            self._values.move_to_end(identity)
            while len(self._values) > self._most or (len(self._values) > 1 and self._weight() > self._heaviest):
                self._values.popitem(last=False)
        return identity

    def get(self, identity: str) -> T:
        """The value of an id.

        Raises:
            DataError: there is none (any more).
        """
        with self._lock:
            if identity not in self._values:
                raise DataError(f"there is no {self._noun} {identity[:40]!r} here (any more); ask for it again")
            self._values.move_to_end(identity)
            return self._values[identity]

    def _weight(self) -> float:
        return sum(self._weigh(one) for one in self._values.values())
