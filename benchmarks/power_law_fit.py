"""The discrete power-law fit with its scan over xmin, against the powerlaw package on the same samples, in one run.

    python benchmarks/power_law_fit.py [--peer PYTHON]

PYTHON is an interpreter in an environment of its own that holds powerlaw 2.0.0 (`pip install powerlaw==2.0.0`). Both fit 1e6
samples of Zipf's law with exponent 2; CPU time of the fit alone, imports apart, medians of three for this project.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from quantal.theory import fit_power_law_tail, histogram

PEER = """
import json, sys, time, warnings
import numpy as np
warnings.simplefilter("ignore")
import powerlaw
x = np.load(sys.argv[1])
start = time.process_time()
fit = powerlaw.Fit(x, discrete=True, verbose=False)
law = fit.power_law
print("RESULT" + json.dumps({"seconds": time.process_time() - start, "alpha": float(law.alpha), "xmin": float(fit.xmin)}))
"""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--peer", default=sys.executable, help="python with powerlaw 2.0.0")
    parser.add_argument("--samples", type=int, default=1_000_000)
    given = parser.parse_args()
    x = np.random.default_rng(0).zipf(2.0, given.samples)
    seconds = []
    for _ in range(3):
        start = time.process_time()
        ours = fit_power_law_tail(histogram(x))
        seconds.append(time.process_time() - start)
    mine = statistics.median(seconds)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"quantal: {mine:.3f} s CPU, alpha {ours.alpha:.6f}, xmin {ours.xmin}; peak {memory:.0f} MB")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.npy"
        np.save(path, x)
        done = subprocess.run([given.peer, "-c", PEER, str(path)], capture_output=True, text=True, check=False)
    line = next((one for one in done.stdout.splitlines() if one.startswith("RESULT")), None)
    if line is None:
        sys.exit(f"the peer did not run: {done.stderr.splitlines()[-1:]}; give --peer a python with powerlaw 2.0.0")
    peer = json.loads(line.removeprefix("RESULT"))
    print(f"powerlaw: {peer['seconds']:.2f} s CPU, alpha {peer['alpha']:.6f}, xmin {peer['xmin']:g}")
    print(f"ratio {peer['seconds'] / mine:.0f}; difference of alpha {abs(peer['alpha'] - ours.alpha):.1e}")


if __name__ == "__main__":
    main()
