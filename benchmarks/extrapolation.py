"""The averaged forecast against M1 to M4 on the public learning curves: errors, intervals, seconds and memory.

    QUANTAL_DATA=... python benchmarks/extrapolation.py [RESULT.json]

RESULT.json is what `quantal benchmark extrapolation FILE --laws m1,m2,m3,m4 --json` printed, or the default's; without it,
the default is run here. Peers' errors are those of `learning_curve_peers.csv`.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

DATA = Path(os.environ.get("QUANTAL_DATA", "."))
MAIN = ("IC", "NMT", "LM")
DRAWS = 10_000


def measured() -> dict[str, Any]:
    if len(sys.argv) > 1:
        return json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    from quantal.forecast import benchmark_extrapolation

    return benchmark_extrapolation(str(DATA / "learning_curve_benchmark.csv"), workers=2).to_dict()


def clustered(differences: np.ndarray, families: np.ndarray) -> tuple[float, float]:
    """The 95 % interval of the mean, resampling families whole."""
    rng = np.random.default_rng(0)
    names = np.unique(families)
    sums = np.array([differences[families == one].sum() for one in names])
    sizes = np.array([(families == one).sum() for one in names])
    picks = rng.integers(len(names), size=(DRAWS, len(names)))
    low, high = np.percentile(sums[picks].sum(axis=1) / sizes[picks].sum(axis=1), [2.5, 97.5])
    return float(low), float(high)


def main() -> None:
    found = measured()
    peers = pl.read_csv(DATA / "learning_curve_peers.csv")
    m4 = dict(peers.filter(pl.col("method") == "m4").select("curve", "rmsle").iter_rows())
    curves = [one for one in found["curves"] if one["domain"] in MAIN]
    ours = np.array([one["rmsle"] for one in curves])
    theirs = np.array([m4[one["curve"]] for one in curves])
    low, high = clustered(ours - theirs, np.array([one["family"] for one in curves]))
    print(f"{' + '.join(MAIN)}: mean RMSLE {ours.mean():.4f}, M4 {theirs.mean():.4f}")
    print(f"paired difference {np.mean(ours - theirs):.4f}, 95 % interval by families {low:.4f} to {high:.4f}")
    for name, one in (*found["domains"].items(), ("all", found["overall"])):
        cover = ", ".join(f"{level} %: {one['coverage'][level]:.2f}" for level in ("50", "80", "90"))
        print(
            f"{name}: {one['n_curves']} curves, RMSLE {one['mean_rmsle']:.4f} (median {one['median_rmsle']:.4f}), "
            f"coverage {cover}; interval score {one['interval_score']:.4f}, CRPS {one['crps']:.5f}"
        )
    for name, one in found["laws"].items():
        overall = one["overall"]
        print(
            f"{name} alone, one width: RMSLE {overall['mean_rmsle']:.4f}, interval score {overall['interval_score']:.4f}, "
            f"CRPS {overall['crps']:.5f}, curves won {one['share_won']:.2f}"
        )
    if len(sys.argv) == 1:
        usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        cpu = sum(one.ru_utime + one.ru_stime for one in usage)
        memory = usage[0].ru_maxrss + 2 * usage[1].ru_maxrss
        print(f"{found['seconds']:.0f} s, {cpu:.0f} s CPU, at most {memory / 1024:.0f} MB in three processes")


if __name__ == "__main__":
    main()
