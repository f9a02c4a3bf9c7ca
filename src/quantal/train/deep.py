"""Hidden layers past the first: forward and backward through one chunk, a network at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from quantal.train.mlp import Stack

Array = NDArray[Any]


def deep_loss_gradient(
    stack: Stack, pre: Array, tasks: Array, labels: Array, of_task: Array, out: Array, bias: Array, ends: Array,
    scale: float, d_task: Array, d_out: Array, d_bias: Array, loss: Array,
) -> None:  # fmt: skip
    """As `Kernels.loss_gradient`; adds the gradients of the hidden layers to those of the stack."""
    pre += of_task.take(tasks, axis=0)
    np.maximum(pre, 0, out=pre)
    sign = 1 - 2 * labels.astype(pre.dtype)
    for r in range(bias.size):
        own = slice(ends[r], ends[r + 1])
        layers = _forward(stack, pre[:, own], r, own)
        margin = sign * (layers[-1] @ out[own] + bias[r])
        loss[r] += np.logaddexp(0, margin, dtype=np.float64).sum()
        g = sign / (1 + np.exp(-np.maximum(margin, -80))) * pre.dtype.type(scale)
        d_out[own] += g @ layers[-1]
        d_bias[r] += g.sum()
        back = g[:, None] * out[own]
        for layer in range(len(layers) - 1, 0, -1):
            back *= layers[layer] > 0
            stack.gradients[f"hidden{layer}.{r}"] += layers[layer - 1].T @ back
            stack.gradients[f"hidden{layer}_bias"][0, own] += back.sum(axis=0)
            back = back @ stack.parameters[f"hidden{layer}.{r}"].T
        pre[:, own] = back * (layers[0] > 0)
    first = np.flatnonzero(np.diff(tasks, prepend=-1))
    d_task[tasks[first]] += np.add.reduceat(pre, first, axis=0)


def deep_logits(stack: Stack, pre: Array, tasks: Array, of_task: Array, out: Array, bias: Array, z: Array) -> None:
    """As `Kernels.logits`."""
    pre += of_task.take(tasks, axis=0)
    np.maximum(pre, 0, out=pre)
    for r in range(bias.size):
        own = slice(stack.ends[r], stack.ends[r + 1])
        z[r] = _forward(stack, pre[:, own], r, own)[-1] @ out[own] + bias[r]


def _forward(stack: Stack, hidden: Array, r: int, own: slice) -> list[Array]:
    layers = [hidden]
    for layer in range(1, stack.config.depth):
        weights, shift = stack.parameters[f"hidden{layer}.{r}"], stack.parameters[f"hidden{layer}_bias"][0, own]
        layers.append(np.maximum(layers[-1] @ weights + shift, 0))
    return layers
