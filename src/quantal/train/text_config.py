"""TextConfig: everything that decides the training of a small language model, as plain frozen data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quantal.errors import InputError, did_you_mean
from quantal.train.settings import check_names, check_whole, content_key

SCHEDULES = ("constant", "cosine")
BYTES = 256
_RATE, _RATE_POWER, _MOST_RATE = 2.56, 1.5, 0.04
_HEAD_WIDTH = 16
_MOST_VOCABULARY = 65_536


@dataclass(frozen=True)
class TextConfig:
    """One training of a decoder-only language model (GPT-NeoX) on text.

    Args:
        width: of the residual stream; the MLP is four times as wide.
        layers: transformer blocks.
        heads: of attention; None takes heads of 16 or more, as many as divide the width.
        context: tokens that the model sees at once.
        tokens: trained on in all, repeats included.
        distinct: D, the number of different tokens; they are passed in shuffled epochs and the lowest evaluation counts. None: every
            token is new, in one pass, and the last evaluation counts.
        batch_size: tokens a step, a multiple of the context.
        learning_rate: the peak of AdamW; None takes 2.56 / width^1.5, 0.04 at most.
        schedule: after a linear warm-up over 2 % of the steps (at least 10) "constant", or "cosine" down to 2 % of the peak.
        text: "python" for the documentation topics and standard library sources of this Python, or the path of a text file or of a
            folder of text files (UTF-8).
        vocabulary: 256 for one token a byte; more for a byte-pair encoding trained on the text.
        evaluations: how many times the evaluation tokens are read, spaced by ratio in one pass and evenly in epochs.
        evaluation_tokens: held out, the same for every config with the same text, vocabulary and context.
        patience: a training in epochs stops after so many evaluations in a row whose loss rises.
        seed: with it the order of the text is fixed, so that sizes can be compared on the same stream; the initial weights depend on
            everything here.

    Raises:
        InputError: a value lies outside what it may be.

    Source: Black et al. 2022 (arXiv 2204.06745), section 2, for the architecture; the initialisation is theirs.

    >>> config = TextConfig(width=32, tokens=100_000)
    >>> config.params, config.params_non_embedding, config.steps, TextConfig.from_dict(config.to_dict()) == config
    (41856, 25472, 49, True)
    """

    width: int = 48
    layers: int = 2
    heads: int | None = None
    context: int = 128
    tokens: int = 1_000_000
    distinct: int | None = None
    batch_size: int = 2048
    learning_rate: float | None = None
    schedule: str = "constant"
    text: str = "python"
    vocabulary: int = BYTES
    evaluations: int = 16
    evaluation_tokens: int = 32_768
    patience: int = 3
    seed: int = 0

    def __post_init__(self) -> None:
        for name, least in _LEAST.items():
            value = getattr(self, name)
            if value is not None or name not in ("heads", "distinct"):
                check_whole(name, value, least)
        rate = self.learning_rate
        if rate is not None and not (isinstance(rate, int | float) and math.isfinite(rate) and rate > 0):
            raise InputError(f"learning_rate = {rate!r}: it must be a finite number > 0; write learning_rate=3e-3")
        if self.schedule not in SCHEDULES:
            raise InputError(f"schedule = {self.schedule!r} is unknown. {did_you_mean(str(self.schedule), SCHEDULES)}")
        if not isinstance(self.text, str) or not self.text:
            raise InputError(f'text = {self.text!r}: give the path of a text file or folder; write text="python"')
        if self.vocabulary > _MOST_VOCABULARY:
            raise InputError(
                f"vocabulary = {self.vocabulary}: at most {_MOST_VOCABULARY}; write vocabulary=256 for bytes"
            )
        if self.width % (2 * self.attention_heads):
            raise InputError(
                f"width = {self.width} with heads = {self.attention_heads}: every head needs an even width, the same for all; "
                f"write width={2 * self.attention_heads * max(1, round(self.width / (2 * self.attention_heads)))}"
            )
        if self.batch_size % self.context:
            raise InputError(
                f"batch_size = {self.batch_size} tokens: it must be a multiple of the context of {self.context}; "
                f"write batch_size={self.context * max(1, round(self.batch_size / self.context))}"
            )
        if self.tokens < self.batch_size:
            raise InputError(
                f"tokens = {self.tokens} with batch_size = {self.batch_size}: not one whole step; write tokens={10 * self.batch_size}"
            )
        if self.distinct is not None and not self.batch_size <= self.distinct <= self.tokens:
            raise InputError(
                f"distinct = {self.distinct}: a data set holds at least a batch ({self.batch_size} tokens) and at most the tokens "
                f"trained on ({self.tokens}); write distinct={self.batch_size} or more, or raise tokens"
            )

    @property
    def attention_heads(self) -> int:
        """The number of heads, chosen where it is not given."""
        if self.heads is not None:
            return self.heads
        most = max(1, self.width // _HEAD_WIDTH)
        return next((heads for heads in range(most, 0, -1) if self.width % (2 * heads) == 0), 1)

    @property
    def peak_rate(self) -> float:
        """The learning rate after warm-up."""
        if self.learning_rate is not None:
            return self.learning_rate
        return min(_MOST_RATE, _RATE / self.width**_RATE_POWER)

    @property
    def steps(self) -> int:
        """Optimizer steps, the last of which may be smaller than a batch."""
        return math.ceil(self.tokens / self.batch_size)

    @property
    def params_non_embedding(self) -> int:
        """Parameters without the embedding and the unembedding."""
        block = 12 * self.width**2 + 13 * self.width
        return self.layers * block + 2 * self.width

    @property
    def params(self) -> int:
        """All parameters; embedding and unembedding are not tied."""
        return self.params_non_embedding + 2 * self.vocabulary * self.width

    @property
    def flops_per_token(self) -> float:
        """Training FLOPs a token: matrix products, attention over the full context, backward twice the forward pass."""
        block = 24 * self.width**2 + 4 * self.context * self.width
        return 3.0 * (self.layers * block + 2 * self.vocabulary * self.width)

    @property
    def cost(self) -> float:
        """Relative work, by which a sweep orders its runs and estimates what is left (seconds on one common core, about)."""
        return self.tokens * (5e-6 + 1.6e-11 * self.flops_per_token)

    @property
    def evaluation_steps(self) -> NDArray[np.int64]:
        """The steps after which the held-out tokens are read, ascending; the last step is one of them."""
        count = min(self.evaluations, self.steps)
        if self.distinct is not None:
            spaced = np.linspace(self.steps / count, self.steps, count)
        else:
            spaced = (
                np.geomspace(max(1.0, self.steps / 100), self.steps, count) if count > 1 else np.array([self.steps])
            )
        return np.unique(np.rint(spaced).astype(np.int64))

    @property
    def name(self) -> str:
        """A short name, distinct among the runs of a study: width, distinct tokens where they repeat, seed."""
        repeated = "" if self.distinct is None else f"-d{self.distinct}"
        return f"w{self.width:04d}{repeated}-s{self.seed}"

    def rate(self, step: int) -> float:
        """The learning rate of a step, counted from 0."""
        warm_up = max(10, self.steps // 50)
        if step < warm_up:
            return self.peak_rate * (step + 1) / warm_up
        if self.schedule == "constant":
            return self.peak_rate
        progress = (step - warm_up) / max(1, self.steps - warm_up)
        return self.peak_rate * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress)))

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; `from_dict` is the inverse."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> TextConfig:
        """The config that plain data describe; what they leave out keeps its default.

        Raises:
            InputError: a key is unknown, or a value outside what it may be.
        """
        check_names(data, [one.name for one in fields(cls)], "text")
        return cls(**data)

    def key(self) -> str:
        """A name made from the content: two configs share it only if they are equal."""
        return content_key(self.to_dict())


_LEAST = {
    "width": 2, "layers": 1, "heads": 1, "context": 1, "tokens": 1, "distinct": 1, "batch_size": 1, "vocabulary": BYTES,
    "evaluations": 1, "evaluation_tokens": 1, "patience": 1, "seed": 0,
}  # fmt: skip
