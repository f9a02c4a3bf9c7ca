"""Count sketch of gradients that are never whole: each layer's is formed, folded into the sketch, and forgotten.

Coordinate (i, j) of a layer's gradient g^T [a, 1] goes to the bucket (columns pi(i) + rho(j) + offset) mod size with the sign s(i) t(j),
pi and rho random permutations, s and t random signs. These act on g and a before they are multiplied, so that the fold itself is a
sum of contiguous blocks. Two coordinates in different rows and columns share a bucket with chance 1/size, two in one row or column
never (the size is prime). Layers lie one after another, so that gradients with fewer entries than buckets are kept exactly. So the
inner product of two sketches is without bias, and the error of a cosine is about 1/sqrt(size).
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
    """How one layer's gradient enters the sketch: permutations, signs, and where it begins."""

    rows: torch.Tensor
    row_signs: torch.Tensor
    columns: torch.Tensor
    column_signs: torch.Tensor
    offset: int
    bias: bool


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

        starts = np.cumsum([0] + [layer.size for layer in layers]) % self.size
        self._folds = [
            _Fold(
                torch.as_tensor(rng.permutation(layer.outputs), device=device),
                signs(layer.outputs),
                torch.as_tensor(rng.permutation(layer.columns), device=device),
                signs(layer.columns),
                int(start),
                layer.bias,
            )
            for layer, start in zip(layers, starts[:-1], strict=True)
        ]

    def of(self, capture: Capture, samples: Samples, places: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """Sketches of the gradients of some samples, shape (batch, size), and their losses, shape (batch,)."""
        torch = extra("torch", "discover", "reading gradients")
        sketches = torch.zeros(len(places), self.size, dtype=self.dtype, device=self._device)

        def consume(place: int, activations: Any, gradients: Any) -> None:
            fold = self._folds[place]
            left = (batched(gradients, len(places)).to(self.dtype)[..., fold.rows] * fold.row_signs).transpose(1, 2)
            right = with_ones(batched(activations, len(places)).to(self.dtype), fold.bias)
            right = right[..., fold.columns] * fold.column_signs
            for sketch, rows, columns in zip(sketches, left, right, strict=True):
                add_folded(sketch, torch.mm(rows, columns).view(-1), fold.offset)

        losses = capture.backward(samples.loss(places), consume)
        return sketches.cpu().numpy(), losses.double().cpu().numpy()


def add_folded(sketch: Any, flat: Any, offset: int) -> None:
    """Add ``flat`` (L,) into ``sketch`` (size,) from ``offset`` on, round and round."""
    size = sketch.shape[0]
    first = min(flat.shape[0], size - offset)
    sketch[offset : offset + first] += flat[:first]
    whole = (flat.shape[0] - first) // size
    end = first + whole * size
    if whole:
        sketch += flat[first:end].view(whole, size).sum(0)
    if end < flat.shape[0]:
        sketch[: flat.shape[0] - end] += flat[end:]


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
