"""A language model on a corpus built from a known Zipf law: is the exponent of its loss in data that of the exact finite sum?

Each line of the corpus is a fact: a key of two letters and its value, one of 26 letters that nothing but the key tells. Facts are drawn
by Zipf(gamma) over COUNT of them. The loss is that of the value letters alone. A fact is known once it was seen tau times, a number
that belongs to the network: it is taken from the level of the losses (their mean logarithm), and the exact finite sum with this tau then
predicts their slope, with nothing left to choose. The bootstrap is over seeds.

    python benchmarks/text_zipf.py --json
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from scipy.optimize import brentq

from quantal.theory import Poisson, QuantaModel, Zipf
from quantal.train import TextConfig, train_text

GAMMA, COUNT, LETTERS = 0.5, 600, 26
LINES = (256, 512, 1024, 2048, 4096, 8192)
EPOCHS, MOST_TOKENS = 60, 500_000
BYTES_A_LINE = 4


def write_corpus(path: Path, lines: int, seed: int) -> None:
    """Lines of a key (two small letters), its value (a capital) and a line break."""
    rng = np.random.default_rng(seed)
    keys = rng.permutation(LETTERS * LETTERS)[:COUNT]
    values = rng.integers(0, LETTERS, COUNT)
    facts = Zipf(GAMMA, count=COUNT).sample(lines, rng).astype(int) - 1
    text = np.empty((lines, BYTES_A_LINE), dtype=np.uint8)
    text[:, 0], text[:, 1] = 97 + keys[facts] // LETTERS, 97 + keys[facts] % LETTERS
    text[:, 2], text[:, 3] = 65 + values[facts], 10
    path.write_bytes(text.tobytes())


def value_loss(text: Path, lines: int, seed: int) -> float:
    """The loss of the value letters in nats, at the evaluation where it is lowest."""
    distinct = BYTES_A_LINE * lines
    config = TextConfig(
        width=48, layers=1, context=64, text=str(text), distinct=distinct, tokens=max(60_000, min(EPOCHS * distinct, MOST_TOKENS)),
        batch_size=512, learning_rate=5e-3, evaluations=15, evaluation_tokens=16_384, seed=seed,
    )  # fmt: skip
    result = train_text(config)
    return float(result.token_loss[:, (result.targets >= 65) & (result.targets < 91)].mean(axis=1).min())


def slope(losses: np.ndarray) -> float:
    """-d ln loss / d ln lines by least squares; losses of shape (seeds, sizes)."""
    return -float(np.polyfit(np.log(LINES), np.log(losses).mean(axis=0), 1)[0])


def finite_sum(tau: float) -> np.ndarray:
    """The losses of the exact finite sum at the same sizes, shape (1, sizes)."""
    model = QuantaModel(Zipf(GAMMA, count=COUNT), learned_loss=0.0, unlearned_loss=math.log(LETTERS))
    return np.array([[float(model.loss(samples=lines, rule=Poisson(tau))) for lines in LINES]])


def tau_of(losses: np.ndarray) -> float:
    """The tau whose finite sum has the same mean log loss."""
    level = np.log(losses).mean()
    return float(brentq(lambda tau: np.log(finite_sum(tau)).mean() - level, 0.5, 200.0, xtol=1e-3))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    began = time.process_time()
    losses = np.empty((options.seeds, len(LINES)))
    with tempfile.TemporaryDirectory() as folder:
        os.environ["QUANTAL_CACHE"] = folder
        for seed in range(options.seeds):
            text = Path(folder) / f"facts-{seed}.txt"
            write_corpus(text, 60_000, seed)
            for at, lines in enumerate(LINES):
                losses[seed, at] = value_loss(text, lines, seed)
                print(f"seed {seed}, {lines} lines: {losses[seed, at]:.4f}", file=sys.stderr, flush=True)
    print(json.dumps(described(losses, time.process_time() - began), indent=2 if options.json else None))


def described(losses: np.ndarray, seconds: float) -> dict[str, object]:
    """The exponent with its interval beside the prediction of the finite sum, losses of shape (seeds, sizes)."""
    rng = np.random.default_rng(0)
    exponents = [slope(losses[rng.integers(0, len(losses), len(losses))]) for _ in range(1000)]
    low, high = (float(end) for end in np.percentile(exponents, [2.5, 97.5]))
    tau = tau_of(losses)
    by_seed = [tau_of(one[None]) for one in losses]
    predicted = [slope(finite_sum(one)) for one in (tau, max(by_seed), min(by_seed))]
    return {
        "gamma": GAMMA,
        "facts": COUNT,
        "lines": list(LINES),
        "losses": losses.round(4).tolist(),
        "exponent": slope(losses),
        "interval": [low, high],
        "tau": tau,
        "tau_by_seed": by_seed,
        "finite_sum": predicted[0],
        "finite_sum_interval": predicted[1:],
        "pure": GAMMA / (1 + GAMMA),
        "finite_sum_inside": low <= predicted[0] <= high,
        "cpu_seconds": seconds,
    }


if __name__ == "__main__":
    main()
