"""A million evaluations of tail(n), law by law: CPU seconds, whole ranks up to 1e9 and real ranks up to 1e30.

python benchmarks/tail_speed.py
"""

from __future__ import annotations

import statistics
import time

import numpy as np

from quantal.theory import Cutoff, Empirical, Geometric, LogNormal, Mandelbrot, Stretched, Zipf

LAWS = (
    (Zipf(0.4), 0.5),
    (Zipf(0.4, 1_000_000), 0.5),
    (Mandelbrot(0.4, 1000.0), 0.5),
    (Geometric(0.5), 0.5),
    (Cutoff(0.4, 1000.0), 5.0),
    (Stretched(0.5, 100.0), 5.0),
    (LogNormal(2.0, 4_000_000), 5.0),
    (Empirical(np.arange(1, 100_001)), 5.0),
)


def main() -> None:
    rng = np.random.default_rng(0)
    ranks = {
        "whole": np.floor(np.exp(rng.uniform(0, np.log(1e9), 1_000_000))),
        "real": np.exp(rng.uniform(0, np.log(1e30), 1_000_000)),
        "below 12": rng.uniform(0, 12, 1_000_000),
    }
    for law, most in LAWS:
        law.tail(1.0)
        spent = []
        for n in ranks.values():
            times = []
            for _ in range(3):
                start = time.process_time()
                law.tail(n)
                times.append(time.process_time() - start)
            spent.append(statistics.median(times))
        told = ", ".join(f"{name} {seconds:.3f} s" for name, seconds in zip(ranks, spent, strict=True))
        print(f"{law!r}: {told} (aim {most} s: {'reached' if max(spent) <= most else 'missed'})")


if __name__ == "__main__":
    main()
