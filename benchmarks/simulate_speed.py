"""The simulator against drawing every sample with NumPy: CPU seconds of both in one run, their ratio, and the peak memory.

Two claims: at 1e8 samples (gamma = 0.5, learned after one sample) one simulated run is at least 1,000 times cheaper than drawing the
samples and finding the different ones, and 1,000 runs of 1e12 samples over infinitely many quanta take under 2 s of CPU and 500 MB.
NumPy's own Zipf sampler (rejection) is the peer; the loss of both is printed. Run: python benchmarks/simulate_speed.py
"""

from __future__ import annotations

import json
import resource
import time

import numpy as np

import quantal.theory as qt
from quantal.simulate import simulate

GAMMA = 0.5
SAMPLES = 100_000_000
CHUNK = 5_000_000


def drawn_with_numpy(rng: np.random.Generator) -> tuple[float, float]:
    """(loss, CPU seconds to draw): the seconds hold the sampler alone, not the search for different ranks."""
    law = qt.Zipf(GAMMA)
    seen = np.zeros(10_000_000, dtype=bool)
    rare: list[np.ndarray] = []
    seconds = 0.0
    for _ in range(SAMPLES // CHUNK):
        start = time.process_time()
        ranks = rng.zipf(GAMMA + 1, CHUNK)
        seconds += time.process_time() - start
        near = ranks < seen.size
        seen[ranks[near]] = True
        rare.append(np.unique(ranks[~near]))
    learned = np.concatenate([np.flatnonzero(seen), np.unique(np.concatenate(rare))]).astype(float)
    return 1.0 - float(law.pmf(learned).sum()), seconds


def main() -> None:
    model = qt.QuantaModel(qt.Zipf(GAMMA))
    simulate(model, samples=1e3)
    start = time.process_time()
    runs = simulate(model, samples=1e12, replicates=1000)
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    exact = model.loss(samples=1e12)
    z = (runs["loss"].mean() - exact) / (runs["loss"].std() / 1000**0.5)
    print(
        json.dumps(
            {
                "claim": "1,000 runs of 1e12 samples",
                "cpu_seconds": round(seconds, 4),
                "peak_mb": round(peak),
                "standard_errors_from_exact": round(float(z), 2),
                "passed": seconds < 2 and peak < 500,
            }
        )
    )
    for replicates in (1, 100):
        times = []
        for seed in range(5):
            start = time.process_time()
            simulated = simulate(model, samples=float(SAMPLES), replicates=replicates, seed=seed)
            times.append(time.process_time() - start)
        if replicates == 1:
            one = float(np.median(times))
        else:
            each = float(np.median(times)) / replicates
    loss, drawing = drawn_with_numpy(np.random.default_rng(0))
    print(
        json.dumps(
            {
                "claim": "1e8 samples against NumPy's Zipf sampler",
                "numpy_cpu_seconds": round(drawing, 2),
                "one_run_cpu_seconds": round(one, 5),
                "each_of_100_runs_cpu_seconds": round(each, 7),
                "ratio_of_one_run": round(drawing / one),
                "ratio_each_of_100_runs": round(drawing / each),
                "loss_numpy": loss,
                "loss_simulated": float(simulated["loss"].mean()),
                "standard_deviation": float(simulated["loss"].std()),
                "passed": drawing / one >= 1000,
            }
        )
    )


if __name__ == "__main__":
    main()
