"""The table and its description, written from the finished runs."""

from __future__ import annotations

import csv
import json
import os
import platform
from pathlib import Path

import torch
from design import BATCH_RULE, BUDGETS, RATE_RULE, REPEAT_SEEDS, REPEATED, WIDTHS, Cell, cells
from text import corpus

UNITS = {
    "params": "parameters",
    "params_non_embedding": "parameters",
    "tokens": "tokens (1 token = 1 byte)",
    "compute": "FLOPs",
    "steps": "steps",
    "batch_size": "tokens per step",
    "learning_rate": "1 (peak of the schedule)",
    "context": "tokens",
    "loss": "nats per byte, held out",
    "train_loss": "nats per byte, mean of the last 10% of the steps",
    "seconds": "CPU seconds of training on one core",
}


def finished_run(cell: Cell, folder: Path) -> dict[str, object] | None:
    """The row of a finished run, or None when the folder has none that was made by the present rules."""
    path = folder / f"{cell.name}.json"
    if not path.exists():
        return None
    row = json.loads(path.read_text())
    return row if all(row.get(name) == value for name, value in cell.plan().items()) else None


def collect(done: Path, target: Path) -> None:
    """Write the table and its description from the finished runs, in the order of the design."""
    rows = [row for cell in cells() if (row := finished_run(cell, done)) is not None]
    if not rows:
        raise SystemExit(f"no finished runs in {done}: run `python train.py --out {done}` first")
    facts = corpus()[2]
    strangers = [row["run"] for row in rows if row["corpus_sha256"] != facts["sha256"]]
    if strangers:
        raise SystemExit(
            f"{len(strangers)} runs in {done} (first: {strangers[0]}) were trained on another corpus than this Python's; "
            "collect with the Python that trained them, or train them again"
        )
    columns = [name for name in rows[0] if name not in ("corpus_sha256", "finished")]
    target.mkdir(parents=True, exist_ok=True)
    with (target / "tiny_lm.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    description = {
        "name": "tiny-lm",
        "description": (
            f"{len(rows)} byte-level decoder-only language models trained for this project: {len(WIDTHS)} sizes by "
            f"{len(BUDGETS)} token budgets, and {len(REPEATED)} of these cells with {len(REPEAT_SEEDS)} more seeds each. Each "
            "run has its own full learning-rate schedule, and sees every byte at most once."
        ),
        "text": (
            "Python's help topics and standard library sources, without tests and without `encodings`; held-out documents "
            "are chosen by a hash of their name"
        ),
        "corpus": facts,
        "units": UNITS,
        "flop_formula": "compute = 3 * tokens * (layers * (24 * width**2 + 4 * context * width) + 2 * 256 * width)",
        "params_formula": (
            "params_non_embedding = layers * (12 * width**2 + 2 * width) + width; "
            "params = params_non_embedding + 256 * width; embedding and unembedding are tied"
        ),
        "learning_rate_rule": RATE_RULE,
        "batch_rule": BATCH_RULE,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "machine": f"{processor()}, {os.cpu_count()} cores, one thread a run",
        "date": max(row["finished"] for row in rows)[:10],
        "licence": "CC0-1.0",
        "made_by": "experiments/tiny_lm/train.py",
    }
    (target / "tiny_lm.json").write_text(json.dumps(description, indent=2) + "\n")
    print(f"{len(rows)} of {len(cells())} runs written to {target / 'tiny_lm.csv'}")


def processor() -> str:
    names = [
        line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line
    ]
    return names[0] if names else platform.machine()
