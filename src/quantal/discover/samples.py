"""Samples whose losses are differentiated: tokens in their context, or inputs and targets of any module."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from quantal.errors import DataError, InputError
from quantal.extras import extra

if TYPE_CHECKING:
    import torch

Loss = Callable[[Any, Any], Any]


@dataclass(frozen=True, eq=False)
class TokenSamples:
    """Tokens to predict: the context before each and the token itself. Batches hold contexts of one length."""

    contexts: tuple[tuple[int, ...], ...]
    targets: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.contexts)

    def lengths(self) -> np.ndarray:
        return np.array([len(context) for context in self.contexts])

    def chosen(self, places: Sequence[int]) -> TokenSamples:
        return TokenSamples(tuple(self.contexts[one] for one in places), tuple(self.targets[one] for one in places))

    def loss(self, places: Sequence[int]) -> Callable[[Any], Any]:
        """The losses of some samples of one length as a function of the model, in nats, shape (batch,)."""

        def losses(model: Any) -> Any:
            torch = extra("torch", "discover", "reading gradients")
            device = next(model.parameters()).device
            ids = torch.tensor([self.contexts[place] for place in places], device=device)
            target = torch.tensor([self.targets[place] for place in places], device=device)
            logits = last_logits(model, ids)
            value = torch.nn.functional.cross_entropy(logits.to(_wide(logits.dtype)), target, reduction="none")
            _check(value, places)
            return value

        return losses


@dataclass(frozen=True, eq=False)
class PairSamples:
    """Inputs and targets of any module; each sample goes through alone, as ``loss(model(inputs), target)``."""

    inputs: tuple[Any, ...]
    targets: tuple[Any, ...]
    function: Loss

    def __len__(self) -> int:
        return len(self.inputs)

    def lengths(self) -> np.ndarray:
        return np.ones(len(self.inputs), dtype=int)

    def chosen(self, places: Sequence[int]) -> PairSamples:
        return PairSamples(
            tuple(self.inputs[one] for one in places), tuple(self.targets[one] for one in places), self.function
        )

    def loss(self, places: Sequence[int]) -> Callable[[Any], Any]:
        """The loss of the one sample in ``places`` as a function of the model."""
        (place,) = places

        def losses(model: Any) -> Any:
            torch = extra("torch", "discover", "reading gradients")
            device = next(model.parameters()).device
            inputs, target = (
                torch.as_tensor(value, device=device) for value in (self.inputs[place], self.targets[place])
            )
            value = self.function(model(inputs), target)
            if value.numel() != 1:
                raise InputError(
                    f"loss gave a tensor of shape {tuple(value.shape)} for one sample: it must give one number"
                )
            _check(value, places)
            return value.reshape(1)

        return losses


Samples = TokenSamples | PairSamples


def samples_of(model: torch.nn.Module, tokens: Sequence[tuple[Any, Any]], loss: Loss | None) -> Samples:
    """Samples from (input_ids, position) pairs, or with a loss from (inputs, target) pairs.

    Raises:
        InputError: there are fewer than two, a pair is none, or a position or token id lies outside its range.
    """
    if len(tokens) < 2:
        raise InputError(f"{len(tokens)} tokens: similarity compares at least two; give more")
    for place, pair in enumerate(tokens):
        if not (isinstance(pair, (tuple, list)) and len(pair) == 2):
            raise InputError(
                f"token {place} is {type(pair).__name__}: write (input_ids, position), or with loss= (inputs, target)"
            )
    if loss is not None:
        return PairSamples(tuple(pair[0] for pair in tokens), tuple(pair[1] for pair in tokens), loss)
    most, vocabulary = longest_context(model), vocabulary_size(model)
    contexts, targets = [], []
    for place, (ids, position) in enumerate(tokens):
        row = [int(one) for one in np.asarray(ids).reshape(-1)]
        at = int(position)
        if not 1 <= at < len(row):
            raise InputError(
                f"token {place}: position {at} of {len(row)} input_ids; it must be 1 to {len(row) - 1}, "
                "so that something stands before the token that is predicted"
            )
        if most is not None and at > most:
            raise InputError(
                f"token {place}: position {at} is beyond the model's context of {most} tokens; cut input_ids"
            )
        worst = max(row[: at + 1]), min(row[: at + 1])
        if vocabulary is not None and (worst[0] >= vocabulary or worst[1] < 0):
            bad = worst[0] if worst[0] >= vocabulary else worst[1]
            raise InputError(
                f"token {place}: id {bad} is outside the model's vocabulary of {vocabulary}; use the model's own tokenizer"
            )
        contexts.append(tuple(row[:at]))
        targets.append(row[at])
    return TokenSamples(tuple(contexts), tuple(targets))


def last_logits(model: Any, ids: Any) -> Any:
    """Logits after the last of ``ids`` (batch, length), shape (batch, vocabulary); the other rows are not made where the model can."""
    logits = logits_of(model(ids, **_options(model, last=True)))
    if logits.ndim != 3:
        raise InputError(
            f"the model gave logits of shape {tuple(logits.shape)}; it must give (batch, length, vocabulary)"
        )
    return logits[:, -1]


def all_logits(model: Any, ids: Any) -> Any:
    """Logits after each of ``ids`` (batch, length), shape (batch, length, vocabulary)."""
    return logits_of(model(ids, **_options(model, last=False)))


def logits_of(output: Any) -> Any:
    """The logits in what a model gives: a tensor, or an object with ``logits``.

    Raises:
        InputError: there are none.
    """
    found = getattr(output, "logits", output)
    if not hasattr(found, "ndim"):
        raise InputError(f"the model gave {type(output).__name__} without logits; give a causal language model")
    return found


def longest_context(model: Any) -> int | None:
    """How many tokens the model can read, where it says so."""
    config = getattr(model, "config", None)
    for name in ("max_position_embeddings", "n_positions"):
        value = getattr(config, name, None)
        if isinstance(value, int):
            return value
    return None


def vocabulary_size(model: Any) -> int | None:
    """How many tokens the model's input embeddings know, where it has such."""
    get = getattr(model, "get_input_embeddings", None)
    if not callable(get):
        return None
    embeddings: Any = get()
    return int(embeddings.weight.shape[0])


def _options(model: Any, *, last: bool) -> dict[str, Any]:
    taken = inspect.signature(model.forward).parameters
    options: dict[str, Any] = {"use_cache": False} if "use_cache" in taken else {}
    if last and "logits_to_keep" in taken:
        options["logits_to_keep"] = 1
    return options


def _wide(dtype: Any) -> Any:
    torch = extra("torch", "discover", "reading gradients")
    return dtype if dtype == torch.float64 else torch.float32


def _check(value: Any, places: Sequence[int]) -> None:
    for place, one in zip(places, value.detach().reshape(-1).tolist(), strict=True):
        if not math.isfinite(one):
            raise DataError(
                f"token {place}: its loss is {one}; it must be finite; check the model's weights and its dtype"
            )
