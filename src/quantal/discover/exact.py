"""Exact inner products of gradients, a block of weights at a time: no more of the gradients is held than the memory allows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from quantal.discover.capture import Capture
from quantal.discover.layers import Layer
from quantal.discover.samples import Samples
from quantal.discover.sketch import batched, with_ones
from quantal.errors import InputError
from quantal.extras import extra

_CHUNK = 1 << 16
_SHARE = 0.6  # of the memory, for the gradients; the rest is for their products


@dataclass(frozen=True)
class Part:
    """Rows ``first`` to ``last`` (exclusive) of a layer's weight."""

    layer: int
    first: int
    last: int


Block = tuple[Part, ...]


def blocks_of(layers: Sequence[Layer], samples: int, width: int, memory: float) -> tuple[Block, ...]:
    """The weights cut into blocks whose gradients of all samples, ``width`` bytes a number, fit into ``memory`` bytes.

    Raises:
        InputError: not even one row of a weight fits.
    """
    room = int(_SHARE * memory / (samples * width))
    blocks: list[list[Part]] = [[]]
    left = room
    for place, layer in enumerate(layers):
        if layer.columns > room:
            need = samples * width * layer.columns / _SHARE
            raise InputError(
                f"{layer.name}: the gradients of one row of its weight for {samples} tokens need {need / 1e6:.0f} MB, and memory is "
                f"{memory / 1e6:.0f} MB; give more memory, fewer tokens, or use mode='sketch'"
            )
        row = 0
        while row < layer.outputs:
            fits = min(left // layer.columns, layer.outputs - row)
            if fits == 0:
                blocks.append([])
                left = room
                continue
            blocks[-1].append(Part(place, row, row + fits))
            row += fits
            left -= fits * layer.columns
    return tuple(tuple(block) for block in blocks)


def gram_of(
    capture: Capture, samples: Samples, batches: Sequence[Sequence[int]], block: Block, dtype: Any
) -> Iterator[int | np.ndarray]:
    """Inner products of the samples' gradients over one block of weights, shape (n, n) float64.

    Yields how many samples are done after each batch, and the matrix at last.
    """
    torch = extra("torch", "discover", "reading gradients")
    layers = capture.layers
    device = next(capture.model.parameters()).device
    starts = np.cumsum([0] + [(part.last - part.first) * layers[part.layer].columns for part in block])
    held = torch.zeros(len(samples), int(starts[-1]), dtype=dtype, device=device)
    parts: dict[int, list[tuple[Part, int, int]]] = {}
    for part, start, end in zip(block, starts[:-1], starts[1:], strict=True):
        parts.setdefault(part.layer, []).append((part, int(start), int(end)))
    done = 0
    for places in batches:

        def consume(place: int, activations: Any, gradients: Any, places: Sequence[int] = places) -> None:
            for part, start, end in parts.get(place, ()):
                left = batched(gradients, len(places))[..., part.first : part.last].to(dtype).transpose(1, 2)
                right = with_ones(batched(activations, len(places)).to(dtype), layers[place].bias)
                held[list(places), start:end] += torch.bmm(left, right).flatten(1)

        capture.backward(samples.loss(places), consume)
        done += len(places)
        yield done
    gram = torch.zeros(len(samples), len(samples), dtype=torch.float64, device=device)
    for start in range(0, held.shape[1], _CHUNK):
        columns = held[:, start : start + _CHUNK]
        gram += columns @ columns.T
    yield gram.cpu().numpy()


def materialised(model: Any, layers: Sequence[Layer], samples: Samples, place: int) -> np.ndarray:
    """The whole gradient of one sample by plain automatic differentiation, in the layers' order, shape (entries,), float64."""
    torch = extra("torch", "discover", "reading gradients")
    from quantal.discover.layers import parameters_of

    wanted = parameters_of(layers)
    before = [parameter.requires_grad for parameter in wanted]
    try:
        for parameter in wanted:
            parameter.requires_grad_(True)
        with torch.enable_grad():
            loss = samples.loss([place])(model)
            found = torch.autograd.grad(loss.sum(), wanted, allow_unused=True)
    finally:
        for parameter, flag in zip(wanted, before, strict=True):
            parameter.requires_grad_(flag)
    whole = [
        torch.zeros_like(parameter).flatten() if one is None else one.flatten()
        for one, parameter in zip(found, wanted, strict=True)
    ]
    return torch.cat(whole).double().cpu().numpy()
