"""TextResult: what the training of a language model measured, and its files: Parquet, safetensors, tokenizer."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quantal.errors import InputError
from quantal.extras import extra
from quantal.runs import Runs, write_whole
from quantal.train.text_config import BYTES, TextConfig


@dataclass(frozen=True, eq=False)
class TextResult:
    """Losses in nats a token at every evaluation, and the trained weights.

    Shapes, for E evaluations, B blocks of the evaluation text and T = B * context tokens that they predict: steps, loss, train_loss
    (E,), token_loss (E, T), blocks (B, context + 1) of token numbers. train_loss is the mean since the evaluation before.
    """

    config: TextConfig
    steps: NDArray[np.int64]
    loss: NDArray[np.float64]
    train_loss: NDArray[np.float64]
    token_loss: NDArray[np.float32]
    blocks: NDArray[np.int64]
    weights: Mapping[str, NDArray[Any]]
    tokenizer: str
    facts: Mapping[str, Any]

    @property
    def tokens_seen(self) -> NDArray[np.int64]:
        """Tokens trained on, repeats included, at each evaluation; shape (E,)."""
        return np.minimum(self.steps * self.config.batch_size, self.config.tokens)

    @property
    def targets(self) -> NDArray[np.int64]:
        """The number of each evaluation token, in the order of `token_loss`; shape (T,)."""
        return self.blocks[:, 1:].ravel()

    @property
    def counted(self) -> int:
        """The evaluation that counts: the lowest loss in epochs, the last in one pass."""
        return int(np.argmin(self.loss)) if self.config.distinct is not None else self.loss.size - 1

    @property
    def final_loss(self) -> float:
        """The loss at the evaluation that counts."""
        return float(self.loss[self.counted])

    def to_runs(self) -> Runs:
        """One row an evaluation: params, tokens (different ones so far), steps, batch_size, compute, loss, train_loss, width, seed;
        `counts` is 1 in the row of the evaluation that counts.
        """
        config, rows = self.config, self.steps.size
        seen = self.tokens_seen.astype(float)
        fixed = {
            "params": config.params,
            "params_non_embedding": config.params_non_embedding,
            "batch_size": config.batch_size,
            "width": config.width,
            "layers": config.layers,
            "learning_rate": config.peak_rate,
            "seed": config.seed,
        }
        columns: dict[str, Any] = {name: np.full(rows, float(value)) for name, value in fixed.items()}
        columns |= {
            "tokens": np.minimum(seen, config.distinct or config.tokens),
            "tokens_seen": seen,
            "steps": self.steps.astype(float),
            "compute": config.flops_per_token * seen,
            "loss": self.loss,
            "train_loss": self.train_loss,
            "counts": (np.arange(rows) == self.counted).astype(float),
        }
        unit = "nats per byte" if config.vocabulary == BYTES else "nats per token"
        made = Runs.from_columns(columns, source=f"text {config.text}", units={"loss": unit, "train_loss": unit})
        return made.with_column("run", [config.name] * rows, role="label")

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything but the config, by name; `from_arrays` is the inverse."""
        about = json.dumps({"tokenizer": self.tokenizer, "facts": dict(self.facts)})
        return {
            **{name: getattr(self, name) for name in _ARRAYS},
            "about": np.frombuffer(about.encode(), dtype=np.uint8),
            **{f"weight:{name}": one for name, one in self.weights.items()},
        }

    @classmethod
    def from_arrays(cls, config: TextConfig, arrays: Mapping[str, NDArray[Any]]) -> TextResult:
        """The result whose `arrays` these are."""
        about = json.loads(bytes(arrays["about"]))
        weights = {name.partition(":")[2]: one for name, one in arrays.items() if name.startswith("weight:")}
        return cls(config, **{name: arrays[name] for name in _ARRAYS}, weights=weights, **about)

    def summary(self) -> dict[str, Any]:
        """Plain numbers for JSON."""
        at = self.counted
        return {
            "run": self.config.name,
            "params": self.config.params,
            "tokens": int(min(self.tokens_seen[at], self.config.distinct or self.config.tokens)),
            "steps": int(self.steps[at]),
            "loss": self.final_loss,
            "train_loss": float(self.train_loss[at]),
        }

    @cached_property
    def pieces(self) -> list[str]:
        """Each evaluation token as text; what is no character by itself as U+FFFD."""
        if self.config.vocabulary == BYTES:
            return [bytes([one]).decode("utf-8", "replace") for one in self.targets.tolist()]
        made = extra("tokenizers", "text").Tokenizer.from_str(self.tokenizer)
        return [made.decode([one]) for one in self.targets.tolist()]

    def save_token_losses(self, path: str | os.PathLike[str]) -> None:
        """Write Parquet: a row an evaluation token (block, position, token, piece) and a column `step_N` of losses an evaluation."""
        import polars as pl

        blocks, context = self.blocks.shape[0], self.config.context
        frame = pl.DataFrame(
            {
                "block": np.repeat(np.arange(blocks, dtype=np.int32), context),
                "position": np.tile(np.arange(1, context + 1, dtype=np.int32), blocks),
                "token": self.targets.astype(np.int32),
                "piece": self.pieces,
                **{f"step_{step}": losses for step, losses in zip(self.steps.tolist(), self.token_loss, strict=True)},
            }
        )
        write_whole(Path(path), lambda file: frame.write_parquet(file))

    def save_model(self, folder: str | os.PathLike[str]) -> None:
        """Write a folder that `AutoModelForCausalLM.from_pretrained` and `AutoTokenizer.from_pretrained` load; weights as safetensors.

        Raises:
            InputError: the folder exists and is not empty.
        """
        torch, transformers = extra("torch", "text"), extra("transformers", "text")
        tokenizers = extra("tokenizers", "text")
        from quantal.train.neox import make_model, quiet

        place = Path(folder)
        if place.exists() and any(place.iterdir()):
            raise InputError(f"{folder}: the folder exists and is not empty; name another, or remove it")
        place.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{place.name}.", dir=place.parent))
        try:
            model: Any = make_model(self.config)
            model.load_state_dict({name: torch.from_numpy(np.array(one)) for name, one in self.weights.items()})
            with quiet(transformers):
                model.save_pretrained(beside)
            made = tokenizers.Tokenizer.from_str(self.tokenizer)
            transformers.PreTrainedTokenizerFast(tokenizer_object=made).save_pretrained(beside)
            beside.chmod(0o755)
            os.replace(beside, place)
        finally:
            shutil.rmtree(beside, ignore_errors=True)

    def __repr__(self) -> str:
        return (
            f"TextResult({self.config.name}, {self.config.params:,} parameters, {int(self.tokens_seen[-1]):,} tokens; "
            f"loss {self.final_loss:.4f} nats a token)"
        )


_ARRAYS = ("steps", "loss", "train_loss", "token_loss", "blocks")
