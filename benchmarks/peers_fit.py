"""Peers from PyPI against quantal on the same data, in one run, in CPU seconds, with the answers side by side.

    QUANTAL_DATA=... OMP_NUM_THREADS=1 python benchmarks/peers_fit.py --peer PYTHON [--json]

PYTHON is an interpreter in an environment of its own: `pip install chinchilla==0.2.0 powerlaw==2.0.0` and, below Python 3.12,
`pip install --ignore-requires-python simple-scaling-laws==0.2.0`. A peer that is not there is reported as such.

* chinchilla: the 240 runs of the Chinchilla replication, its log-Huber loss with delta 1e-3, a grid of 243 starts (three
  values a parameter around the published ones), its plot switched off, one process. Both answers are scored by the same
  objective: the sum of Huber(1e-3) of log residuals.
* simple-scaling-laws: the same runs, its separable-power law, 1,000 draws of its wild cluster bootstrap (each run is a
  configuration); quantal with objective "squares" and its wild bootstrap. Scored by the sum of squared residuals at the
  exponents found, E, A and B solved for (the package keeps its amplitudes at a reference scale of its own).
* powerlaw: 100,000 samples of Zipf's law with exponent 2, with the scan over xmin, and Vuong's z against the exponential;
  the exact z is computed here from the two fitted laws in log space.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import importlib.metadata
import json
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

import quantal as ql

DELTA = 1e-3
COMMON = """
import importlib.metadata, json, os, sys, time, warnings
warnings.simplefilter("ignore")
import numpy as np
def tell(package, seconds, **answer):
    print("RESULT" + json.dumps({"version": importlib.metadata.version(package), "seconds": seconds, **answer}))
"""
CHINCHILLA = """
import functools, tempfile
from chinchilla import Chinchilla
from chinchilla._metrics import log_huber
import pandas as pd
n, d, loss = np.load(sys.argv[1])
grid = {"E": [1.5, 1.8, 2.1], "a": [5.0, 6.5, 8.0], "b": [5.0, 7.0, 9.0], "alpha": [0.25, 0.35, 0.45], "beta": [0.25, 0.35, 0.45]}
cc = Chinchilla(tempfile.mkdtemp(), param_grid=grid, loss_fn=functools.partial(log_huber, delta=1e-3), log_level=50)
cc.database.df = pd.DataFrame({"C": 6 * n * d, "N": n, "D": d, "loss": loss})
cc.visualizer.optim = lambda *a, **k: None
start = time.process_time()
cc.fit(parallel=False)
tell("chinchilla", time.process_time() - start, theta=[float(getattr(cc, k)) for k in ("E", "A", "B", "alpha", "beta")])
"""
SIMPLE = """
import polars as pl
from simple_scaling_laws import fit
n, d, loss = np.load(sys.argv[1])
frame = pl.DataFrame({"training_run_id": [str(i) for i in range(len(n))], "model_size__n_params": n,
                      "dataset_size__n_tokens": d, "test_loss__cross_entropy": loss})
start = time.process_time()
model = fit(frame, law="separable-power", n_draws=1000, seed=0)
seconds = time.process_time() - start
found = dict(model.params("test_loss__cross_entropy"))
ends = model.conf_int("test_loss__cross_entropy")
tell("simple-scaling-laws", seconds, exponents=[float(found["alpha"]), float(found["beta"])], floor=float(found["E"]),
     intervals={name: [float(one) for one in ends[name]] for name in ("E", "alpha", "beta")})
"""
POWERLAW = """
import powerlaw
x = np.load(sys.argv[1])
start = time.process_time()
fit = powerlaw.Fit(x, discrete=True, verbose=False)
alpha = float(fit.power_law.alpha)
seconds = time.process_time() - start
z, p = fit.distribution_compare("power_law", "exponential", normalized_ratio=True)
tell("powerlaw", seconds, alpha=alpha, xmin=float(fit.xmin), z=float(z), rate=float(fit.exponential.Lambda))
"""


def peer(python: str, code: str, array: np.ndarray, limit: float = 900) -> dict[str, Any]:
    """What the peer answers and how long it took, or why it did not."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.npy"
        np.save(path, array)
        try:
            done = subprocess.run(
                [python, "-c", COMMON + code, str(path)], capture_output=True, text=True, check=False, timeout=limit
            )
        except subprocess.TimeoutExpired:
            return {"failed": f"not done after {limit:g} s"}
    line = next((one for one in done.stdout.splitlines() if one.startswith("RESULT")), None)
    return (
        json.loads(line.removeprefix("RESULT")) if line else {"failed": (done.stderr.splitlines() or ["no word"])[-1]}
    )


def timed(work: Any, repeats: int = 3) -> tuple[float, Any]:
    """Median CPU seconds of some calls, and the last answer."""
    seconds, answer = [], None
    for _ in range(repeats):
        start = time.process_time()
        answer = work()
        seconds.append(time.process_time() - start)
    return float(np.median(seconds)), answer


def predicted(theta: np.ndarray, n: np.ndarray, d: np.ndarray) -> np.ndarray:
    floor, a, b, alpha, beta = theta
    return floor + a * n**-alpha + b * d**-beta


def huber_sum(theta: np.ndarray, n: np.ndarray, d: np.ndarray, loss: np.ndarray) -> float:
    r = np.abs(np.log(loss) - np.log(predicted(theta, n, d)))
    return float(np.sum(np.where(r < DELTA, 0.5 * r**2, DELTA * (r - 0.5 * DELTA))))


def square_sum(alpha: float, beta: float, n: np.ndarray, d: np.ndarray, loss: np.ndarray) -> float:
    """The least sum of squares at these exponents."""
    terms = np.stack([np.ones_like(n), (n / n.mean()) ** -alpha, (d / d.mean()) ** -beta], axis=1)
    return float(np.sum((loss - terms @ np.linalg.lstsq(terms, loss, rcond=None)[0]) ** 2))


def exact_z(x: np.ndarray, alpha: float, rate: float, xmin: int) -> float:
    """Vuong's z of a discrete power law against a discrete exponential, in log space."""
    from scipy.special import zeta

    kept = x[x >= xmin].astype(float)
    difference = -alpha * np.log(kept) - np.log(zeta(alpha, xmin)) - np.log1p(-np.exp(-rate)) + rate * (kept - xmin)
    return float(difference.sum() / (difference.std() * np.sqrt(len(kept))))


def against_chinchilla(python: str, runs: ql.Runs) -> dict[str, Any]:
    n, d, loss = (np.asarray(runs[name]) for name in ("params", "tokens", "loss"))
    seconds, ours = timed(lambda: ql.fit(runs, "chinchilla", seed=0))
    out = {
        "quantal": {"seconds": seconds, "objective": huber_sum(ours.theta, n, d, loss), "theta": ours.theta.tolist()}
    }
    other = peer(python, CHINCHILLA, np.stack([n, d, loss]))
    if "theta" in other:
        other["objective"] = huber_sum(np.array(other["theta"]), n, d, loss)
    return out | {"peer": other}


def against_simple(python: str, runs: ql.Runs) -> dict[str, Any]:
    n, d, loss = (np.asarray(runs[name]) for name in ("params", "tokens", "loss"))
    seconds, ours = timed(
        lambda: ql.fit(runs, "chinchilla", objective="squares", bootstrap=1000, resample="wild", seed=0)
    )
    named = ours.parameters
    alpha, beta = float(named["alpha"].value or 0), float(named["beta"].value or 0)
    out = {
        "quantal": {
            "seconds": seconds,
            "objective": square_sum(alpha, beta, n, d, loss),
            "exponents": [alpha, beta],
            "floor": named["E"].value,
            "intervals": {name: list(named[name].interval() or ()) for name in ("E", "alpha", "beta")},
        }
    }
    other = peer(python, SIMPLE, np.stack([n, d, loss]))
    if "exponents" in other:
        alpha, beta = other["exponents"]
        other["objective"] = square_sum(alpha, beta, n, d, loss)
    return out | {"peer": other}


def against_powerlaw(python: str, samples: int) -> dict[str, Any]:
    x = np.random.default_rng(0).zipf(2.0, samples)
    from quantal.theory import fit_frequencies, fit_power_law_tail, histogram

    seconds, ours = timed(lambda: fit_power_law_tail(histogram(x)))
    rivals = fit_frequencies(x)
    found = rivals.compare("power_law", "exponential")
    out: dict[str, Any] = {
        "quantal": {"seconds": seconds, "alpha": ours.alpha, "xmin": ours.xmin, "z": found.statistic}
    }
    other = peer(python, POWERLAW, x)
    if "rate" in other:
        other["exact_z_of_its_laws"] = exact_z(x, other["alpha"], other["rate"], int(other["xmin"]))
    return out | {"peer": other}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--peer", required=True, help="python of an environment that holds the peers")
    parser.add_argument("--samples", type=int, default=100_000)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    runs = ql.read_runs("chinchilla").drop_highest(5)
    found = {
        "chinchilla": against_chinchilla(given.peer, runs),
        "simple-scaling-laws": against_simple(given.peer, runs),
        "powerlaw": against_powerlaw(given.peer, given.samples),
    }
    if given.json:
        print(
            json.dumps(
                {"quantal": ql.__version__, "numpy": importlib.metadata.version("numpy"), "peers": found}, indent=1
            )
        )
        return
    for name, one in found.items():
        ours, other = one["quantal"], one["peer"]
        if "failed" in other:
            print(f"{name}: did not run: {other['failed']}")
            continue
        ratio = other["seconds"] / ours["seconds"]
        print(
            f"{name} {other['version']}: {other['seconds']:.2f} s; quantal {ours['seconds']:.3f} s; ratio {ratio:.0f}"
        )
        for key in (
            "objective",
            "theta",
            "exponents",
            "floor",
            "intervals",
            "alpha",
            "xmin",
            "z",
            "exact_z_of_its_laws",
        ):
            if key in other:
                print(f"  {key}: {other[key]}; quantal {ours.get(key)}")


if __name__ == "__main__":
    sys.exit(main())
