"""Cosines of gradients by sketch against the published procedure, in CPU seconds of one thread in one run.

The peer is written afresh as published (Michaud et al. 2023, section 5): the model reads the whole context, the loss of one token is
differentiated with respect to all weights and biases but embeddings, unembedding and norms, the gradient is normalised, and C = G G^T
is made in blocks of tokens, the gradients of the second block computed again for every pair of blocks. So n tokens in b blocks take
n (1 + (b + 1) / 2) passes and b (b + 1) / 2 products of blocks. Its passes and its products are measured on parts and multiplied by
their number, at every n; ours runs whole at each n of --tokens, and what is larger is extrapolated from it (passes grow as n, the
product of sketches as n^2).

    OMP_NUM_THREADS=1 python benchmarks/discover_speed.py [--json] [--tokens 1000] [--rounds 3] [--vocabulary 4096]

Needs torch and transformers. The model has random weights: time does not depend on them.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["MKL_NUM_THREADS"] = "1"

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from transformers import GPTNeoXConfig, GPTNeoXForCausalLM

from quantal.discover import measure, similarity
from quantal.discover.discovery import peak_memory_mb

LAYERS, WIDTH, CONTEXT = 6, 256, 128
BLOCK, AT, SKETCH = 250, (1_000, 10_000), 65_537
PASSES, CHUNK = 20, 1 << 18


def model_of(vocabulary: int) -> Any:
    torch.manual_seed(0)
    config = GPTNeoXConfig(
        vocab_size=vocabulary,
        hidden_size=WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=8,
        intermediate_size=4 * WIDTH,
        max_position_embeddings=CONTEXT,
        bos_token_id=0,
        eos_token_id=0,
    )
    return GPTNeoXForCausalLM(config).eval()


def tokens_of(count: int, vocabulary: int, seed: int = 0) -> list[tuple[list[int], int]]:
    """Tokens at every place of a context alike, as those chosen from windows of a text are."""
    rng = np.random.default_rng(seed)
    return [(rng.integers(0, vocabulary, CONTEXT).tolist(), int(rng.integers(1, CONTEXT))) for _ in range(count)]


def cpu(work: Callable[[], Any]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


class Published:
    """One pass of the published procedure, and the product of two blocks of its gradients."""

    def __init__(self, model: Any) -> None:
        self.model = model
        outside = {id(model.get_input_embeddings().weight), id(model.get_output_embeddings().weight)}
        self.parameters = [p for name, p in model.named_parameters() if id(p) not in outside and "norm" not in name]
        self.entries = sum(p.numel() for p in self.parameters)
        self._row = torch.empty(self.entries)

    def gradient(self, ids: list[int], position: int) -> torch.Tensor:
        self.model.zero_grad()
        tokens = torch.tensor([ids])
        logits = self.model(tokens).logits
        losses = torch.nn.functional.cross_entropy(logits[0, :-1], tokens[0, 1:], reduction="none")
        losses[position - 1].backward()
        torch.cat([p.grad.flatten() for p in self.parameters], out=self._row)
        return self._row.div_(self._row.norm())

    def seconds_a_pass(self, tokens: list[tuple[list[int], int]]) -> float:
        found = cpu(lambda: [self.gradient(*one) for one in tokens]) / len(tokens)
        self.model.zero_grad()
        return found

    def seconds_a_product(self) -> float:
        """Of two blocks of BLOCK gradients, from one chunk of their entries."""
        one, other = torch.randn(BLOCK, CHUNK), torch.randn(BLOCK, CHUNK)
        return cpu(lambda: one @ other.T) * self.entries / CHUNK

    @staticmethod
    def passes(count: int) -> float:
        return count * (1 + (count / BLOCK + 1) / 2)

    @staticmethod
    def products(count: int) -> float:
        return count / BLOCK * (count / BLOCK + 1) / 2


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--tokens", type=int, default=AT[0], help="ours runs whole on so many")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--vocabulary", type=int, default=4096)
    args = parser.parse_args()
    torch.set_num_threads(1)
    model = model_of(args.vocabulary)
    tokens = tokens_of(args.tokens, args.vocabulary)
    peer = Published(model)
    found: dict[str, list[float]] = {"pass": [], "product": [], "ours": [], "sketches": []}
    sketch_rows = torch.randn(512, SKETCH)
    peer.seconds_a_pass(tokens[:2])
    for number in range(args.rounds):
        found["ours"].append(cpu(lambda: similarity(model, tokens, "sketch", sketch_size=SKETCH)))
        if number == 0:
            peak = peak_memory_mb()
        found["pass"].append(peer.seconds_a_pass(tokens[:PASSES]))
        found["product"].append(peer.seconds_a_product())
        found["sketches"].append(cpu(lambda: sketch_rows @ sketch_rows.T) / 512**2)
    each = {name: float(np.median(values)) for name, values in found.items()}
    gram = each["sketches"] * args.tokens**2
    out: dict[str, Any] = {
        "vocabulary": args.vocabulary,
        "entries": peer.entries,
        "published_ms_a_pass": 1e3 * each["pass"],
        "published_product_seconds": each["product"],
        "sketch_ms_a_token": 1e3 * (each["ours"] - gram) / args.tokens,
        "peak_memory_mb": peak,
        "rms_error": measure(model, tokens[:64], "sketch", sketch_size=SKETCH).rms_error,
        "at": {},
    }
    for count in sorted({*AT, args.tokens}):
        ours = (each["ours"] - gram) * count / args.tokens + each["sketches"] * count**2
        passes = peer.passes(count) * each["pass"]
        published = passes + peer.products(count) * each["product"]
        out["at"][count] = {
            "ours_seconds": ours,
            "ours_measured": count == args.tokens,
            "published_seconds_from_parts": published,
            "ratio": published / ours,
            "ratio_without_the_published_products": passes / ours,
        }
    if args.json:
        print(json.dumps(out, indent=2))
        return
    for name, value in out.items():
        if name != "at":
            print(f"{name}: {value:.4g}")
    for count, values in out["at"].items():
        print(f"{count} tokens: " + ", ".join(f"{name} {value:.4g}" for name, value in values.items()))


if __name__ == "__main__":
    main()
