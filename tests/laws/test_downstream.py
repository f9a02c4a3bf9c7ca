"""Over-training, downstream error and the ladder, against the published fits and predictions from the runs themselves."""

from __future__ import annotations

import csv
import warnings
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import quantal as ql
from quantal.errors import QuantalWarning
from quantal.laws import Law, get_law


@settings(max_examples=40, deadline=None)
@given(n=st.floats(5, 13), m=st.floats(-2, 5), eta=st.floats(0.01, 1))
def test_overtraining_in_compute_and_ratio(n: float, m: float, eta: float) -> None:
    N, M = 10**n, 10**m
    got = float(get_law("overtraining")(params=N, tokens=M * N, E=1.5, a=100.0, b=200.0, eta=eta))
    assert got == pytest.approx(1.5 + (100.0 * M**eta + 200.0 * M**-eta) * (6 * N * M * N) ** -eta, rel=1e-12)


def _overtraining_rows(folder: Path, dataset: str) -> list[dict[str, str]]:
    rows = csv.DictReader((folder / "overtraining_losses.csv").read_text().splitlines())
    return [row for row in rows if row["train_dataset"] == dataset and row["eval_set"] == "c4_val"]


def _published_five(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """The four small shapes at the usual tokens per parameter, and the smallest at 16 times that."""
    wanted = ("d=96_l=8_h=4-16.0", "d=96_l=8_h=4-1.0", "d=512_l=8_h=4-1.0", "d=576_l=24_h=8-1.0", "d=1024_l=24_h=8-1.0")
    return [row for row in rows if row["run"].split("-", 1)[1] in wanted]


def _columns(rows: list[dict[str, str]], *names: str) -> dict[str, np.ndarray]:
    return {name: np.array([float(row[name]) for row in rows]) for name in names}


def _theta(law: Law, *fits: ql.Fit) -> dict[str, float]:
    return dict(zip(law.parameter_names, np.concatenate([fit.theta for fit in fits]), strict=True))


@pytest.mark.parametrize(
    ("dataset", "paper"), [("c4_original", "C4"), ("rpj", "RedPajama"), ("rw_original", "RefinedWeb")]
)
def test_the_published_overtraining_fits(public_data: Path, dataset: str, paper: str) -> None:
    rows = _published_five(_overtraining_rows(public_data, dataset))
    assert len(rows) == 5
    found = ql.fit(_columns(rows, "params", "tokens", "loss"), "overtraining", objective="squares")
    for name, digits in {"E": 0.006, "a": 1.0, "b": 1.0, "eta": 0.0006}.items():
        want = found.law.published[f"Gadre et al. 2024, {paper}"][name]
        assert found.parameters[name].value == pytest.approx(want, abs=digits)


def test_the_published_extrapolation_errors(public_data: Path) -> None:
    """RedPajama: loss 0.7103 % (1.4B, 32 times over-trained) and 0.7320 % (6.9B); mean error 3.6365 % and 0.0464 %."""
    errors: dict[str, list[float]] = defaultdict(list)
    for row in csv.DictReader((public_data / "overtraining_downstream.csv").read_text().splitlines()):
        if row["in_17_task_split"] == "1":
            errors[row["run"]].append(1 - float(row["accuracy"]))
    rows = _overtraining_rows(public_data, "rpj")
    for row in rows:
        row["error"] = str(np.mean(errors[row["run"]]))
    five = _published_five(rows)
    loss = ql.fit(_columns(five, "params", "tokens", "loss"), "overtraining", objective="squares")
    six = five + [row for row in rows if row["run"] == "rpj-open_lm_1b-1.0"]
    error = ql.fit(_columns(six, "loss", "error"), "downstream_error", objective="squares")
    chained = get_law("overtraining_error")
    for run, of_loss, of_error in (("rpj-open_lm_1b-32.0", 0.7103, 3.6365), ("rpj-open_lm_7b-1.0", 0.7320, 0.0464)):
        row = next(row for row in rows if row["run"] == run)
        at = {"params": float(row["params"]), "tokens": float(row["tokens"])}
        predicted = float(loss.law(**at, **_theta(loss.law, loss)))
        assert 100 * abs(predicted / float(row["loss"]) - 1) == pytest.approx(of_loss, abs=1e-3)
        predicted = float(chained(**at, **_theta(chained, loss, error)))
        assert 100 * abs(predicted / float(row["error"]) - 1) == pytest.approx(of_error, abs=2e-3)


MMLU = {"mmlu_stem_test": 0.215, "mmlu_humanities_test": 0.335, "mmlu_social_sciences_test": 0.219, "mmlu_other_test": 0.231}  # fmt: skip
TRAINED = [f"{size}-{times}xC" for size in ("190M", "370M", "760M", "1B") for times in (1, 2, 5, 10)]


def _task(table: ql.Runs, kind: str, task: str) -> np.ndarray:
    if task == "mmlu_avg_test":
        return np.sum([weight * table[f"{kind}_{part}"] for part, weight in MMLU.items()], axis=0)
    return table[f"{kind}_{task}"]


def _moving_average(values: np.ndarray, width: int = 5) -> np.ndarray:
    total, end = np.concatenate([[0.0], np.cumsum(values)]), np.arange(1, len(values) + 1)
    start = np.maximum(end - width, 0)
    return (total[end] - total[start]) / (end - start)


def _ladder_fits(curves: ql.Runs, task: str) -> tuple[ql.Fit, ql.Fit]:
    """Step 1 on the last five evaluations of 16 runs; step 2 along them, the first tenth left out, with (0, 1) added."""
    ends, losses, accuracies = [], [], []
    for run in TRAINED:
        rows = curves.take(curves["run"] == run)
        loss, accuracy = _task(rows, "bpb", task), _task(rows, "acc", task)
        ends.append((rows["params"][-1], rows["tokens"][-1], loss[-5:].mean()))
        skipped = int(np.ceil(0.1 * len(loss)))
        losses.append(_moving_average(loss[skipped:]))
        accuracies.append(_moving_average(accuracy[skipped:]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QuantalWarning)
        step1 = ql.fit(
            dict(zip(("params", "tokens", "bpb"), np.array(ends, dtype=float).T, strict=True)), "ladder_loss"
        )
        points = {"bpb": np.concatenate([*losses, [1e-9]]), "accuracy": np.concatenate([*accuracies, [1.0]])}
        step2 = ql.fit(points, "ladder_accuracy", objective="squares")
    return step1, step2


def test_the_ladder_predicts_13b_no_worse_than_its_paper(public_data: Path) -> None:
    curves = ql.read_runs(public_data / "task_ladder_curves.parquet", where="steps > 0")
    target = ql.read_runs(
        public_data / "task_ladder_final.csv", columns={"evaluation": "step"}, where='run == "13B-5T"'
    )
    published: dict[str, dict[str, float]] = defaultdict(dict)
    for row in csv.DictReader((public_data / "task_ladder_published_predictions.csv").read_text().splitlines()):
        published[row["table"]][row["task"].removesuffix("_5shot")] = float(row["pred"]) / float(row["actual"]) - 1
    ours: dict[str, list[float]] = defaultdict(list)
    chained = get_law("ladder")
    at = {"params": float(target["params"][0]), "tokens": float(target["tokens"][0])}
    for task in published["step1_main"]:
        step1, step2 = _ladder_fits(curves, task)
        loss, accuracy = float(_task(target, "bpb", task)[0]), float(_task(target, "acc", task)[0])
        ours["step1_main"].append(float(step1.law(**at, **_theta(step1.law, step1))) / loss - 1)
        ours["step2_main"].append(float(step2.law(bpb=loss, **_theta(step2.law, step2))) / accuracy - 1)
        ours["chained_main"].append(float(chained(**at, **_theta(chained, step1, step2))) / accuracy - 1)
    for table, errors in ours.items():
        papers = np.mean(np.abs(list(published[table].values())))
        assert np.mean(np.abs(errors)) <= papers + 1e-6, table


@settings(max_examples=60, deadline=None)
@given(x=st.floats(1e-300, 1e300), at=st.floats(1e-100, 1e100), k=st.floats(1e-3, 1e3))
def test_emergence_stays_between_chance_and_top(x: float, at: float, k: float) -> None:
    assert 0.25 <= float(get_law("emergence")(x=x, chance=0.25, top=0.9, x_half=at, k=k)) <= 0.9


@settings(max_examples=60, deadline=None)
@given(loss=st.floats(0, 1e6), k=st.floats(0, 1e4))
def test_ladder_accuracy_stays_in_its_range(loss: float, k: float) -> None:
    assert 0.25 - 1e-12 <= float(get_law("ladder_accuracy")(bpb=loss, a=-0.7, L_0=0.8, k=k, b=0.95)) <= 0.95
