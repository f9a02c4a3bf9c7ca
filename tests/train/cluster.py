"""64 configurations on a Ray cluster of two nodes on this machine: python cluster.py STORE TRAP; prints the result and the nodes."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from drive import configs
from quick_jobs import descend


def main() -> None:
    here = str(Path(__file__).parent)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH", "")]))
    os.environ.setdefault("RAY_raylet_start_wait_time_s", "300")
    import ray
    from ray.cluster_utils import Cluster

    from quantal.train import sweep

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    cluster.add_node(num_cpus=1)
    ray.init(address=cluster.address, log_to_driver=False, logging_level="error")
    try:
        nodes = [node["NodeID"] for node in ray.nodes() if node["Alive"]]
        result = sweep(configs(64, 0.0, sys.argv[2]), function=descend, store=sys.argv[1], engine="ray")
    finally:
        ray.shutdown()
        cluster.shutdown()
    print(json.dumps(result.to_dict() | {"nodes": len(nodes)}))


if __name__ == "__main__":
    main()
