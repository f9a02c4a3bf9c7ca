"""Training on multitask sparse parity against the published script's step, in CPU seconds of one thread in one run.

The peer is written afresh here as published (Michaud et al. 2023, figure 2): subtasks drawn by multinomial, one-hot control bits and
random bits made in torch, labels by the parity of the chosen bits; Linear-ReLU-Linear with two logits, cross-entropy, Adam at 1e-3;
its step makes its data, as the script's does. Ours makes its data, trains and evaluates.

    OMP_NUM_THREADS=1 python benchmarks/parity_speed.py [--json] [--steps 80] [--rounds 4]

The share of the rate of matrix products is that of the dense network's products in the time of a whole training step: above 1, no
dense product could keep up. Needs torch for the peer and numba for ours. Ratios are of the medians over rounds in which ours, the peer
and a plain matrix product alternate.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["MKL_NUM_THREADS"] = "1"

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from quantal.reproduce.parity_estimate import matrix_rate
from quantal.train import ParityConfig, Stopwatch, train_parity
from quantal.train.parity_data import subsets

TASKS, BITS, K, GAMMA, BATCH = 500, 100, 3, 0.4, 20_000
WIDE = 500
TWENTY = tuple(round(width) for width in np.geomspace(10, 300, 20))


def config(widths: tuple[int, ...], steps: int) -> ParityConfig:
    return ParityConfig(TASKS, BITS, K, GAMMA, widths=widths, batch_size=BATCH, steps=steps)


def ours(widths: tuple[int, ...], steps: int, compiled: bool = True) -> Stopwatch:
    watch = Stopwatch()
    train_parity(config(widths, steps), stopwatch=watch, compiled=compiled)
    return watch


def published_step(width: int) -> Callable[[], float]:
    """One whole step of the script, data included; returns its CPU seconds."""
    import torch
    from torch import nn

    torch.set_num_threads(1)
    made = config((width,), 1)
    chosen = subsets(made)
    model = nn.Sequential(nn.Linear(TASKS + BITS, width), nn.ReLU(), nn.Linear(width, 2))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    loss_fn = nn.CrossEntropyLoss()
    probabilities, rng = made.probabilities, np.random.default_rng(0)

    def batch() -> tuple[Any, Any]:
        counts = rng.multinomial(BATCH, probabilities)
        x = torch.zeros((BATCH, TASKS + BITS))
        y = torch.zeros(BATCH, dtype=torch.int64)
        start = 0
        for task in range(TASKS):
            size = int(counts[task])
            if size == 0:
                continue
            bits = torch.randint(low=0, high=2, size=(size, BITS))
            x[start : start + size, task] = 1.0
            x[start : start + size, TASKS:] = bits
            y[start : start + size] = torch.sum(bits[:, chosen[task]], dim=1) % 2
            start += size
        return x, y

    def step() -> float:
        began = time.process_time()
        x, y = batch()
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        return time.process_time() - began

    return step


def shares(watch: Stopwatch) -> dict[str, float]:
    spent = sum(watch.cpu_seconds.values())
    return {part: seconds / spent for part, seconds in watch.cpu_seconds.items()}


def flops(widths: tuple[int, ...]) -> float:
    """Of the two products with the bits as dense products make them; the table of tasks, the output and the update are not counted."""
    return 4.0 * BITS * sum(widths) * BATCH


PEAK = """
import pathlib, re
from quantal.train import ParityConfig, train_parity
train_parity(ParityConfig(widths=WIDTHS, batch_size=20000, steps=3))
print(int(re.search("VmHWM:[^0-9]*([0-9]+)", pathlib.Path("/proc/self/status").read_text())[1]) / 1024)
"""


def peak_memory(widths: tuple[int, ...]) -> float:
    """MB of a fresh interpreter that trains and evaluates."""
    code = PEAK.replace("WIDTHS", repr(widths))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--steps", type=int, default=80, help="of ours at width 500, over all rounds")
    parser.add_argument("--rounds", type=int, default=4)
    args = parser.parse_args()
    ours((WIDE,), 1)
    peers = {width: published_step(width) for width in (WIDE, *TWENTY)}
    for one in (peers[WIDE], peers[TWENTY[0]]):
        one()
    each = max(1, args.steps // args.rounds)
    found: dict[str, list[float]] = {}

    def note(name: str, value: float) -> None:
        found.setdefault(name, []).append(value)

    total = Stopwatch()
    for _ in range(args.rounds):
        note("gemm", matrix_rate(seconds=0.4))
        watch = ours((WIDE,), each)
        note("ours", sum(watch.cpu_seconds.values()) / each)
        note("training", watch.cpu_seconds["training"] / each)
        for part, seconds in watch.cpu_seconds.items():
            total.cpu_seconds[part] += seconds
        note("peer", float(np.median([peers[WIDE]() for _ in range(2)])))
        note("numpy", 1 / ours((WIDE,), 3, compiled=False).steps_per_cpu_second)
        note("twenty", 1 / ours(TWENTY, 3).steps_per_cpu_second)
        note("peer twenty", sum(peers[width]() for width in TWENTY))
    median = {name: float(np.median(values)) for name, values in found.items()}
    out = {
        "width 500": {
            "ours_ms_a_step": 1e3 * median["ours"],
            "published_ms_a_step": 1e3 * median["peer"],
            "ratio": float(np.median(np.array(found["peer"]) / found["ours"])),
            "gemm_gflops": median["gemm"] / 1e9,
            "share_of_gemm_rate": float(np.median(flops((WIDE,)) / np.array(found["training"]) / found["gemm"])),
            "numpy_only_ratio": float(np.median(np.array(found["peer"]) / found["numpy"])),
            **{f"{part}_share": share for part, share in shares(total).items()},
        },
        "20 widths on a shared batch": {
            "ours_ms_a_step": 1e3 * median["twenty"],
            "published_ms_a_step": 1e3 * median["peer twenty"],
            "ratio": float(np.median(np.array(found["peer twenty"]) / found["twenty"])),
        },
        "peak_mb": {"width 500": peak_memory((WIDE,)), "20 widths": peak_memory(TWENTY)},
    }
    if args.json:
        print(json.dumps(out, indent=2))
        return
    for name, values in out.items():
        print(f"{name}: " + ", ".join(f"{key} {value:.4g}" for key, value in values.items()))


if __name__ == "__main__":
    main()
