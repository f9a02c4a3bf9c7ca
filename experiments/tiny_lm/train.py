"""Train the language models behind the demo table `tiny-lm`: 8 sizes by 8 token budgets, and some cells repeated.

    python train.py --dry-run                 the table of runs, their FLOPs and the estimated time
    python train.py --out runs                train what is missing in the folder `runs` (resumable)
    python train.py --out runs --collect DIR  write DIR/tiny_lm.csv and DIR/tiny_lm.json from the finished runs

The design, the learning-rate rule and the FLOP formula are described in README.md beside this file.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import hashlib
import json
import math
import multiprocessing
import os
import platform
import pydoc_data.topics
import signal
import sys
import sysconfig
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

VOCABULARY = 256
LAYERS = 2
CONTEXT = 128
ROTARY_BASE = 1000.0
WIDTHS = {16: 2, 24: 2, 32: 2, 48: 3, 64: 4, 88: 4, 112: 4, 136: 4}  # width: heads
BUDGETS = [2**k for k in range(16, 24)]
REPEATED = [(16, 2**16), (136, 2**16), (48, 2**17), (16, 2**19), (48, 2**19), (136, 2**19), (48, 2**21), (16, 2**21)]
REPEAT_SEEDS = [1, 2]
HELD_OUT_PERCENT = 6
HELD_OUT_BLOCKS = 2048
EVALUATION_BATCH = 32
SECONDS_PER_TOKEN = (2.0e-5, 4.0e-11)  # overhead, and per training FLOP; measured on one core, used for estimates only


@dataclass(frozen=True)
class Cell:
    """One training run: the shape of the model, its token budget and its seed."""

    width: int
    tokens: int
    seed: int = 0
    learning_rate_factor: float = 1.0
    layers: int = LAYERS
    context: int = CONTEXT

    @property
    def heads(self) -> int:
        return WIDTHS[self.width]

    @property
    def batch_size(self) -> int:
        """Tokens a step: 512 at 2^16 tokens, doubled with every factor 4 of the budget, 4096 at most."""
        return min(4096, 512 * 2 ** ((int(math.log2(self.tokens)) - 16) // 2))

    @property
    def steps(self) -> int:
        return self.tokens // self.batch_size

    @property
    def learning_rate(self) -> float:
        return self.learning_rate_factor * 0.01 * (self.width / 32) ** -0.5

    @property
    def params_non_embedding(self) -> int:
        return self.layers * (12 * self.width**2 + 2 * self.width) + self.width

    @property
    def params(self) -> int:
        return self.params_non_embedding + VOCABULARY * self.width

    @property
    def compute(self) -> int:
        """Training FLOPs: three times the forward matmuls (blocks, attention over the full context, unembedding)."""
        block = 24 * self.width**2 + 4 * self.context * self.width
        return 3 * self.tokens * (self.layers * block + 2 * VOCABULARY * self.width)

    @property
    def estimated_seconds(self) -> float:
        return self.tokens * SECONDS_PER_TOKEN[0] + self.compute * SECONDS_PER_TOKEN[1] + 5

    @property
    def name(self) -> str:
        return f"w{self.width:03d}-d{int(math.log2(self.tokens))}-s{self.seed}"


def cells() -> list[Cell]:
    grid = [Cell(width, tokens) for width in WIDTHS for tokens in BUDGETS]
    return grid + [Cell(width, tokens, seed) for width, tokens in REPEATED for seed in REPEAT_SEEDS]


def schedule(pending: list[Cell], workers: int) -> list[Cell]:
    """Cheapest first, but the dearest starts as soon as the rest would only just keep the other workers busy."""
    left = sorted(pending, key=lambda cell: cell.estimated_seconds)
    order = []
    while left:
        rest = sum(cell.estimated_seconds for cell in left[:-1])
        order.append(left.pop(-1 if rest <= (workers - 1) * left[-1].estimated_seconds else 0))
    return order


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


def rotary_angles(context: int, head_width: int) -> torch.Tensor:
    """Cosines and sines [2, context, 1, head_width / 2] of the rotary position embedding (Su et al. 2021)."""
    rates = ROTARY_BASE ** (-torch.arange(0, head_width, 2) / head_width)
    angles = torch.outer(torch.arange(context), rates)
    return torch.stack([angles.cos(), angles.sin()])[:, :, None]


def rotate(x: torch.Tensor, angles: torch.Tensor) -> torch.Tensor:
    first, second = x.chunk(2, dim=-1)
    cosine, sine = angles
    return torch.cat([first * cosine - second * sine, second * cosine + first * sine], dim=-1)


class Block(nn.Module):
    def __init__(self, width: int, heads: int, layers: int, context: int) -> None:
        super().__init__()
        self.heads = heads
        self.register_buffer("angles", rotary_angles(context, width // heads), persistent=False)
        self.norm_attention = nn.LayerNorm(width, bias=False)
        self.norm_mlp = nn.LayerNorm(width, bias=False)
        self.query_key_value = nn.Linear(width, 3 * width, bias=False)
        self.project = nn.Linear(width, width, bias=False)
        self.expand = nn.Linear(width, 4 * width, bias=False)
        self.contract = nn.Linear(4 * width, width, bias=False)
        for linear in (self.query_key_value, self.expand):
            nn.init.normal_(linear.weight, std=linear.in_features**-0.5)
        for linear in (self.project, self.contract):
            nn.init.normal_(linear.weight, std=(2 * layers * linear.in_features) ** -0.5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, length, width = x.shape
        joint = self.query_key_value(self.norm_attention(x)).view(batch, length, 3 * self.heads, width // self.heads)
        rotated = rotate(joint[:, :, : 2 * self.heads], self.angles)
        query, key = rotated.transpose(1, 2).chunk(2, dim=1)
        value = joint[:, :, 2 * self.heads :].transpose(1, 2)
        attended = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.project(attended.transpose(1, 2).reshape(batch, length, width))
        return x + self.contract(F.relu(self.expand(self.norm_mlp(x))))


class LanguageModel(nn.Module):
    """Decoder-only transformer: pre-norm, rotary positions, ReLU, no biases, embedding and unembedding tied."""

    def __init__(self, cell: Cell) -> None:
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, cell.width)
        self.blocks = nn.Sequential(
            *(Block(cell.width, cell.heads, cell.layers, cell.context) for _ in range(cell.layers))
        )
        self.norm = nn.LayerNorm(cell.width, bias=False)
        nn.init.normal_(self.embedding.weight, std=0.5 * cell.width**-0.5)

    def forward(self, blocks: torch.Tensor) -> torch.Tensor:
        """Mean loss in nats per byte on blocks of context + 1 bytes."""
        blocks = blocks.long()
        hidden = self.norm(self.blocks(self.embedding(blocks[:, :-1])))
        logits = F.linear(hidden, self.embedding.weight)
        return F.cross_entropy(logits.view(-1, VOCABULARY), blocks[:, 1:].reshape(-1))


def schedule_factor(step: int, steps: int) -> float:
    """Linear warmup over the first 5% of the steps (4 at least), then a cosine down to 2% of the peak."""
    warmup = max(4, steps // 20)
    if step < warmup:
        return (step + 1) / warmup
    progress = (step - warmup) / max(1, steps - warmup)
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress))


def seed_of(cell: Cell) -> int:
    return int(hashlib.sha256(f"{cell.name} {cell.layers} {cell.context}".encode()).hexdigest()[:12], 16)


def train(cell: Cell, text: torch.Tensor, held_out: torch.Tensor) -> dict[str, object]:
    """Train one model for one pass over blocks drawn without replacement, and measure its held-out loss."""
    torch.manual_seed(seed_of(cell))
    started = time.process_time()
    model = LanguageModel(cell)
    if sum(p.numel() for p in model.parameters()) != cell.params:
        raise RuntimeError(f"{cell.name}: the parameter formula does not match the model")
    matrices = [p for p in model.parameters() if p.ndim == 2]
    others = [p for p in model.parameters() if p.ndim != 2]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=cell.learning_rate, betas=(0.9, 0.98), fused=True)
    order = torch.randperm((len(text) - 1) // cell.context)[: cell.tokens // cell.context] * cell.context
    offsets = torch.arange(cell.context + 1)
    losses = []
    for step, starts in enumerate(order.view(cell.steps, -1)):
        for group in optimizer.param_groups:
            group["lr"] = cell.learning_rate * schedule_factor(step, cell.steps)
        loss = model(text[starts[:, None] + offsets])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    trained = time.process_time() - started
    model.eval()
    with torch.inference_mode():
        held = [model(blocks).item() for blocks in held_out.split(EVALUATION_BATCH)]
    return {
        "loss": float(np.mean(held)),
        "train_loss": float(np.mean(losses[-max(1, len(losses) // 10) :])),
        "seconds": round(trained, 2),
    }


def record(cell: Cell, measured: dict[str, object]) -> dict[str, object]:
    return {
        "run": cell.name,
        "params": cell.params,
        "params_non_embedding": cell.params_non_embedding,
        "tokens": cell.tokens,
        "compute": cell.compute,
        "steps": cell.steps,
        "batch_size": cell.batch_size,
        "learning_rate": cell.learning_rate,
        "layers": cell.layers,
        "width": cell.width,
        "heads": cell.heads,
        "context": cell.context,
        "seed": cell.seed,
        **measured,
    }


_text: tuple[torch.Tensor, torch.Tensor, dict[str, object]] | None = None


def start_worker() -> None:
    global _text
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(10)
    torch.set_num_threads(1)
    _text = corpus()


def run_cell(cell: Cell, folder: Path) -> dict[str, object]:
    assert _text is not None
    text, held_out, facts = _text
    row = record(cell, train(cell, text, held_out))
    row |= {"corpus_sha256": facts["sha256"], "finished": datetime.datetime.now(datetime.UTC).isoformat("T", "seconds")}
    unfinished = folder / f".{cell.name}.{os.getpid()}.tmp"
    unfinished.write_text(json.dumps(row) + "\n")
    unfinished.rename(folder / f"{cell.name}.json")
    return row


def run_all(pending: list[Cell], folder: Path, workers: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    done = {path.stem for path in folder.glob("*.json")}
    order = schedule([cell for cell in pending if cell.name not in done], workers)
    print(f"{len(done)} runs finished before, {len(order)} to do", flush=True)
    left = sum(cell.estimated_seconds for cell in order)
    started, finished = time.time(), 0.0
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=start_worker)
    try:
        futures = {pool.submit(run_cell, cell, folder): cell for cell in order}
        for count, future in enumerate(as_completed(futures), 1):
            cell, row = futures[future], future.result()
            finished += cell.estimated_seconds
            elapsed = time.time() - started
            remaining = elapsed / finished * (left - finished) / 60
            print(
                f"[{count}/{len(order)}] {cell.name} loss {row['loss']:.4f} in {row['seconds']} s; "
                f"{elapsed / 60:.1f} min gone, about {remaining:.1f} min left",
                flush=True,
            )
    except KeyboardInterrupt:
        print("stopped; finished runs are kept, run the same command again to continue", flush=True)
        for process in list(pool._processes.values()):
            process.terminate()
        pool.shutdown(wait=False, cancel_futures=True)
        sys.exit(130)
    pool.shutdown()


def dry_run(pending: list[Cell], workers: int) -> None:
    print(f"{'run':<14}{'params':>9}{'tokens':>10}{'FLOPs':>11}{'steps':>7}{'batch':>7}{'rate':>9}{'seconds':>9}")
    for cell in schedule(pending, workers):
        print(
            f"{cell.name:<14}{cell.params:>9}{cell.tokens:>10}{cell.compute:>11.2e}{cell.steps:>7}"
            f"{cell.batch_size:>7}{cell.learning_rate:>9.5f}{cell.estimated_seconds:>9.0f}"
        )
    total, seconds = sum(cell.compute for cell in pending), sum(cell.estimated_seconds for cell in pending)
    print(f"{len(pending)} runs, {total:.2e} FLOPs, about {seconds / 60 / workers:.0f} minutes with {workers} workers")


def collect(done: Path, target: Path) -> None:
    """Write the table and its description from the finished runs, in the order of the design."""
    rows = [json.loads((done / f"{cell.name}.json").read_text()) for cell in cells() if (done / f"{cell.name}.json").exists()]
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
        "batch_rule": "512 tokens at 2^16 tokens, doubled with every factor 4 of the budget, at most 4096",
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
    names = [line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line]
    return names[0] if names else platform.machine()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("tiny_lm_runs"), help="folder of the finished runs, one JSON file each")
    parser.add_argument("--workers", type=int, default=2, help="worker processes, one core each (default 2)")
    parser.add_argument("--dry-run", action="store_true", help="print the table of runs, FLOPs and time; train nothing")
    parser.add_argument("--collect", type=Path, metavar="DIR", help="write DIR/tiny_lm.csv and DIR/tiny_lm.json; train nothing")
    options = parser.parse_args()
    if options.workers < 1:
        parser.error(f"--workers is {options.workers}; it must be 1 or more")
    if options.dry_run:
        dry_run(cells(), options.workers)
    elif options.collect:
        collect(options.out, options.collect)
    else:
        run_all(cells(), options.out, options.workers)


if __name__ == "__main__":
    main()
