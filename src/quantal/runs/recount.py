"""The same runs by another count of parameters or FLOPs, from the shapes of their models."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from quantal.errors import DataError
from quantal.runs.columns import normalised
from quantal.runs.shape import TransformerShape
from quantal.runs.table import Runs

SHAPE_NAMES = {
    "layers": ("layers", "n_layers", "n_layer", "num_layers", "num_hidden_layers", "depth"),
    "width": ("width", "d_model", "n_embd", "hidden_size", "model_dim"),
    "vocabulary": ("vocabulary", "vocab_size", "vocab", "n_vocab"),
    "context": (
        "context",
        "context_length",
        "seq_len",
        "sequence_length",
        "n_ctx",
        "block_size",
        "max_position_embeddings",
    ),
    "heads": ("heads", "n_heads", "n_head", "num_heads", "num_attention_heads"),
    "hidden": ("hidden", "ffw_size", "d_ff", "intermediate_size", "ffn_dim"),
}


def recount(runs: Runs, params: str = "total", flops: str = "6ND") -> Runs:
    """Runs with params and compute counted by named conventions, which their columns and notes then name.

    The shape of each model is read from columns such as n_layers, d_model, vocab_size and seq_len; compute is the count's
    FLOPs per token times tokens. The columns as they were stay as ``params_before`` and ``compute_before``.

    Raises:
        DataError: a column of the shape, or tokens, is missing.
        InputError: a count is unknown; see `PARAMS_COUNTS` and `FLOPS_COUNTS`.
    """
    headers = {normalised(column.source or column.name)[0]: column.name for column in runs.columns}
    found = {}
    for part, names in SHAPE_NAMES.items():
        name = next((headers[one] for one in names if one in headers), None)
        if name is not None:
            found[part] = np.asarray(runs[name], dtype=float)
        elif part not in ("heads", "hidden"):
            raise DataError(
                f"{runs.source}: to count parameters anew the model's {part} is needed, in a column such as {names[1]}"
            )
    if "tokens" not in runs:
        raise DataError(f"{runs.source}: to count FLOPs anew a column tokens is needed")
    shapes = [_shape({part: int(values[i]) for part, values in found.items()}) for i in range(len(runs))]
    new = {
        "params": ("parameters", np.array([shape.params(params) for shape in shapes]), params),
        "compute": ("FLOPs", np.array([shape.flops_per_token(flops) for shape in shapes]) * runs["tokens"], flops),
    }
    out = runs
    for name, (unit, values, count) in new.items():
        if name in out:
            out = out.with_column(f"{name}_before", out[name], "value", unit)
        out = out.with_column(name, values, name, f"{unit}, {count}")
    return replace(out, notes=(*out.notes, f"counted anew: params {params}, compute {flops}"))


def _shape(parts: dict[str, Any]) -> TransformerShape:
    return TransformerShape(**parts)
