"""Count sketch of gradients that are never whole: each layer's is formed, folded into the sketch, and forgotten.

Coordinate (i, j) of a weight's gradient g^T a goes to the bucket (inputs pi(i) + rho(j) + offset) mod size with the sign s(i) t(j),
pi and rho random permutations, s and t random signs. These act on g and a before they are multiplied, so that the fold itself is a
sum of contiguous blocks; the bias i lies pi(i) after the weight, with the sign s(i). Two coordinates in different rows and columns
share a bucket with chance 1/size, two in one row or column never (the size is prime). Layers lie one after another, so that gradients
with fewer entries than buckets are kept exactly. So the inner product of two sketches is without bias, and the error of a cosine is
about 1/sqrt(size).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from quantal.discover.capture import Capture
from quantal.discover.layers import Layer
from quantal.discover.samples import Samples
from quantal.extras import extra

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, eq=False)
class _Fold:
    """How one layer's gradient enters the sketch: permutations, signs, and where its weight and its biases begin."""

    rows: torch.Tensor
    row_signs: torch.Tensor
    columns: torch.Tensor
    column_signs: torch.Tensor
    offset: int
    bias_offset: int | None


class CountSketch:
    """A seeded count sketch of the layers' gradients, with a prime number of buckets."""

    def __init__(self, layers: Sequence[Layer], size: int, seed: int, *, device: Any, dtype: Any) -> None:
        self.size = next_prime(size)
        self.dtype = dtype
        self._device = device
        torch = extra("torch", "discover", "reading gradients")
        rng = np.random.default_rng([seed, 0x51])

        def signs(count: int) -> torch.Tensor:
            return torch.as_tensor(rng.choice([-1.0, 1.0], count), dtype=dtype, device=device)

        starts = np.cumsum([0] + [layer.size for layer in layers])
        self._folds = [
            _Fold(
                torch.as_tensor(rng.permutation(layer.outputs), device=device),
                signs(layer.outputs),
                torch.as_tensor(rng.permutation(layer.inputs), device=device),
                signs(layer.inputs),
                int(start) % self.size,
                (int(start) + layer.outputs * layer.inputs) % self.size if layer.bias else None,
            )
            for layer, start in zip(layers, starts[:-1], strict=True)
        ]
        widest = max(layer.outputs * layer.inputs for layer in layers)
        self._whole = torch.empty(widest, dtype=dtype, device=device)

    def of(self, capture: Capture, samples: Samples, places: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """Sketches of the gradients of some samples, shape (batch, size), and their losses, shape (batch,)."""
        torch = extra("torch", "discover", "reading gradients")
        sketches = torch.zeros(len(places), self.size, dtype=self.dtype, device=self._device)

        def consume(place: int, activations: Any, gradients: Any) -> None:
            fold = self._folds[place]
            left, right = _rows_that_count(batched(gradients, len(places)), batched(activations, len(places)))
            left = _mixed(left.to(self.dtype), fold.rows, fold.row_signs)
            right = _mixed(right.to(self.dtype), fold.columns, fold.column_signs)
            whole = self._whole[: left.shape[-1] * right.shape[-1]]
            for sketch, rows, columns in zip(sketches, left.transpose(1, 2), right, strict=True):
                torch.mm(rows, columns, out=whole.view(len(rows), -1))
                add_folded(sketch, whole, fold.offset)
            if fold.bias_offset is not None:
                for sketch, biases in zip(sketches, left.sum(1), strict=True):
                    add_folded(sketch, biases, fold.bias_offset)

        losses = capture.backward(samples.loss(places), consume)
        return sketches.cpu().numpy(), losses.double().cpu().numpy()


def _rows_that_count(gradients: Any, activations: Any) -> tuple[Any, Any]:
    """Both (batch, rows, width) with the last rows alone where all other gradients are 0, as above the last attention."""
    if gradients.shape[1] > 1 and not gradients[:, 0].any() and not gradients[:, :-1].any():
        return gradients[:, -1:], activations[:, -1:]
    return gradients, activations


def _mixed(values: Any, order: Any, signs: Any) -> Any:
    """The last axis in another order, times signs. By rows of a matrix: torch takes columns of three axes ten times slower."""
    flat = values.reshape(-1, values.shape[-1]).index_select(1, order).mul_(signs)
    return flat.view(values.shape)


def add_folded(sketch: Any, flat: Any, offset: int) -> None:
    """Add ``flat`` (L,) into ``sketch`` (size,) from ``offset`` on, round and round."""
    size, count, done = sketch.shape[0], flat.shape[0], 0
    while done < count:
        many = min(size - offset, count - done)
        sketch[offset : offset + many] += flat[done : done + many]
        done, offset = done + many, 0


def batched(rows: Any, batch: int) -> Any:
    """Activations or gradients as (batch, rows of a sample, width)."""
    return rows.reshape(batch, -1, rows.shape[-1])


def with_ones(activations: Any, bias: bool) -> Any:
    """Activations with a last column of ones where the layer has a bias."""
    torch = extra("torch", "discover", "reading gradients")
    return torch.cat([activations, torch.ones_like(activations[..., :1])], dim=-1) if bias else activations


def next_prime(size: int) -> int:
    """The smallest prime >= size.

    >>> next_prime(65537), next_prime(4096)
    (65537, 4099)
    """
    found = max(size, 2)
    while any(found % divisor == 0 for divisor in range(2, math.isqrt(found) + 1)):
        found += 1
    return found
