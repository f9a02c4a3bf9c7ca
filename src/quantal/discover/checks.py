"""Checks before long work: that the hooks see every gradient, against plain automatic differentiation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from quantal.discover.capture import captured
from quantal.discover.exact import materialised
from quantal.discover.layers import Layer
from quantal.discover.samples import PairSamples, Samples, logits_of
from quantal.discover.sketch import batched, with_ones
from quantal.errors import InputError
from quantal.extras import extra


def unembedding_of(model: Any, samples: Samples) -> Any:
    """The linear map whose output the model gives as its logits, where it does not name its output embeddings; None for other modules."""
    if isinstance(samples, PairSamples) or callable(getattr(model, "get_output_embeddings", None)):
        return None
    torch = extra("torch", "discover", "reading gradients")
    seen: list[tuple[Any, Any]] = []
    handles = [
        module.register_forward_hook(lambda one, _, output: seen.append((one, output)))
        for module in model.modules()
        if isinstance(module, torch.nn.Linear)
    ]
    try:
        with torch.no_grad():
            ids = torch.tensor([samples.contexts[0]], device=next(model.parameters()).device)
            logits = logits_of(model(ids))
    finally:
        for handle in handles:
            handle.remove()
    return next((module for module, output in seen if output.data_ptr() == logits.data_ptr()), None)


def check_hooks(model: Any, layers: Sequence[Layer], samples: Samples) -> None:
    """Compare the gradients of a sample or two with those of automatic differentiation.

    Raises:
        InputError: a layer's gradients differ (it is used otherwise than by calling it), with its name.
    """
    torch = extra("torch", "discover", "reading gradients")
    order = np.argsort(samples.lengths(), kind="stable")
    for place in {int(order[0]), int(order[len(order) // 2])}:
        found = [torch.zeros(layer.outputs, layer.columns, dtype=torch.float64) for layer in layers]

        def consume(at: int, activations: Any, gradients: Any, found: list[Any] = found) -> None:
            right = with_ones(batched(activations, 1), layers[at].bias)[0].double().cpu()
            found[at] += batched(gradients, 1)[0].double().cpu().T @ right

        with captured(model, layers) as capture:
            capture.backward(samples.loss([place]), consume)
            wanted = materialised(model, layers, samples, place)
        _compare(layers, found, wanted)


def _compare(layers: Sequence[Layer], found: list[Any], wanted: np.ndarray) -> None:
    scale = float(np.linalg.norm(wanted))
    rough = str(layers[0].modules[0].weight.dtype) in ("torch.bfloat16", "torch.float16")
    start = 0
    for layer, matrix in zip(layers, found, strict=True):
        parts = layer_parts(layer, matrix.numpy())
        expected = wanted[start : start + layer.size]
        start += layer.size
        if float(np.linalg.norm(parts - expected)) > (0.1 if rough else 1e-3) * scale:
            raise InputError(
                f"{layer.name} ({type(layer.modules[0]).__name__}): its gradient cannot be read from its calls; the model uses the weight "
                "in another way than by calling the layer, so its gradients would be wrong"
            )


def layer_parts(layer: Layer, matrix: np.ndarray) -> np.ndarray:
    """A layer's gradient (outputs, columns) in the order of its parameters: weight as it lies there, then biases."""
    weight = matrix[:, : layer.inputs]
    if tuple(layer.modules[0].weight.shape) != weight.shape or type(layer.modules[0]).__name__ == "Conv1D":
        weight = weight.T
    return np.concatenate([weight.ravel(), matrix[:, layer.inputs :].ravel()])


def materialised_cosines(model: Any, layers: Sequence[Layer], samples: Samples, places: Sequence[int]) -> np.ndarray:
    """Cosines of whole gradients by automatic differentiation, in float64."""
    with captured(model, layers):
        whole = np.array([materialised(model, layers, samples, int(place)) for place in places])
    whole /= np.linalg.norm(whole, axis=1, keepdims=True)
    return whole @ whole.T
