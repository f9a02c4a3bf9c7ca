"""Recognition of columns by their headers."""

from __future__ import annotations

import pytest

from quantal.errors import DataError
from quantal.runs.columns import ALIASES, recognise
from quantal.runs.reading import read_runs
from quantal.runs.table import MEASURES

SPELLINGS = [
    ("N", "params"), ("params", "params"), ("Parameters", "params"), ("n_params", "params"), ("nParams", "params"),
    ("num params", "params"), ("n-parameters", "params"), ("model_size", "params"), ("Model Size", "params"),
    ("non_embedding_params", "params"), ("params_non_embedding", "params"), ("#params", "params"), ("size", "params"),
    ("D", "tokens"), ("tokens", "tokens"), ("Training Tokens", "tokens"), ("n_tokens", "tokens"),
    ("train_tokens", "tokens"), ("tokens_seen", "tokens"), ("seen_examples", "tokens"), ("samples", "tokens"),
    ("C", "compute"), ("FLOPs", "compute"), ("compute_flops", "compute"), ("Training FLOP", "compute"),
    ("training_flops", "compute"), ("train_flops", "compute"), ("total_flos", "compute"),
    ("steps", "steps"), ("step", "steps"), ("training_steps", "steps"), ("iterations", "steps"),
    ("trainer/global_step", "steps"), ("batch_size", "batch_size"), ("global batch size", "batch_size"),
    ("loss", "loss"), ("val_loss", "loss"), ("valid_loss", "loss"), ("validation_loss", "loss"), ("test_loss", "loss"),
    ("eval/loss", "loss"), ("eval_loss", "loss"), ("eval-loss", "loss"), ("held_out_loss", "loss"),
    ("final_loss", "loss"), ("loss_nats", "loss"), ("loss (nats)", "loss"), ("train_loss", "loss"), ("valLoss", "loss"),
    ("accuracy", "accuracy"), ("acc_mmlu", "accuracy"), ("top1_accuracy", "accuracy"), ("accuracy_stderr", "value"),
    ("learning_rate", "value"), ("flops_per_step", "value"), ("loss_c4", "value"), ("tokens_per_param", "value"),
]  # fmt: skip


@pytest.mark.parametrize(("header", "role"), SPELLINGS)
def test_header(header: str, role: str) -> None:
    (taken,), _ = recognise([header])
    assert taken.role == role
    assert taken.name == (role if role in MEASURES else header)


def test_no_alias_stands_for_two_roles() -> None:
    aliases = [alias for names in ALIASES.values() for alias in names]
    assert len(aliases) == len(set(aliases))


def test_the_best_header_is_taken_and_the_others_keep_their_names() -> None:
    taken, notes = recognise(["train_loss", "params_non_embedding", "val_loss", "params"])
    assert [(t.name, t.role) for t in taken] == [
        ("train_loss", "value"), ("params_non_embedding", "value"), ("loss", "loss"), ("params", "params")
    ]  # fmt: skip
    assert notes[0] == (
        "took 'params' for params; 'params_non_embedding' is kept under its own name "
        "(choose with --column params=params_non_embedding)"
    )


def test_choice_comes_first_and_a_taken_name_is_not_given_twice() -> None:
    taken, _ = recognise(["loss", "eval/loss"], {"loss": "eval/loss"})
    assert [(t.header, t.name, t.role) for t in taken] == [
        ("loss", "loss_in_file", "value"), ("eval/loss", "loss", "loss")
    ]  # fmt: skip


def test_free_names_are_allowed() -> None:
    taken, _ = recognise(["params", "acc_mmlu", "k"], {"mmlu": "acc_mmlu", "experts": "k"})
    assert [(t.name, t.role) for t in taken[1:]] == [("mmlu", "accuracy"), ("experts", "value")]


@pytest.mark.parametrize(
    ("chosen", "says"),
    [
        ({"loss": "eval/lss"}, "Did you mean 'eval/loss'"),
        ({"los": "eval/loss"}, "Did you mean 'loss'"),
        ({"loss": "eval/loss", "value": "eval/loss"}, "both to be read from 'eval/loss'"),
    ],
)
def test_wrong_choices(chosen: dict[str, str], says: str) -> None:
    with pytest.raises(DataError, match=says):
        recognise(["params", "eval/loss"], chosen)


@pytest.mark.parametrize(
    ("header", "cell", "name", "value", "unit"),
    [
        ("Model Size (B)", "7", "params", 7e9, "parameters"),
        ("Model Size (B)", "0.07", "params", 7e7, "parameters"),
        ("tokens (T)", "1.4", "tokens", 1.4e12, "tokens"),
        ("tokens [millions]", "300", "tokens", 3e8, "tokens"),
        ("FLOPs (1E21)", "84", "compute", 8.4e22, "FLOPs"),
        ("compute (PF-days)", "1", "compute", 8.64e19, "FLOPs"),
        ("samples", "5", "tokens", 5, "samples"),
        ("D (examples)", "5", "tokens", 5, "examples"),
        ("loss (nats)", "3.2", "loss", 3.2, "nats"),
        ("loss (bits/byte)", "3.2", "loss", 3.2, "bits/byte"),
        ("loss", "3.2", "loss", 3.2, "nats per token"),
        ("tokens_per_batch", "512", "batch_size", 512, "tokens"),
        ("batch_size_sequences", "512", "batch_size", 512, "sequences"),
        ("batch_size", "512", "batch_size", 512, ""),
    ],
)
def test_units_in_headers(header: str, cell: str, name: str, value: float, unit: str) -> None:
    runs = read_runs({header: [cell], "x": [1.0]})
    assert runs[name].tolist() == [value]
    assert runs.column(name).unit == unit


def test_an_unknown_unit_is_not_silently_taken() -> None:
    runs = read_runs({"compute (GPU hours)": [5.0, 6.0], "loss": [3.0, 2.0]})
    assert "compute" not in runs
    assert runs.column("compute (GPU hours)").role == "value"
    assert any("its unit 'gpu hours' is not known" in note for note in runs.notes)


def test_text_under_an_ambiguous_header_is_a_label() -> None:
    runs = read_runs({"size": ["small", "large"], "n_params": [1e6, 2e6], "loss": [3.0, 2.0]})
    assert runs.column("size").role == "label"
    only = read_runs({"size": ["small", "large"], "loss": [3.0, 2.0]})
    assert only.column("size").role == "label"
    assert "params" not in only
    with pytest.raises(DataError, match="'small' is no measurement"):
        read_runs({"params": ["small", "large"], "loss": [3.0, 2.0]})
