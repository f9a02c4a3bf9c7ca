"""How long a published parity study takes against the estimate that is given before it starts, in CPU seconds.

Every step of a training on a stream costs the same, so a share of the steps of each training says what all take. Matrix products are
timed in the same run, between the trainings.

    OMP_NUM_THREADS=1 python benchmarks/parity_study_time.py [--preset fig2] [--share 0.02] [--json]

--share 0.02 trains 2 % of the steps (about ten minutes of one core for fig2); the rate is the same for a smaller share.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["MKL_NUM_THREADS"] = "1"

import argparse
import dataclasses
import json

import numpy as np

from quantal.reproduce import estimate
from quantal.reproduce.parity_estimate import matrix_rate
from quantal.train import PARITY_PRESETS, Stopwatch, parity_preset, train_parity
from quantal.train.parity_presets import work


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--preset", choices=PARITY_PRESETS, default="fig2")
    parser.add_argument("--share", type=float, default=0.02)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    chosen = parity_preset(args.preset)
    expected = estimate(chosen, args.workers).stream_seconds / 3600
    rates, whole, cpu = [], [], 0.0
    for config in chosen.sizes:
        steps = max(1, round(args.share * config.steps))
        rates.append(matrix_rate())
        watch = Stopwatch()
        train_parity(dataclasses.replace(config, steps=steps), stopwatch=watch)
        spent = watch.cpu_seconds
        evaluations = len(dataclasses.replace(config, steps=steps).evaluation_steps)
        evaluation = spent["evaluation"] / evaluations * len(config.evaluation_steps)
        whole.append((spent["data"] + spent["training"]) / steps * config.steps + evaluation)
        cpu += sum(spent.values())
        rates.append(matrix_rate())
    rate = float(np.median(rates))
    flops = [work(config) for config in chosen.sizes]
    hours = max(sum(whole) / args.workers, max(whole)) / 3600
    alone = max(sum(flops) / args.workers, max(flops)) / rate / 3600
    out = {
        "preset": args.preset,
        "share": args.share,
        "cpu_seconds": cpu,
        "gemm_gflops": rate / 1e9,
        "hours_by_these_steps": hours,
        "hours_estimated": expected,
        "times_estimate": hours / expected,
        "hours_at_matrix_rate": alone,
        "times_matrix_rate": hours / alone,
    }
    print(json.dumps(out, indent=2) if args.json else ", ".join(f"{name} {value}" for name, value in out.items()))


if __name__ == "__main__":
    main()
