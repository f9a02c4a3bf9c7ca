"""Which weights a gradient is taken over: every linear map but the unembedding; embeddings and norms are left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from quantal.errors import InputError
from quantal.extras import extra

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, eq=False)
class Layer:
    """Linear maps that share one weight: their names, outputs, and inputs with one more for the bias.

    The gradient of a sample is g^T [a, 1], of shape (outputs, columns), over the rows of its activations a and output gradients g.
    """

    name: str
    modules: tuple[Any, ...]
    outputs: int
    inputs: int
    bias: bool

    @property
    def columns(self) -> int:
        return self.inputs + self.bias

    @property
    def size(self) -> int:
        """How many weights and biases."""
        return self.outputs * self.columns


def find_layers(model: torch.nn.Module, *, left_out: Sequence[Any] = ()) -> tuple[Layer, ...]:
    """The linear maps of a model, `torch.nn.Linear` and GPT-2's Conv1D, those that share a weight together.

    Left out: embeddings; what shares its weight with one; the output embeddings that the model names; modules in ``left_out``; norms.

    Raises:
        InputError: a parameter sits in a module of another kind, or no linear map is left.
    """
    torch = extra("torch", "discover", "reading gradients")
    outside = {id(module) for module in left_out}
    shared = {id(module.weight) for module in model.modules() if isinstance(module, torch.nn.Embedding)}
    head = _output_embeddings(model)
    if head is not None:
        outside.add(id(head))
    shared |= {id(module.weight) for module in model.modules() if id(module) in outside and hasattr(module, "weight")}
    found: dict[int, tuple[str, list[Any]]] = {}
    strange = []
    for name, module in model.named_modules():
        own = dict(module.named_parameters(recurse=False))
        if not own or isinstance(module, torch.nn.Embedding) or _is_norm(module) or id(module) in outside:
            continue
        if _is_linear(module):
            if id(module.weight) not in shared:
                found.setdefault(id(module.weight), (name, []))[1].append(module)
        else:
            strange.append(f"{name or 'the model itself'} ({type(module).__name__}: {', '.join(own)})")
    if strange:
        more = f" and {len(strange) - 3} more" if len(strange) > 3 else ""
        raise InputError(
            f"gradients cannot be taken over {'; '.join(strange[:3])}{more}: weights must sit in torch.nn.Linear or in the Conv1D of "
            "transformers (embeddings and norms are left out); write the layer as a linear map"
        )
    if not found:
        raise InputError(
            "the model has no linear map but its unembedding: there are no weights to take gradients over; "
            "give a model with torch.nn.Linear layers"
        )
    return tuple(_layer(name, modules) for name, modules in found.values())


def _layer(name: str, modules: list[Any]) -> Layer:
    biased = {getattr(module, "bias", None) is not None for module in modules}
    if len(biased) > 1:
        raise InputError(
            f"{name}: linear maps that share its weight differ in having a bias; give each a bias, or none"
        )
    rows, columns = modules[0].weight.shape
    if not _is_torch_linear(modules[0]):
        rows, columns = columns, rows
    return Layer(name, tuple(modules), int(rows), int(columns), biased.pop())


def parameters_of(layers: Sequence[Layer]) -> list[Any]:
    """The parameters that the layers cover, each once."""
    found = {id(p): p for layer in layers for module in layer.modules for p in module.parameters(recurse=False)}
    return list(found.values())


def _is_linear(module: Any) -> bool:
    return _is_torch_linear(module) or (
        type(module).__name__ == "Conv1D" and type(module).__module__ == "transformers.pytorch_utils"
    )


def _is_torch_linear(module: Any) -> bool:
    torch = extra("torch", "discover", "reading gradients")
    return isinstance(module, torch.nn.Linear)


def _is_norm(module: Any) -> bool:
    return "norm" in type(module).__name__.lower()


def _output_embeddings(model: Any) -> Any:
    get = getattr(model, "get_output_embeddings", None)
    return get() if callable(get) else None
