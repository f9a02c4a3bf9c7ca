"""A driver of a sweep in a process of its own: python drive.py STORE COUNT SECONDS TRAP [LEASE] [ENGINE]."""

from __future__ import annotations

import json
import sys

from quick_jobs import Descent, descend


def configs(count: int, seconds: float, trap: str) -> list[Descent]:
    return [Descent(width, seconds=seconds, trap=trap) for width in range(2, 2 + count)]


def main() -> None:
    from quantal.train import sweep

    store, count, seconds, trap, *more = sys.argv[1:]
    result = sweep(
        configs(int(count), float(seconds), trap),
        function=descend,
        store=store,
        workers=2,
        resume=True,
        lease=float(more[0]) if more else 60.0,
        engine=more[1] if len(more) > 1 else "local",
    )
    print(json.dumps(result.to_dict()))


if __name__ == "__main__":
    main()
