"""The same runs by another count of parameters or FLOPs, from the shapes of their models."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from quantal.errors import DataError, InputError, did_you_mean
from quantal.runs.columns import normalised
from quantal.runs.flops import FLOP_CONVENTIONS, FlopConvention, flop_convention
from quantal.runs.shape import FLOPS_COUNTS, PARAMS_COUNTS, TransformerShape
from quantal.runs.table import Runs

_SAME_PARAMS = {"total": "6ND", "non-embedding": "6ND-non-embedding", "with-head": "6ND-with-head"}
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


def recount(runs: Runs, params: str | None = None, flops: str | None = None) -> Runs:
    """Runs with params and compute counted by named conventions, which their columns and notes then name.

    ``flops`` alone, "6ND" or "2ND", counts compute from the columns params and tokens as they are. Every other count is of
    the shape of each model, read from columns such as n_layers, d_model, vocab_size and seq_len; compute is then FLOPs per
    token times tokens. ``flops`` not given follows ``params``; ``params`` not given follows ``flops``, else it is "total".
    The columns as they were stay as ``params_before`` and ``compute_before``.

    Raises:
        DataError: a column of the shape, or tokens, is missing.
        InputError: a count is unknown; see `PARAMS_COUNTS` and `FLOPS_COUNTS`.

    >>> from quantal.runs import read_runs
    >>> runs = read_runs({"params": [1e8], "tokens": [2e9], "compute": [1.5e18], "loss": [3.0]})
    >>> again = recount(runs, flops="6ND")
    >>> again["compute"], again["compute_before"], again.column("compute").unit
    (array([1.2e+18]), array([1.5e+18]), 'FLOPs, 6ND')
    """
    if params is None and flops in FLOP_CONVENTIONS:
        return _by_columns(runs, flop_convention(flops))
    for given, known, what in (
        (params, PARAMS_COUNTS, "params"),
        (flops, {**FLOPS_COUNTS, **FLOP_CONVENTIONS}, "FLOP"),
    ):
        if given is not None and given not in known:
            raise InputError(f"{what} count {given!r} is unknown. {did_you_mean(given, known)}")
    params = params or {of: count for count, of in _SAME_PARAMS.items()}.get(flops or "", "total")
    flops = flops or _SAME_PARAMS.get(params, "6ND")
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
        out = _replaced(out, name, values, unit, count)
    return replace(out, notes=(*out.notes, f"counted anew: params {params}, compute {flops}"))


def counts_of(runs: Runs) -> dict[str, str]:
    """By which count params and compute of the runs are counted; a column that does not say is left out.

    >>> from quantal.runs import read_runs
    >>> counts_of(read_runs({"params": [1e8], "tokens": [2e9], "loss": [3.0]}))
    {'compute': '6ND'}
    """
    found = {}
    for name in ("params", "compute"):
        if name not in runs:
            continue
        column = runs.column(name)
        _, _, count = column.unit.partition(", ")
        derived = (one.name for one in FLOP_CONVENTIONS.values() if one.formula == column.derived)
        if known := count or next(derived, ""):
            found[name] = known
    return found


def _by_columns(runs: Runs, convention: FlopConvention) -> Runs:
    if missing := [name for name in ("params", "tokens") if name not in runs]:
        raise DataError(
            f"{runs.source}: {convention.name} counts FLOPs from params and tokens, and there is no column "
            f"{' nor '.join(missing)}; name its header with --column {missing[0]}=HEADER"
        )
    if "compute" in runs and runs.column("compute").derived == convention.formula:
        return runs
    out = _replaced(runs, "compute", convention.compute(runs["params"], runs["tokens"]), "FLOPs", convention.name)
    return replace(out, notes=(*out.notes, f"counted anew: compute {convention.formula}"))


def _replaced(runs: Runs, name: str, values: np.ndarray, unit: str, count: str) -> Runs:
    if name in runs:
        runs = runs.with_column(f"{name}_before", runs[name], "value", unit)
    return runs.with_column(name, values, name, f"{unit}, {count}")


def _shape(parts: dict[str, Any]) -> TransformerShape:
    return TransformerShape(**parts)
