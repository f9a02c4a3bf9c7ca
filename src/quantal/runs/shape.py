"""A transformer's shape: its parameters with and without embeddings, and its exact training FLOPs by convention."""

from __future__ import annotations

from dataclasses import dataclass

from quantal.errors import InputError, did_you_mean

PARAMS_COUNTS = {
    "total": "all weights, embeddings and output layer included",
    "non-embedding": "without embeddings and output layer (Kaplan et al. 2020)",
    "with-head": "without input embeddings, with the output layer (Porian et al. 2024)",
}
FLOPS_COUNTS = {
    "6ND": "6 FLOPs a parameter and token, all parameters (Hoffmann et al. 2022)",
    "6ND-non-embedding": "6 FLOPs a parameter and token, without embeddings and output layer (Kaplan et al. 2020)",
    "6ND-with-head": "6 FLOPs a parameter and token, with the output layer, without input embeddings (Porian et al. 2024)",
    "exact": "every matrix product of the forward pass, attention and output layer included, three times",
    "chinchilla-appendix-f": "exact, with embeddings as a product and the softmax (Hoffmann et al. 2022, appendix F)",
}


@dataclass(frozen=True)
class TransformerShape:
    """A decoder-only transformer: ``layers`` of ``width``, feed-forward width ``hidden`` (4 width unless given), and so on.

    ``gated`` feed-forward layers have three matrices (SwiGLU), ``kv_heads`` fewer than ``heads`` share keys and values,
    ``tied`` embeddings serve as output layer too. Norms and biases are left out: they are below one in a thousand.

    >>> gpt2 = TransformerShape(layers=12, width=768, vocabulary=50257, context=1024, heads=12)
    >>> f"{gpt2.params('non-embedding'):.4g} {gpt2.params('total'):.4g}"
    '8.493e+07 1.235e+08'
    """

    layers: int
    width: int
    vocabulary: int
    context: int
    heads: int = 1
    kv_heads: int | None = None
    head_width: int | None = None
    hidden: int | None = None
    gated: bool = False
    tied: bool = True

    def __post_init__(self) -> None:
        for name in ("layers", "width", "vocabulary", "context", "heads"):
            if not getattr(self, name) >= 1:
                raise InputError(
                    f"{name} = {getattr(self, name)!r}: a transformer's {name} must be a whole number from 1 up"
                )

    @property
    def attention_width(self) -> int:
        return self.heads * (self.head_width or self.width // self.heads)

    @property
    def layer_params(self) -> int:
        """Weights of one layer's matrices."""
        keys = (self.kv_heads or self.heads) * (self.head_width or self.width // self.heads)
        attention = self.width * (2 * self.attention_width + 2 * keys)
        return attention + (3 if self.gated else 2) * self.width * (self.hidden or 4 * self.width)

    def params(self, count: str = "total") -> float:
        """Parameters by a named count, one of `PARAMS_COUNTS`.

        Raises:
            InputError: there is no such count.
        """
        table = self.vocabulary * self.width
        extra = {"total": table if self.tied else 2 * table, "non-embedding": 0, "with-head": table}
        if count not in extra:
            raise InputError(f"params count {count!r} is unknown. {did_you_mean(count, PARAMS_COUNTS)}")
        return float(self.layers * self.layer_params + extra[count])

    def flops_per_token(self, count: str = "exact", *, causal: bool = False) -> float:
        """FLOPs of training on one token (forward and twice that backward) by a named count, one of `FLOPS_COUNTS`.

        ``causal`` counts half of the attention scores, as kernels that skip the masked half do.

        Raises:
            InputError: there is no such count.
        """
        if count.startswith("6ND"):
            which = {"6ND": "total", "6ND-non-embedding": "non-embedding", "6ND-with-head": "with-head"}
            if count in which:
                return 6.0 * self.params(which[count])
        scores = 4.0 * self.context * self.attention_width * (0.5 if causal else 1.0)
        forward = self.layers * (2.0 * self.layer_params + scores) + 2.0 * self.vocabulary * self.width
        if count == "exact":
            return 3.0 * forward
        if count == "chinchilla-appendix-f":
            softmax = 3.0 * self.heads * self.context
            return 3.0 * (forward + self.layers * softmax + 2.0 * self.vocabulary * self.width)
        raise InputError(f"FLOP count {count!r} is unknown. {did_you_mean(count, FLOPS_COUNTS)}")

    def train_flops(self, tokens: float, count: str = "exact") -> float:
        """FLOPs of training on ``tokens`` tokens.

        >>> shape = TransformerShape(layers=10, width=640, vocabulary=32000, context=2048, heads=10)
        >>> f"{shape.train_flops(1e9, '6ND'):.3g} {shape.train_flops(1e9):.3g}"
        '4.18e+17 5.75e+17'
        """
        return self.flops_per_token(count) * tokens

    def side_by_side(self) -> dict[str, dict[str, float]]:
        """Parameters and training FLOPs per token by every count, for a look at what the choice changes."""
        return {
            "params": {name: self.params(name) for name in PARAMS_COUNTS},
            "flops_per_token": {name: self.flops_per_token(name) for name in FLOPS_COUNTS},
        }
