"""Recognition of columns: which header stands for params, tokens, compute, steps, batch size, loss or an accuracy."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from quantal.errors import DataError, did_you_mean
from quantal.runs.table import MEASURES, SIZES, default_unit

# Headers by role, best first, as `normalised` writes them.
ALIASES: dict[str, tuple[str, ...]] = {
    "params": (
        "params", "parameters", "n_params", "num_params", "n_parameters", "num_parameters", "nparams", "total_params",
        "total_parameters", "number_of_parameters", "parameter_count", "model_params", "model_parameters",
        "non_embedding_params", "non_embedding_parameters", "params_non_embedding", "parameters_non_embedding",
        "n_non_embedding_params", "n_params_non_embedding", "num_non_embedding_params", "params_non_embed",
        "params_no_embed", "non_embed_params", "model_size", "n", "size", "param_count",
    ),
    "tokens": (
        "tokens", "n_tokens", "num_tokens", "ntokens", "number_of_tokens", "training_tokens", "train_tokens",
        "tokens_seen", "seen_tokens", "tokens_trained", "total_tokens", "consumed_tokens", "num_input_tokens_seen",
        "num_tokens_seen", "pretraining_tokens", "token_count", "d", "training_data_size", "pretraining_data_size",
        "dataset_size", "data_size", "samples", "n_samples", "num_samples", "training_samples", "train_samples",
        "samples_seen", "seen_samples", "consumed_samples", "examples", "n_examples", "num_examples",
        "training_examples", "train_examples", "examples_seen", "seen_examples",
    ),
    "compute": (
        "compute", "flops", "flop", "training_flops", "training_flop", "train_flops", "train_flop", "total_flops",
        "total_flop", "total_flos", "compute_flops", "compute_flop", "training_compute", "train_compute",
        "training_compute_flop", "training_compute_flops", "n_flops", "num_flops", "c",
    ),
    "steps": (
        "steps", "step", "training_steps", "train_steps", "n_steps", "num_steps", "total_steps", "global_step",
        "trainer_global_step", "iterations", "iteration", "iters",
    ),
    "batch_size": (
        "batch_size", "global_batch_size", "total_batch_size", "train_batch_size", "effective_batch_size",
        "batch_size_tokens", "batch_tokens", "tokens_per_batch", "tokens_per_step", "batch_size_sequences",
        "sequences_per_batch", "batch", "bs",
    ),
    "loss": (
        "loss", "val_loss", "valid_loss", "validation_loss", "eval_loss", "heldout_loss", "held_out_loss", "dev_loss",
        "test_loss", "loss_val", "loss_eval", "final_loss", "final_val_loss", "loss_nats", "cross_entropy",
        "cross_entropy_loss", "ce_loss", "log_loss", "nll", "train_loss", "training_loss", "loss_train",
    ),
}  # fmt: skip

# Headers that mean something else as often: a column of text under one of them is a label and no broken measurement.
AMBIGUOUS = {"n", "d", "c", "size", "model_size", "param_count", "data_size", "dataset_size", "batch", "bs", "flop"}

SCALES = {"k": 3, "thousand": 3, "m": 6, "million": 6, "b": 9, "g": 9, "billion": 9, "t": 12, "trillion": 12}
COMPUTE_UNITS = {"flop": 1.0, "flops": 1.0, "pf-days": 8.64e19, "pflop/s-days": 8.64e19, "petaflop/s-days": 8.64e19}
SIZE_UNITS = {
    "params": {"parameters", "params"},
    "tokens": {"tokens", "token", "examples", "samples", "sequences", "words", "bytes"},
    "steps": {"steps", "updates", "iterations"},
    "batch_size": {"tokens", "sequences", "examples", "samples"},
}


@dataclass(frozen=True)
class Taken:
    """What a header was taken for; ``scale`` multiplies its cells, ``sure`` bars it from being a label."""

    header: str
    name: str
    role: str
    unit: str
    scale: float = 1.0
    sure: bool = True


def normalised(header: str) -> tuple[str, str | None]:
    """A header in small letters and underscores, and the unit that it gives in brackets.

    >>> normalised("Training Tokens (B)"), normalised("eval/loss")
    (('training_tokens', 'b'), ('eval_loss', None))
    """
    bracket = re.search(r"[(\[]([^()\[\]]*)[)\]]\s*$", header)
    unit = bracket[1].strip().lower() if bracket else None
    text = header[: bracket.start()] if bracket else header
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", text.replace("#", "n "))
    return re.sub(r"[\s\-/._:]+", "_", text.strip()).strip("_").lower(), unit


def recognise(
    headers: Sequence[str],
    chosen: Mapping[str, str] | None = None,
    plain: Sequence[str] = (),
    source: str = "frame",
) -> tuple[list[Taken], list[str]]:
    """What each header is taken for, in order, with notes on what was passed over.

    ``chosen`` maps our names to headers and comes first; headers in ``plain`` keep their own name and no role.

    Raises:
        DataError: ``chosen`` names a header that is not there, one header twice, or nearly a known name.
    """
    chosen = dict(chosen or {})
    _check_chosen(headers, chosen, source)
    notes: list[str] = []
    taken = {header: _taken(header, name, name if name in MEASURES else None) for name, header in chosen.items()}
    for role, aliases in ALIASES.items():
        found = [
            header
            for alias in aliases
            for header in headers
            if normalised(header)[0] == alias and header not in taken and header not in plain
        ]
        for header in list(found):
            made = _taken(header, role, role)
            if made.role != role:
                found.remove(header)
                notes.append(
                    f"{header!r} is kept as a plain value and not taken for {role}: its unit "
                    f"{normalised(header)[1]!r} is not known"
                )
        if role not in chosen and found:
            best = found.pop(0)
            taken[best] = _taken(best, role, role)
        if found:
            others = ", ".join(repr(header) for header in found)
            kept = "is kept under its own name" if len(found) == 1 else "are kept under their own names"
            took = chosen.get(role) or next(t.header for t in taken.values() if t.role == role)
            notes.append(f"took {took!r} for {role}; {others} {kept} (choose with --column {role}={_shell(found[0])})")
    used = {made.name for made in taken.values()}
    result = []
    for header in headers:
        made = taken.get(header) or _other(header, used)
        result.append(made)
    return result, notes


def _check_chosen(headers: Sequence[str], chosen: Mapping[str, str], source: str) -> None:
    for name, header in chosen.items():
        if header not in headers:
            raise DataError(
                f"{source}: column {name!r} was to be read from {header!r}, and no header has that name. "
                f"{did_you_mean(str(header), headers)}"
            )
        near = difflib.get_close_matches(name, MEASURES, n=1, cutoff=0.75)
        if near and name not in MEASURES and name not in headers:
            raise DataError(f"{source}: column {name!r} is no name that quantal knows. Did you mean {near[0]!r}?")
        same = [other for other, there in chosen.items() if there == header]
        if len(same) > 1:
            raise DataError(f"{source}: {same[0]!r} and {same[1]!r} are both to be read from {header!r}; choose one")


def _taken(header: str, name: str, role: str | None) -> Taken:
    """A header in a role, unless its bracketed unit is unknown there; without a role it becomes a value."""
    text, unit = normalised(header)
    if role is None:
        return Taken(header, name, "accuracy" if is_accuracy(text) else "value", unit or "")
    sure = text not in AMBIGUOUS
    if role == "loss":
        return Taken(header, name, role, default_unit(role) if unit is None else _bracket(header), sure=sure)
    scale = 1.0
    if unit is not None:
        if unit.removesuffix("s") in SCALES:
            scale = 10.0 ** SCALES[unit.removesuffix("s")]
        elif role == "compute" and unit in COMPUTE_UNITS:
            scale = COMPUTE_UNITS[unit]
        elif re.fullmatch(r"1e[0-9]{1,2}", unit):
            scale = float(unit)
        elif unit not in SIZE_UNITS.get(role, set()):
            return Taken(header, header, "value", _bracket(header))
    return Taken(header, name, role, _size_unit(role, text, unit), scale, sure)


def _size_unit(role: str, text: str, unit: str | None) -> str:
    if role in ("tokens", "batch_size"):
        given = unit if unit in SIZE_UNITS[role] else text
        for word in ("token", "example", "sample", "sequence", "word", "byte"):
            if word in given:
                return word + "s"
    return default_unit(role)


def _bracket(header: str) -> str:
    match = re.search(r"[(\[]([^()\[\]]*)[)\]]\s*$", header)
    return match[1].strip() if match else ""


def _other(header: str, used: set[str]) -> Taken:
    """A header without a role; one that bears a name already given to another gets an ending."""
    text, _ = normalised(header)
    name = f"{header}_in_file" if header in used else header
    role = "accuracy" if is_accuracy(text) and text not in SIZES else "value"
    return Taken(header, name, role, _bracket(header), sure=False)


def is_accuracy(text: str) -> bool:
    """Whether a normalised header names an accuracy."""
    words = text.split("_")
    named = words[0] in ("acc", "accuracy") or words[-1] in ("acc", "accuracy")
    return named and not {"stderr", "std", "se", "steps"} & set(words)


def _shell(header: str) -> str:
    return header if re.fullmatch(r"[\w./-]+", header) else f"'{header}'"
