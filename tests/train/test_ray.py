"""64 configurations on a Ray cluster of two nodes: the numbers of the local run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from drive import configs
from quick_jobs import descend

from quantal.train import open_store, sweep

pytestmark = pytest.mark.extras

CLUSTER = Path(__file__).parent / "cluster.py"


def test_a_cluster_of_two_nodes_gives_the_numbers_of_a_local_run(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(CLUSTER), str(tmp_path / "ray.sqlite"), ""], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    answer = json.loads(done.stdout.strip().splitlines()[-1])
    assert (answer["nodes"], answer["done_here"]) == (2, 64)
    sweep(configs(64, 0.0, ""), function=descend, store=tmp_path / "local.sqlite", workers=2)
    with open_store(tmp_path / "ray.sqlite") as cluster, open_store(tmp_path / "local.sqlite") as local:
        for entry in local.entries():
            assert cluster.entry(entry.key).summary == entry.summary
            here, there = local.arrays(entry.key), cluster.arrays(entry.key)
            assert all(np.array_equal(here[name], there[name]) for name in here)
