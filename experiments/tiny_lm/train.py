"""Train the language models behind the demo table `tiny-lm`: 8 sizes by 8 token budgets, and some cells repeated.

    python train.py --dry-run                 the table of runs, their FLOPs and the estimated time
    python train.py --out runs                train what is missing in the folder `runs` (resumable)
    python train.py --out runs --collect DIR  write DIR/tiny_lm.csv and DIR/tiny_lm.json from the finished runs

The design, the learning-rate rule and the FLOP formula are described in README.md beside this file.
"""

from __future__ import annotations

import argparse
import datetime
import json
import math
import multiprocessing
import os
import signal
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import numpy as np
import torch
from design import Cell, cells, schedule
from model import LanguageModel
from table import collect, finished_run
from text import corpus
from torch import nn

EVALUATION_BATCH = 32


def schedule_factor(step: int, steps: int) -> float:
    """Linear warmup over the first 5% of the steps (4 at least), then a cosine down to 2% of the peak."""
    warmup = max(4, steps // 20)
    if step < warmup:
        return (step + 1) / warmup
    progress = (step - warmup) / max(1, steps - warmup)
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress))


def train(cell: Cell, text: torch.Tensor, held_out: torch.Tensor) -> dict[str, object]:
    """Train one model for one pass over blocks drawn without replacement, and measure its held-out loss."""
    torch.manual_seed(cell.generator_seed)
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
    for step, starts in enumerate(order.split(cell.batch_size // cell.context)):
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
    row = cell.plan() | train(cell, text, held_out)
    row |= {"corpus_sha256": facts["sha256"], "finished": datetime.datetime.now(datetime.UTC).isoformat("T", "seconds")}
    unfinished = folder / f".{cell.name}.{os.getpid()}.tmp"
    unfinished.write_text(json.dumps(row) + "\n")
    unfinished.rename(folder / f"{cell.name}.json")
    return row


def run_all(pending: list[Cell], folder: Path, workers: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    order = schedule([cell for cell in pending if finished_run(cell, folder) is None], workers)
    print(f"{len(pending) - len(order)} runs finished before, {len(order)} to do", flush=True)
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
        pool.shutdown(wait=False, cancel_futures=True)
        for process in multiprocessing.active_children():
            process.terminate()
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--out", type=Path, default=Path("tiny_lm_runs"), help="folder of the finished runs, one JSON file each"
    )
    parser.add_argument("--workers", type=int, default=2, help="worker processes, one core each (default 2)")
    parser.add_argument("--dry-run", action="store_true", help="print the table of runs, FLOPs and time; train nothing")
    parser.add_argument(
        "--collect", type=Path, metavar="DIR", help="write DIR/tiny_lm.csv and DIR/tiny_lm.json; train nothing"
    )
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
