"""One forward and backward that hands over activations and output gradients, and keeps no weight gradient."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from quantal.discover.layers import Layer
from quantal.errors import InputError
from quantal.extras import extra

if TYPE_CHECKING:
    import torch

Consume = Callable[[int, Any, Any], None]
"""Takes the layer's place, its activations (..., inputs) and the gradients of its outputs (..., outputs)."""


class Capture:
    """A model whose linear maps tell what goes through them; made by `captured`."""

    def __init__(self, model: torch.nn.Module, layers: Sequence[Layer]) -> None:
        self.model = model
        self.layers = layers
        self._consume: Consume | None = None
        self._handles = [
            module.register_forward_hook(self._hook(place))
            for place, layer in enumerate(layers)
            for module in layer.modules
        ]

    def backward(self, loss: Callable[[Any], Any], consume: Consume) -> Any:
        """Call ``loss(model)`` and give ``consume`` each layer's activations and output gradients, last layer first; gives the loss.

        Raises:
            InputError: the loss depends on no layer, or an activation was changed in place.
        """
        torch = extra("torch", "discover", "reading gradients")
        self._consume = consume
        try:
            with torch.enable_grad():
                value = loss(self.model)
                total = value.sum()
                if not total.requires_grad:
                    raise InputError(
                        "the loss depends on none of the model's linear maps; check the loss and the model"
                    )
                total.backward()
        finally:
            self._consume = None
        return value.detach()

    def close(self) -> None:
        for handle in self._handles:
            handle.remove()

    def _hook(self, place: int) -> Callable[..., Any]:
        def hook(_: Any, inputs: tuple[Any, ...], output: Any) -> Any:
            consume = self._consume
            if consume is None:
                return output
            activations = inputs[0].detach()
            version = activations._version
            leaf = not output.requires_grad
            if leaf:
                output = output.requires_grad_()

            def take(gradient: Any) -> None:
                if activations._version != version:
                    raise InputError(
                        f"{self.layers[place].name}: its input is changed in place after use; use an operation that makes a new tensor"
                    )
                consume(place, activations, gradient)

            output.register_hook(take)
            return output.clone() if leaf else output

        return hook


@contextmanager
def captured(model: torch.nn.Module, layers: Sequence[Layer]) -> Iterator[Capture]:
    """The model with hooks on its layers, without dropout and without gradients of its weights; as before when it ends."""
    wanted = [(parameter, parameter.requires_grad) for parameter in model.parameters()]
    training = [(module, module.training) for module in model.modules()]
    capture = Capture(model, layers)
    try:
        model.eval()
        for parameter, _ in wanted:
            parameter.requires_grad_(False)
        yield capture
    finally:
        capture.close()
        for parameter, before in wanted:
            parameter.requires_grad_(before)
        for module, before in training:
            module.training = before
