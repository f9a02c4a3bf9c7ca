"""A million rows of five columns read by `read_runs`: seconds, CPU seconds and peak memory (RSS) of a fresh interpreter.

Limits: 3 s and 1 GB. Run: python benchmarks/read_million.py
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROWS = 1_000_000
READ = """
import json, resource, sys, time, warnings
warnings.simplefilter("ignore")
start = time.perf_counter()
from quantal.runs import read_runs
runs = read_runs(sys.argv[1])
seconds = time.perf_counter() - start
usage = resource.getrusage(resource.RUSAGE_SELF)
cpu = round(usage.ru_utime + usage.ru_stime, 2)
print(json.dumps({"rows": len(runs), "seconds": round(seconds, 2), "cpu": cpu, "peak_mb": round(usage.ru_maxrss / 1024)}))
"""


def write_table(path: Path, magnitudes: bool) -> None:
    """Random runs with a label, with plain numbers or with ones like 7.25B."""
    rng = np.random.default_rng(0)
    params, tokens = 10 ** rng.uniform(7, 11, ROWS), 10 ** rng.uniform(9, 13, ROWS)
    loss = 1.7 + 400 * params**-0.34 + 400 * tokens**-0.28
    with path.open("w") as file:
        file.write("params,tokens,loss,learning_rate,dataset\n")
        for n, d, value, row in zip(params.tolist(), tokens.tolist(), loss.tolist(), range(ROWS), strict=True):
            sizes = f"{n / 1e6:.4f}M,{d / 1e9:.4f}B" if magnitudes else f"{n:.0f},{d:.0f}"
            file.write(f"{sizes},{value!r},{3e-4 / (1 + row % 7)!r},c{row % 5}\n")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for magnitudes in (False, True):
            path = Path(folder) / "million.csv"
            write_table(path, magnitudes)
            done = subprocess.run([sys.executable, "-c", READ, str(path)], capture_output=True, text=True, check=True)
            result = json.loads(done.stdout)
            result["numbers"] = "7.25B" if magnitudes else "7250000000"
            result["file_mb"] = round(path.stat().st_size / 1e6)
            result["passed"] = result["seconds"] < 3 and result["peak_mb"] < 1024
            print(json.dumps(result))


if __name__ == "__main__":
    main()
