"""1e8 counts in bounded memory: drawn in chunks, never held at once, fitted as a stream; and read from a file of numbers.

python benchmarks/count_memory.py
"""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from quantal.runs import read_counts
from quantal.theory import fit_frequencies, fit_power_law_tail, histogram

CHUNK = 1_000_000


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def chunks(items: int) -> Iterator[np.ndarray]:
    rng = np.random.default_rng(0)
    for _ in range(items // CHUNK):
        yield rng.zipf(2.0, CHUNK)


def main() -> None:
    fit_frequencies(np.random.default_rng(1).zipf(2.0, 10_000))
    print(f"with everything imported and a small fit done: {peak():.0f} MB")
    for items in (10_000_000, 100_000_000):
        start = time.process_time()
        found = fit_frequencies(chunks(items))
        spent = time.process_time() - start
        assert found.power_law is not None
        print(
            f"{items:.0e} counts as a stream: {spent:.1f} s CPU with drawing, alpha {found.power_law.alpha:.5f}, "
            f"xmin {found.power_law.xmin}, peak {peak():.0f} MB"
        )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "counts.txt"
        with path.open("wb") as stream:
            for chunk in chunks(10_000_000):
                stream.write(("\n".join(map(str, chunk.tolist())) + "\n").encode())
                del chunk
        start = time.process_time()
        power = fit_power_law_tail(histogram(read_counts(path).chunks))
        print(
            f"1e+07 counts from a file of {path.stat().st_size / 1e6:.0f} MB: {time.process_time() - start:.1f} s CPU, "
            f"alpha {power.alpha:.5f}, peak {peak():.0f} MB"
        )


if __name__ == "__main__":
    main()
