"""The loops over one chunk of samples that BLAS does not do, compiled by numba where it is installed, else in NumPy.

Both do the same mathematics. For R networks with one hidden layer, stacked side by side to W hidden units in all, network r owning the
columns ends[r] to ends[r+1]: `loss_gradient` takes the pre-activations (c, W) without their task's share, and replaces them by the
gradient of the batch's mean loss in them; `logits` only looks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from quantal.errors import InputError

Array = NDArray[Any]


class BitProduct(Protocol):
    """Products of chunks of samples, their bits packed, with the weights (n, W) of the first layer, there and back.

    Between `begin` and `end` each chunk goes forward, is replaced by its gradient in place, and may go backward.
    """

    def begin(self, weights: Array) -> None:
        """Take the weights of a step."""
        ...

    def forward(self, packed: NDArray[np.uint8]) -> Array:
        """Bits times weights, shape (c, W or more), of a chunk (c, ceil(n / 8)); overwritten by the next."""
        ...

    def backward(self, packed: NDArray[np.uint8]) -> None:
        """Add the transpose of the bits times what stands where `forward` wrote."""
        ...

    def end(self, gradient: Array) -> None:
        """Write what `backward` summed up, shape (n, W)."""
        ...


class Kernels(NamedTuple):
    """loss_gradient(pre, tasks, labels, of_task, out, bias, ends, scale, d_task, d_out, d_bias, loss) and
    logits(pre, tasks, of_task, out, bias, ends, z) for a chunk, adam(p, g, m, v, rate, numbers) for one array of parameters,
    product(bits, columns, rows, dtype) for chunks of at most so many rows.
    """

    loss_gradient: Callable[..., None]
    logits: Callable[..., None]
    adam: Callable[..., None]
    product: Callable[[int, int, int, Any], BitProduct]
    name: str


def kernels(compiled: bool | None = None, dtype: str = "float32") -> Kernels:
    """The loops compiled for a type of numbers where numba is installed, or those asked for.

    Raises:
        InputError: compiled=True without numba.
    """
    if compiled is not False:
        try:
            from quantal.train import compiled as module
        except ImportError:
            if compiled:
                raise InputError(
                    'compiled = True: numba is not installed; write pip install "quantal[train]", or leave compiled out'
                ) from None
        else:
            module.compile_for(np.dtype(dtype))
            return Kernels(module.loss_gradient, module.logits, module.adam, module.TableProduct, "numba")
    return Kernels(_loss_gradient, _logits, _adam, DenseProduct, "numpy")


class DenseProduct:
    """The products by BLAS."""

    def __init__(self, bits: int, columns: int, rows: int, dtype: Any) -> None:
        self._bits, self._x = bits, np.empty((rows, bits), dtype)
        self._pre = np.empty((rows, columns), dtype)
        self._weights = self._sum = self._part = np.zeros((bits, columns), dtype)

    def begin(self, weights: Array) -> None:
        """Take the weights of a step."""
        self._weights, self._sum, self._part = weights, np.zeros_like(weights), np.empty_like(weights)

    def forward(self, packed: NDArray[np.uint8]) -> Array:
        """Bits times weights."""
        x = self._x[: len(packed)]
        x[...] = np.unpackbits(packed, axis=1, count=self._bits)
        return np.matmul(x, self._weights, out=self._pre[: len(packed)])

    def backward(self, packed: NDArray[np.uint8]) -> None:
        """Add the transpose of the bits times the gradient."""
        rows = len(packed)
        self._sum += np.matmul(self._x[:rows].T, self._pre[:rows], out=self._part)

    def end(self, gradient: Array) -> None:
        """Write the sum."""
        gradient[...] = self._sum


def _loss_gradient(
    pre: Array, tasks: Array, labels: Array, of_task: Array, out: Array, bias: Array, ends: Array,
    scale: float, d_task: Array, d_out: Array, d_bias: Array, loss: Array,
) -> None:  # fmt: skip
    pre += of_task.take(tasks, axis=0)
    np.maximum(pre, 0, out=pre)
    sign = 1 - 2 * labels.astype(pre.dtype)
    for r in range(bias.size):
        own = slice(ends[r], ends[r + 1])
        hidden = pre[:, own]
        margin = sign * (hidden @ out[own] + bias[r])
        loss[r] += np.logaddexp(0, margin, dtype=np.float64).sum()
        g = sign / (1 + np.exp(-np.maximum(margin, -80))) * pre.dtype.type(scale)
        d_out[own] += g @ hidden
        d_bias[r] += g.sum()
        np.sign(hidden, out=hidden)
        hidden *= g[:, None]
    pre *= out
    first = np.flatnonzero(np.diff(tasks, prepend=-1))
    d_task[tasks[first]] += np.add.reduceat(pre, first, axis=0)


def _logits(pre: Array, tasks: Array, of_task: Array, out: Array, bias: Array, ends: Array, z: Array) -> None:
    pre += of_task.take(tasks, axis=0)
    np.maximum(pre, 0, out=pre)
    for r in range(bias.size):
        own = slice(ends[r], ends[r + 1])
        np.matmul(pre[:, own], out[own], out=z[r])
        z[r] += bias[r]


def _adam(p: Array, g: Array, m: Array, v: Array, rate: Array, numbers: Array) -> None:
    one_minus_beta1, beta2, one_minus_beta2, root_correction, eps = numbers
    m += one_minus_beta1 * (g - m)
    v *= beta2
    v += one_minus_beta2 * (g * g)
    scale = np.sqrt(v)
    scale /= root_correction
    scale += eps
    p -= rate * (m / scale)
