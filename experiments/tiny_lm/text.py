"""The text: Python's help topics and standard library, split into training and held-out documents."""

from __future__ import annotations

import hashlib
import pydoc_data.topics
import sysconfig
from pathlib import Path

import numpy as np
import torch
from design import CONTEXT

HELD_OUT_PERCENT = 6
HELD_OUT_BLOCKS = 2048


def documents() -> list[tuple[str, bytes]]:
    """Name and bytes of each document: the help topics, then the standard library's sources sorted by path.

    Left out: tests, installed packages, files that depend on the build, the tables of `encodings` (near copies of one
    another, so that a split by file would not keep them apart) and the source of the help topics.
    """
    topics = [(f"topic/{name}", text.encode()) for name, text in sorted(pydoc_data.topics.topics.items())]
    root = Path(sysconfig.get_path("stdlib"))
    skipped = {"test", "tests", "idle_test", "site-packages", "dist-packages", "__pycache__", "encodings", "pydoc_data"}
    sources = []
    for path in sorted(root.rglob("*.py"), key=lambda path: path.relative_to(root).as_posix()):
        relative = path.relative_to(root)
        if not skipped & set(relative.parts) and not relative.name.startswith("_sysconfigdata"):
            sources.append((relative.as_posix(), path.read_bytes()))
    return topics + sources


def corpus() -> tuple[torch.Tensor, torch.Tensor, dict[str, object]]:
    """Training bytes, held-out blocks [HELD_OUT_BLOCKS, CONTEXT + 1] and a description of the corpus."""
    parts: dict[bool, list[bytes]] = {False: [], True: []}
    everything = hashlib.sha256()
    for name, content in documents():
        held_out = int(hashlib.sha256(name.encode()).hexdigest(), 16) % 100 < HELD_OUT_PERCENT
        parts[held_out].append(content)
        everything.update(name.encode() + b"\0" + content + b"\0")
    train = torch.from_numpy(np.frombuffer(b"".join(parts[False]), dtype=np.uint8).copy())
    held = np.frombuffer(b"".join(parts[True]), dtype=np.uint8)
    starts = np.linspace(0, len(held) - CONTEXT - 1, HELD_OUT_BLOCKS).astype(np.int64)
    blocks = torch.from_numpy(held[starts[:, None] + np.arange(CONTEXT + 1)])
    facts: dict[str, object] = {
        "sha256": everything.hexdigest(),
        "documents": len(parts[False]) + len(parts[True]),
        "train_documents": len(parts[False]),
        "held_out_documents": len(parts[True]),
        "train_bytes": len(train),
        "held_out_bytes": len(held),
        "held_out_evaluated_bytes": HELD_OUT_BLOCKS * CONTEXT,
    }
    return train, blocks, facts
