"""The GPT-NeoX model of a TextConfig, made by transformers, and its loss token by token."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from quantal.extras import extra
from quantal.train.text_config import TextConfig

if TYPE_CHECKING:
    import torch

_EVALUATED_AT_ONCE = 32
_ROTARY_BASE = 10_000.0


@contextmanager
def one_thread() -> Iterator[Any]:
    """torch on one thread, so that sums have one order and the numbers do not depend on the machine's cores."""
    torch = extra("torch", "text")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield torch
    finally:
        torch.set_num_threads(before)


@contextmanager
def quiet(transformers: Any) -> Iterator[None]:
    """transformers without its progress bars."""
    logging = transformers.utils.logging
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


def make_model(config: TextConfig) -> torch.nn.Module:
    """A model with initial weights that the config alone decides: normal of variance 2 / (5 width), and 2 / (layers sqrt(width))
    as standard deviation of the matrices that write to the residual stream (Black et al. 2022).
    """
    torch, transformers = extra("torch", "text"), extra("transformers", "text")
    settings = transformers.GPTNeoXConfig(
        vocab_size=config.vocabulary,
        hidden_size=config.width,
        num_hidden_layers=config.layers,
        num_attention_heads=config.attention_heads,
        intermediate_size=4 * config.width,
        max_position_embeddings=config.context,
        rope_parameters={"rope_type": "default", "rope_theta": _ROTARY_BASE, "partial_rotary_factor": 1.0},
        initializer_range=(2 / (5 * config.width)) ** 0.5,
        use_cache=False,
        bos_token_id=None,
        eos_token_id=None,
        attn_implementation="sdpa",
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(config.key()[:15], 16))
        model = transformers.GPTNeoXForCausalLM(settings)
        for name, weight in model.named_parameters():
            if name.endswith(("attention.dense.weight", "mlp.dense_4h_to_h.weight")):
                torch.nn.init.normal_(weight, std=2 / config.layers / config.width**0.5)
    return model


def logits(model: torch.nn.Module, blocks: torch.Tensor) -> torch.Tensor:
    """What the model says of each next token: blocks of shape (B, context) give (B, context, vocabulary)."""
    return model(input_ids=blocks, use_cache=False).logits


def token_losses(model: torch.nn.Module, blocks: NDArray[np.int64]) -> NDArray[np.float32]:
    """The loss in nats of every token that blocks of shape (B, context + 1) predict, shape (B * context,)."""
    torch = extra("torch", "text")
    was_training = model.training
    model.eval()
    out = []
    with torch.inference_mode():
        for first in range(0, len(blocks), _EVALUATED_AT_ONCE):
            part = torch.from_numpy(blocks[first : first + _EVALUATED_AT_ONCE])
            said = logits(model, part[:, :-1])
            loss = torch.nn.functional.cross_entropy(said.flatten(0, 1), part[:, 1:].flatten(), reduction="none")
            out.append(loss.numpy())
    model.train(was_training)
    return np.concatenate(out)
