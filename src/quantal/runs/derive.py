"""Columns that follow from others by a FLOP convention, or tokens from steps and batch size."""

from __future__ import annotations

import numpy as np

from quantal.runs.flops import FlopConvention
from quantal.runs.table import Column, default_unit

EXAMPLES = ("examples", "samples", "sequences")


def derive(data: dict[str, np.ndarray], columns: list[Column], notes: list[str], convention: FlopConvention) -> None:
    """Add what is missing of tokens, compute and params to ``data`` and ``columns``, marked as derived.

    In this order: tokens = steps·batch_size where the batch is counted in tokens; tokens or params from compute and
    the other; tokens = steps·batch_size where the batch's unit is not said (noted); compute = 6·params·tokens.
    Nothing is derived from tokens that count examples, samples or sequences.
    A value that cannot be derived in a row is not finite there.
    """
    have = {column.name: column for column in columns if column.role == column.name}

    def add(name: str, values: np.ndarray, formula: str) -> None:
        data[name] = values
        have[name] = Column(name, "", name, default_unit(name), formula)
        columns.append(have[name])
        notes.append(f"{name} is derived: {formula}")

    with np.errstate(all="ignore"):
        batch = have.get("batch_size")
        if "tokens" not in have and "steps" in have and batch and batch.unit == "tokens":
            add("tokens", data["steps"] * data["batch_size"], "steps·batch_size")
        for name, other in (("tokens", "params"), ("params", "tokens")):
            if name not in have and other in have and "compute" in have and have[other].unit not in EXAMPLES:
                formula = f"compute/({convention.factor:g}·{other})"
                add(name, convention.other_size(data["compute"], data[other]), formula)
        if "tokens" not in have and "steps" in have and batch and not batch.unit:
            add("tokens", data["steps"] * data["batch_size"], "steps·batch_size")
            notes.append("batch_size is taken in tokens; name its header batch_size_sequences if it counts sequences")
        if "compute" not in have and "params" in have and "tokens" in have:
            if have["tokens"].unit in EXAMPLES:
                notes.append(f"compute is not derived: tokens counts {have['tokens'].unit}")
                return
            add("compute", convention.compute(data["params"], data["tokens"]), convention.formula)
