"""Train a small language model on text: a pure function of a config, which can stop at any step and go on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quantal.extras import extra
from quantal.train.checkpoint import Progress, read_checkpoint, trained, write_checkpoint
from quantal.train.neox import logits, make_model, one_thread, token_losses
from quantal.train.text_config import TextConfig
from quantal.train.text_result import TextResult
from quantal.train.token_files import TokenFiles, token_files


def train_text(
    config: TextConfig,
    *,
    checkpoint: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> TextResult:
    """Train a GPT-NeoX model on text and measure the loss of every held-out token along the way.

    AdamW with betas (0.9, 0.98), weight decay 0.1 on matrices, gradients clipped at norm 1, float32, one thread. The result is a
    function of the config and the text alone: a training that was interrupted and goes on from its checkpoint gives the same
    numbers as one that was not.

    Args:
        checkpoint: a file (.npz) that is written once a minute and at an interruption, read when it exists, and removed at the end.
        progress: is told (steps done, steps in all).

    Raises:
        MissingExtra: torch or transformers is missing: pip install "quantal[text]".
        DataError: the text is missing, empty or binary, or the checkpoint is of another training.
        InputError: the text has fewer tokens than the config asks for.

    >>> result = train_text(TextConfig(width=16, tokens=20_000))                    # doctest: +SKIP
    >>> result.loss[-1] < result.loss[0]                                            # doctest: +SKIP
    True
    """
    files = token_files(config.text, config.vocabulary)
    files.require(config)
    with one_thread():
        return trained(_Training(config, files), config.steps, checkpoint, progress)


class _Training:
    """The state between two steps."""

    def __init__(self, config: TextConfig, files: TokenFiles) -> None:
        self.config, self._files = config, files
        self._evaluated = files.evaluation_blocks(config.context, config.evaluation_tokens)
        self._at = config.evaluation_steps
        self._tokens = np.full((self._at.size, self._evaluated[:, 1:].size), np.nan, dtype=np.float32)
        self._train_loss = np.full(config.steps, np.nan)
        self._filled = self._rises = self.step = 0
        self.model = make_model(config)
        self.optimizer = _optimizer(config, self.model)
        self._pool = _shuffled(config, files, 0)[: (config.distinct or config.tokens) // config.context]
        self._epoch, self._order = -1, self._pool

    @property
    def done(self) -> bool:
        stopped = self.config.distinct is not None and self._rises >= self.config.patience
        return stopped or self.step >= self.config.steps

    def advance(self) -> None:
        torch = extra("torch", "text")
        blocks = torch.from_numpy(self._batch())
        for group in self.optimizer.param_groups:
            group["lr"] = self.config.rate(self.step)
        said = logits(self.model, blocks[:, :-1])
        loss = torch.nn.functional.cross_entropy(said.flatten(0, 1), blocks[:, 1:].flatten())
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self._train_loss[self.step] = loss.item()
        self.step += 1
        if self.step == self._at[self._filled]:
            self._evaluate()

    def _batch(self) -> NDArray[np.int64]:
        """The blocks of this step, shape (B, context + 1): the pool in order, and in a new order at each further epoch."""
        config = self.config
        size = config.batch_size // config.context
        first = self.step * size
        count = max(1, min(size, config.tokens // config.context - first))
        places = np.arange(first, first + count)
        starts = np.empty(count, dtype=np.int64)
        for epoch in np.unique(places // len(self._pool)):
            here = places // len(self._pool) == epoch
            starts[here] = self._epoch_order(int(epoch))[places[here] % len(self._pool)]
        return self._files.train[starts[:, None] + np.arange(config.context + 1)].astype(np.int64)

    def _epoch_order(self, epoch: int) -> NDArray[np.int64]:
        if epoch == 0:
            return self._pool
        if epoch != self._epoch:
            self._epoch = epoch
            self._order = np.random.default_rng([self.config.seed, epoch]).permutation(self._pool)
        return self._order

    def _evaluate(self) -> None:
        i = self._filled
        self._tokens[i] = token_losses(self.model, self._evaluated)
        if i:
            before, now = (self._tokens[j].mean(dtype=float) for j in (i - 1, i))
            self._rises = self._rises + 1 if now > before else 0
        self._filled = i + 1

    def result(self) -> TextResult:
        steps = self._at[: self._filled]
        tokens = self._tokens[: self._filled]
        starts = np.concatenate([[0], steps[:-1]])
        return TextResult(
            config=self.config,
            steps=steps,
            loss=tokens.mean(axis=1, dtype=float),
            train_loss=np.array([self._train_loss[a:b].mean() for a, b in zip(starts, steps, strict=True)]),
            token_loss=tokens,
            blocks=self._evaluated,
            weights={name: one.detach().numpy().copy() for name, one in self.model.state_dict().items()},
            tokenizer=self._files.tokenizer,
            facts=self._files.facts,
        )

    @property
    def _marks(self) -> dict[str, str]:
        return {"config": self.config.key(), "text": str(self._files.facts["sha256"])}

    def save(self, path: Path) -> None:
        arrays: dict[str, NDArray[Any]] = {
            "step": np.array(self.step),
            "filled": np.array(self._filled),
            "rises": np.array(self._rises),
            "tokens": self._tokens,
            "train_loss": self._train_loss,
        }
        arrays |= {f"weight:{name}": one.detach().numpy() for name, one in self.model.state_dict().items()}
        for number, one in self.optimizer.state_dict()["state"].items():
            arrays |= {f"moment:{number}:{name}": value.numpy() for name, value in one.items()}
        write_checkpoint(path, self._marks, arrays)

    def load(self, path: Path) -> None:
        torch = extra("torch", "text")
        arrays = read_checkpoint(path, self._marks, "text")
        self.step, self._filled, self._rises = (int(arrays[name]) for name in ("step", "filled", "rises"))
        self._tokens, self._train_loss = arrays["tokens"], arrays["train_loss"]
        weights = {name.partition(":")[2]: one for name, one in arrays.items() if name.startswith("weight:")}
        self.model.load_state_dict({name: torch.from_numpy(one) for name, one in weights.items()})
        state: dict[int, dict[str, Any]] = {}
        for name, one in arrays.items():
            if name.startswith("moment:"):
                _, number, what = name.split(":")
                state.setdefault(int(number), {})[what] = torch.from_numpy(one)
        self.optimizer.load_state_dict({**self.optimizer.state_dict(), "state": state})


def _optimizer(config: TextConfig, model: Any) -> Any:
    torch = extra("torch", "text")
    matrices = [one for one in model.parameters() if one.ndim == 2]
    others = [one for one in model.parameters() if one.ndim != 2]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=config.peak_rate, betas=(0.9, 0.98), fused=True)


def _shuffled(config: TextConfig, files: TokenFiles, epoch: int) -> NDArray[np.int64]:
    """Starts of all whole blocks of the text, in the order that the seed decides."""
    count = (len(files.train) - 1) // config.context
    return np.random.default_rng([config.seed, epoch]).permutation(count) * config.context
