"""Fits of the 240 Chinchilla runs: quantal against SciPy loops, in one run, in CPU seconds on one core.

The peer is written afresh here as published (Hoffmann et al. 2022, approach 3; Besiroglu et al. 2024): the summed Huber
objective, minimised by `scipy.optimize.minimize` once for each resample from the published starting point, with gradients
written by hand; and, for the point fit, L-BFGS-B with numerical gradients from the published grid of 4,500 starts.

    QUANTAL_DATA=... OMP_NUM_THREADS=1 python benchmarks/chinchilla_fit.py [--json] [--full]

Without --full the grid is run on every tenth start and its time multiplied by ten, and the slower loops on 400 resamples.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from typing import Any

import numpy as np
from scipy.optimize import minimize

import quantal as ql
from quantal.fit.problem import Problem
from quantal.fit.resampling import _draw, bootstrap
from quantal.fit.starts import published_grid
from quantal.laws import get_law

DELTA = 1e-3
PUBLISHED_START = np.array([6.0073404, 6.0179186, 0.5267228, 0.33917084, 0.2849083])


def huber(r: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    slope = np.clip(r, -DELTA, DELTA)
    return slope * (r - 0.5 * slope), slope


def chinchilla_terms(x: np.ndarray, ln: np.ndarray, ld: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    a, b, e, alpha, beta = x
    first, second, third = np.exp(a - alpha * ln), np.exp(b - beta * ld), np.full_like(ln, np.exp(e))
    return first + second + third, [first, second, third, -ln * first, -ld * second]


def kappa_terms(x: np.ndarray, ln: np.ndarray, ld: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    a, b, e, alpha, beta, lk = x
    k = np.exp(lk)
    u, v = a - alpha * ln, b - beta * ld
    s = np.logaddexp(k * u, k * v)
    joint, share = np.exp(s / k), np.exp(k * u - s)
    floor = np.full_like(ln, np.exp(e))
    by_k = joint * (share * u + (1 - share) * v - s / k)
    return floor + joint, [
        joint * share,
        joint * (1 - share),
        floor,
        -ln * joint * share,
        -ld * joint * (1 - share),
        by_k,
    ]


def kaplan_terms(x: np.ndarray, ln: np.ndarray, ld: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    n_c, d_c, alpha, beta = x
    u, v = alpha / beta * (n_c - ln), d_c - ld
    s = np.logaddexp(u, v)
    value, share = np.exp(beta * s), np.exp(u - s)
    return value, [
        value * beta * share * alpha / beta,
        value * beta * (1 - share),
        value * beta * share * (n_c - ln) / beta,
        value * (s - share * u),
    ]


def scipy_loop(
    terms: Any, start: np.ndarray, weights: np.ndarray, ln: np.ndarray, ld: np.ndarray, ly: np.ndarray
) -> tuple[np.ndarray, float]:
    """Objectives and CPU seconds of one BFGS a resample."""

    def objective(x: np.ndarray, w: np.ndarray) -> tuple[float, np.ndarray]:
        value, parts = terms(x, ln, ld)
        rho, slope = huber(ly - np.log(value))
        outer = -w * slope / value
        return float(w @ rho), np.array([outer @ part for part in parts])

    began, found = time.process_time(), []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for w in weights:
            found.append(minimize(objective, start, args=(w,), jac=True, method="BFGS", options={"gtol": 1e-5}).fun)
    return np.array(found), time.process_time() - began


def published_grid_fit(ln: np.ndarray, ld: np.ndarray, ly: np.ndarray, every: int) -> tuple[np.ndarray, float]:
    """Objectives and CPU seconds (for all 4,500) of L-BFGS-B with numerical gradients from the published grid."""

    def objective(x: np.ndarray) -> float:
        return float(np.sum(huber(ly - np.log(chinchilla_terms(x, ln, ld)[0]))[0]))

    grid = published_grid()[::every]
    grid = np.column_stack(
        [np.log(grid[:, 1]), np.log(grid[:, 2]), np.log(grid[:, 0]), np.where(grid[:, 3:] == 0.01, 0.0, grid[:, 3:])]
    )
    began = time.process_time()
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = [minimize(objective, start, method="L-BFGS-B").fun for start in grid]
    return np.array(found), (time.process_time() - began) * every


@ql.law(source="benchmark", name="own_chinchilla")
def own(params, tokens, *, E: ql.Positive, A: ql.Positive, B: ql.Positive, alpha: ql.Exponent, beta: ql.Exponent):
    "L = E + A N^-alpha + B D^-beta"
    return E + A * params**-alpha + B * tokens**-beta


def resamples(law: Any, runs: Any, terms: Any, start: np.ndarray, count: int, peer_count: int) -> dict[str, float]:
    """Ratio of CPU time a fit, and the worst relative excess of our objective over the peer's."""
    chosen = get_law(law)
    fit = ql.fit(runs, chosen, seed=0)
    problem: Problem = fit.problem
    ln, ld, ly = np.log(fit.inputs["params"]), np.log(fit.inputs["tokens"]), np.log(runs["loss"])
    drawn, _ = _draw(problem, fit.best, count, np.random.default_rng(0), "case", None)
    bootstrap(problem, fit.best, 64, np.random.default_rng(1))
    began = time.process_time()
    ours = bootstrap(problem, fit.best, count, np.random.default_rng(0))
    ours_seconds = time.process_time() - began
    theirs, their_seconds = scipy_loop(terms, start, drawn[:peer_count], ln, ld, ly)
    excess = ours.objective[:peer_count] / theirs - 1
    return {
        "ours_s": ours_seconds,
        "fits": count,
        "peer_ms_a_fit": 1e3 * their_seconds / peer_count,
        "peer_fits": peer_count,
        "ratio": (their_seconds / peer_count) / (ours_seconds / count),
        "worst_excess": float(excess.max()),
        "share_not_worse": float(np.mean(excess <= 1e-6)),
        "converged": float(ours.converged.mean()),
    }


def command(*args: str) -> dict[str, float]:
    """CPU seconds and peak memory of a whole `quantal` command, interpreter and imports included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-c", PEAK, *args], capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(done.stderr)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"cpu_s": cpu, "peak_mb": float(done.stderr.rsplit("peak_kb=", 1)[1]) / 1024}


PEAK = """
import re, sys
sys.argv = ["quantal", *sys.argv[1:]]
from quantal.cli import main
try:
    main()
finally:
    print("peak_kb=" + re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1], file=sys.stderr)
"""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--full", action="store_true")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    runs = ql.read_runs("chinchilla").drop_highest(5)
    ln, ld, ly = np.log(runs["params"]), np.log(runs["tokens"]), np.log(runs["loss"])
    few = 4000 if args.full else 400
    out: dict[str, Any] = {}
    began = time.process_time()
    point = ql.fit(runs, "chinchilla")
    out["point"] = {"ours_ms": 1e3 * (time.process_time() - began), "objective": point.value, **point.starts.to_dict()}
    times = []
    for seed in range(9):
        began = time.process_time()
        ql.fit(runs, "chinchilla", seed=seed)
        times.append(time.process_time() - began)
    out["point"]["ours_ms"] = 1e3 * float(np.median(times))
    grid, seconds = published_grid_fit(ln, ld, ly, 1 if args.full else 10)
    out["point"] |= {
        "peer_grid_s": seconds,
        "peer_objective": float(grid.min()),
        "peer_share_at_best": float(np.mean(grid <= grid.min() * (1 + 1e-6))),
        "ratio": seconds / float(np.median(times)),
    }
    if args.full:
        ours_grid = ql.fit(runs, "chinchilla", starts="published")
        out["point"]["ours_share_of_grid_at_best"] = ours_grid.starts.at_best / ours_grid.starts.total
    start = PUBLISHED_START
    out["chinchilla"] = resamples("chinchilla", runs, chinchilla_terms, start, 4000, 4000)
    out["kappa"] = resamples("kappa", runs, kappa_terms, np.append(start, 0.0), 4000, few)
    out["kaplan"] = resamples(
        "kaplan", runs, kaplan_terms, np.array([np.log(6.4e13), np.log(1.8e13), 0.076, 0.103]), 4000, few
    )
    out["own law"] = resamples(own, runs, chinchilla_terms, start, 4000, few)
    rng = np.random.default_rng(0)
    n, d = np.exp(rng.uniform(13, 23, 5000)), np.exp(rng.uniform(18, 27, 5000))
    loss = (1.7 + 480 * n**-0.35 + 2100 * d**-0.37) * np.exp(rng.normal(0, 0.01, 5000))
    began = time.process_time()
    ql.fit({"params": n, "tokens": d, "loss": loss}, own, bootstrap=1000)
    out["own law, 5,000 rows, 1,000 resamples"] = {"ours_s": time.process_time() - began}
    out["end to end, 4,000 resamples"] = command(
        "fit", "chinchilla", "--law", "chinchilla", "--drop-highest-loss", "5", "--bootstrap", "4000", "--json"
    )
    with tempfile.TemporaryDirectory() as folder:
        out["report of tiny-lm"] = command("report", "tiny-lm", "-o", f"{folder}/report.html")
    if args.json:
        print(json.dumps(out, indent=2))
        return
    for name, values in out.items():
        print(f"{name}: " + ", ".join(f"{key} {value:.6g}" for key, value in values.items()))


if __name__ == "__main__":
    main()
