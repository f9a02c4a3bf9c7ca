"""Adam, AdamW and SGD as PyTorch defines them, over named arrays with a learning rate for each column."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quantal.train.mlp import Stack

BETA1, BETA2, EPS = 0.9, 0.999, 1e-8

Array = NDArray[Any]


@dataclass
class Optimizer:
    """Updates a stack's parameters in place from its gradients.

    In float32 the numbers 1 - beta are formed in float64 and then rounded, as PyTorch does: 1 - 0.999f is off by 5e-5 of itself.
    """

    stack: Stack
    step: int = 0
    moments: dict[str, Array] = field(default_factory=dict)

    def __post_init__(self) -> None:
        kinds = ("first", "second") if self.stack.config.optimizer != "sgd" else ("first",)
        if not self.moments:
            parameters = self.stack.parameters
            self.moments = {f"{kind}:{name}": np.zeros_like(one) for kind in kinds for name, one in parameters.items()}
        rates = [net.learning_rate for net in self.stack.nets]
        self._rates = {name: self.stack.by_column(rates, name) for name in self.stack.parameters}

    def update(self) -> None:
        """One step."""
        self.step += 1
        config, dtype = self.stack.config, np.dtype(self.stack.config.dtype)
        for name, p in self.stack.parameters.items():
            g, rate = self.stack.gradients[name], self._rates[name]
            if config.weight_decay and config.optimizer == "adamw":
                p *= (1 - rate * config.weight_decay).astype(dtype)
            elif config.weight_decay:
                g += dtype.type(config.weight_decay) * p
            if config.optimizer == "sgd":
                self._descend(name, p, g, rate)
                continue
            root = math.sqrt(1 - BETA2**self.step)
            numbers = np.array([1 - BETA1, BETA2, 1 - BETA2, root, EPS], dtype=dtype)
            size = (rate / (1 - BETA1**self.step)).astype(dtype)
            self.stack.kernels.adam(p, g, self.moments[f"first:{name}"], self.moments[f"second:{name}"], size, numbers)

    def _descend(self, name: str, p: Array, g: Array, rate: Array) -> None:
        momentum = self.stack.config.momentum
        if momentum:
            kept = self.moments[f"first:{name}"]
            kept *= p.dtype.type(momentum)
            kept += g
            g = kept
        p -= rate.astype(p.dtype) * g
