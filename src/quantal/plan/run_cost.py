"""What one model costs over its life: training and the inference that follows, in FLOPs, hours and money."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from quantal.errors import InputError
from quantal.plan.costs import Cost, cost
from quantal.runs import TransformerShape

FORWARD_SHARE = 1 / 3
"""The forward pass's share of training: the backward pass takes twice as much (Kaplan et al. 2020, section 2.1)."""


@dataclass(frozen=True)
class RunCost:
    """A model's training, the inference after it (None where none is asked for), and both together."""

    params: float
    tokens: float
    inference_tokens: float
    flops_count: str
    training: Cost
    inference: Cost | None
    total: Cost

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "params": self.params,
            "tokens": self.tokens,
            "tokens_per_param": self.tokens / self.params,
            "inference_tokens": self.inference_tokens,
            "flops_count": self.flops_count,
            "training": self.training.to_dict(),
            "inference": None if self.inference is None else self.inference.to_dict(),
            "total": self.total.to_dict(),
        }

    def __repr__(self) -> str:
        lines = [f"{self.params:.4g} params on {self.tokens:.4g} tokens, FLOPs counted as {self.flops_count}"]
        lines.append(f"  training   {self.training!r}")
        if self.inference is not None:
            lines += [f"  inference  {self.inference!r}", f"  together   {self.total!r}"]
        return "\n".join(lines)


def run_cost(
    model: TransformerShape | float,
    tokens: float,
    inference_tokens: float = 0.0,
    hardware: str | float = "a100",
    *,
    flops: str | None = None,
    count: int = 1,
    utilisation: float = 0.4,
    price: float | None = None,
) -> RunCost:
    """Training ``model`` on ``tokens`` tokens and serving ``inference_tokens``: a forward pass is a third of training's FLOPs.

    ``model`` is a shape, whose FLOPs are counted by ``flops`` (one of `FLOPS_COUNTS`, "exact" unless said), or a number
    of params, counted as 6 params tokens. Hardware, count, utilisation and price are as in `cost`, for both parts.

    Raises:
        InputError: a number is out of its range, or a count is asked for that needs a shape.

    >>> run_cost(7e9, 1e12, 2e12, "h100", count=64)
    7e+09 params on 1e+12 tokens, FLOPs counted as 6ND
      training   4.2e+22 FLOPs: 461 hours on 64 h100 at 40 % of the peak
      inference  2.8e+22 FLOPs: 307 hours on 64 h100 at 40 % of the peak
      together   7e+22 FLOPs: 768 hours on 64 h100 at 40 % of the peak
    """
    for name, value, allowed in (
        ("tokens", tokens, tokens > 0),
        ("inference_tokens", inference_tokens, inference_tokens >= 0),
    ):
        if not (np.isfinite(value) and allowed):
            raise InputError(
                f"{name} = {value!r}: must be finite and {'above zero' if name == 'tokens' else 'from 0 up'}"
            )
    if isinstance(model, TransformerShape):
        counted = flops or "exact"
        params, per_token = model.params("total"), model.flops_per_token(counted)
    else:
        params, counted = float(model), flops or "6ND"
        if not (np.isfinite(params) and params > 0):
            raise InputError(f"params = {model!r}: must be finite and above zero")
        if counted != "6ND":
            raise InputError(
                f"flops = {counted!r} is counted from a model's shape, and only params were given: "
                "give layers, width, vocabulary and context, or count by 6ND"
            )
        per_token = 6.0 * params

    def priced(spent: float) -> Cost:
        return cost(spent, hardware, count=count, utilisation=utilisation, price=price)

    training, inference = per_token * tokens, FORWARD_SHARE * per_token * inference_tokens
    return RunCost(
        params=params,
        tokens=float(tokens),
        inference_tokens=float(inference_tokens),
        flops_count=counted,
        training=priced(training),
        inference=priced(inference) if inference else None,
        total=priced(training + inference),
    )
