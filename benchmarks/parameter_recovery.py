"""Recovery at every stored design: coverage of 90 % intervals where the verdict is 'determined', one line a law.

"undetermined" counts the simulations of a second, poorer design in which the verdict says that it determines no more.

`python benchmarks/parameter_recovery.py [--simulations 500] [--output FILE.jsonl] [LAW ...]`; laws that FILE holds already
are not run again.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "laws"))
recovery: Any = import_module("recovery")


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("laws", nargs="*", metavar="LAW")
    given.add_argument("--simulations", type=int, default=recovery.SIMULATIONS)
    given.add_argument("--output", type=Path)
    asked = given.parse_args()
    output: Path | None = asked.output
    known = set()
    if output is not None and output.exists():
        known = {json.loads(line)["law"] for line in output.read_text().splitlines()}
    for design in recovery.ALL:
        if design.law in known or (asked.laws and design.law not in asked.laws):
            continue
        began = time.perf_counter()
        found = recovery.recover(design, asked.simulations)
        row = {
            "law": design.law,
            "simulations": asked.simulations,
            "parameters": {name: [int(one) for one in counts] for name, counts in found.items()},
            "undetermined": recovery.undetermined(design, asked.simulations),
            "seconds": round(time.perf_counter() - began, 1),
        }
        inside, determined = (sum(counts[k] for counts in found.values()) for k in (0, 1))
        told = f"{inside / max(determined, 1):.3f} of {determined} intervals, {row['undetermined']} undetermined"
        print(f"{design.law:24s} {told}", row, flush=True)
        if output is not None:
            with output.open("a") as out:
                out.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
