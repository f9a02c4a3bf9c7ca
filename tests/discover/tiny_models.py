"""Small models of several families, made from configurations, and random tokens for them."""

from __future__ import annotations

from typing import Any

import numpy as np

VOCABULARY = 260
FAMILIES = ("gpt_neox", "gpt2", "llama", "qwen2", "gemma")


def tiny(family: str, *, tied: bool = False, seed: int = 0, width: int = 32) -> Any:
    """A causal model of two layers with random weights."""
    import torch
    import transformers

    torch.manual_seed(seed)
    same = {"vocab_size": VOCABULARY, "tie_word_embeddings": tied}
    usual = {
        "hidden_size": width,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 2 * width,
        "max_position_embeddings": 64,
    }
    tokens = {"bos_token_id": 0, "eos_token_id": 0, "pad_token_id": 0}
    match family:
        case "gpt_neox":
            return transformers.GPTNeoXForCausalLM(transformers.GPTNeoXConfig(**same, **usual, **tokens))
        case "gpt2":
            shape = {"n_embd": width, "n_layer": 2, "n_head": 4, "n_positions": 64}
            return transformers.GPT2LMHeadModel(transformers.GPT2Config(**same, **shape, **tokens))
        case "llama":
            return transformers.LlamaForCausalLM(transformers.LlamaConfig(**same, **usual, **tokens))
        case "qwen2":
            return transformers.Qwen2ForCausalLM(
                transformers.Qwen2Config(**same, **usual, **tokens, num_key_value_heads=2)
            )
        case "gemma":
            return transformers.GemmaForCausalLM(
                transformers.GemmaConfig(**same, **usual, **tokens, num_key_value_heads=2, head_dim=8)
            )
    raise ValueError(family)


def random_tokens(count: int, seed: int = 0, longest: int = 24) -> list[tuple[list[int], int]]:
    rng = np.random.default_rng(seed)
    return [
        (rng.integers(0, VOCABULARY, longest + 1).tolist(), int(rng.integers(1, longest + 1))) for _ in range(count)
    ]
