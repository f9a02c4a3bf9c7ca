"""The design of the set: which runs there are, and the rules that fix their shape, batch and learning rate."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

VOCABULARY = 256
LAYERS = 2
CONTEXT = 128
WIDTHS = {16: 2, 24: 2, 32: 2, 48: 3, 64: 4, 88: 4, 112: 4, 136: 4}  # width: heads
BUDGETS = [2**k for k in range(16, 24)]
REPEATED = [(16, 2**16), (136, 2**16), (48, 2**17), (16, 2**19), (48, 2**19), (136, 2**19), (48, 2**21), (16, 2**21)]
REPEAT_SEEDS = [1, 2]
SECONDS_PER_TOKEN = (6.0e-6, 1.8e-11)  # overhead, and per training FLOP; measured on one core, used for estimates only
RATE_RULE = "0.32 / width, the same at every budget"
BATCH_RULE = (
    "square root of twice the token budget, rounded to whole blocks of the context; the last step may be smaller"
)


@dataclass(frozen=True)
class Cell:
    """One training run: the shape of the model, its token budget and its seed."""

    width: int
    tokens: int
    seed: int = 0
    layers: int = LAYERS
    context: int = CONTEXT

    @property
    def heads(self) -> int:
        return WIDTHS[self.width]

    @property
    def batch_size(self) -> int:
        """Tokens a step: the square root of twice the budget, rounded to whole blocks (384 to 4096 tokens)."""
        return self.context * round(math.sqrt(2 * self.tokens) / self.context)

    @property
    def steps(self) -> int:
        return math.ceil(self.tokens / self.batch_size)

    @property
    def learning_rate(self) -> float:
        """Peak of the schedule, tuned in a sweep of widths 16, 48 and 136 at budgets of 2^17 to 2^21 tokens."""
        return 0.32 / self.width

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
        return self.tokens * SECONDS_PER_TOKEN[0] + self.compute * SECONDS_PER_TOKEN[1] + 3

    @property
    def name(self) -> str:
        return f"w{self.width:03d}-d{int(math.log2(self.tokens))}-s{self.seed}"

    def plan(self) -> dict[str, object]:
        """The columns that are fixed before the run."""
        return {
            "run": self.name,
            "params": self.params,
            "params_non_embedding": self.params_non_embedding,
            "tokens": self.tokens,
            "compute": self.compute,
            "steps": self.steps,
            "batch_size": self.batch_size,
            "learning_rate": self.learning_rate,
            "layers": self.layers,
            "width": self.width,
            "heads": self.heads,
            "context": self.context,
            "seed": self.seed,
        }

    @property
    def generator_seed(self) -> int:
        """Seed of the weights and of the order of the text: another for every cell and seed."""
        return int(hashlib.sha256(f"{self.name} {self.layers} {self.context}".encode()).hexdigest()[:12], 16)


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
