"""Clusters of planted points and of networks whose quanta are known, against the published clustering, in CPU seconds of one thread.

    OMP_NUM_THREADS=1 python benchmarks/discover_clusters.py [--json] [--largest 10000] [--networks 5]

Planted: point = .45 c_z + .55 g, normalised, in 400 dimensions, c_z a random unit vector, g ~ N(0, I/400), z drawn as r^-1.24. The
published way is scikit-learn's SpectralClustering of 1 - arccos(C)/pi with 30 starts; it is timed up to 3,000 points. Networks:
multitask sparse parity, 16 tasks of 2 in 32 bits drawn as r^-1.4.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["MKL_NUM_THREADS"] = "1"

import argparse
import json
import time
from typing import Any

import numpy as np
from sklearn.metrics import adjusted_rand_score

from quantal.discover import clusters
from quantal.discover.clusters import Way
from quantal.discover.discovery import peak_memory_mb
from quantal.reproduce.parity_quanta import parity_config, recovered

SIZES = ((1_000, 100), (3_000, 200), (10_000, 400))
MOST_PUBLISHED = 3_000


def points(count: int, k: int, seed: int = 0) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    weights = np.arange(1, k + 1.0) ** -1.24
    centres = rng.standard_normal((k, 400), dtype=np.float32)
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    truth = rng.choice(k, count, p=weights / weights.sum())
    made = 0.45 * centres[truth] + 0.55 * rng.standard_normal((count, 400), dtype=np.float32) / 20
    made /= np.linalg.norm(made, axis=1, keepdims=True)
    return np.clip(made @ made.T, -1, 1), truth


def planted(count: int, k: int) -> dict[str, Any]:
    cosines, truth = points(count, k)

    def found(way: Way) -> tuple[float, float]:
        began = time.process_time()
        labels = clusters(cosines, k, way=way)
        return time.process_time() - began, float(adjusted_rand_score(truth, labels))

    seconds, rand = found("chance-off")
    out: dict[str, Any] = {
        "points": count,
        "clusters": k,
        "seconds": seconds,
        "rand": rand,
        "peak_mb": peak_memory_mb(),
    }
    if count <= MOST_PUBLISHED:
        out["published_seconds"], out["published_rand"] = found("paper")
    return out


def network(seed: int) -> dict[str, Any]:
    began = time.process_time()
    made = recovered(parity_config(seed))
    low, high = made.slope.corrected.interval(95.0)
    return {
        "seed": seed,
        "learned_tasks": made.learned,
        "patterns_rand": made.patterns,
        "tasks_rand": made.tasks,
        "published_patterns_rand": made.paper_patterns,
        "published_tasks_rand": made.paper_tasks,
        "slope": made.slope.corrected.value,
        "slope_low": low,
        "slope_high": high,
        "seconds": time.process_time() - began,
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--largest", type=int, default=10_000, help="of the planted sets")
    parser.add_argument("--networks", type=int, default=5)
    args = parser.parse_args()
    out = {
        "planted": [planted(count, k) for count, k in SIZES if count <= args.largest],
        "networks": [network(seed) for seed in range(args.networks)],
    }
    if args.json:
        print(json.dumps(out, indent=2))
        return
    for name, rows in out.items():
        for row in rows:
            print(f"{name}: " + ", ".join(f"{key} {value:.4g}" for key, value in row.items()))


if __name__ == "__main__":
    main()
