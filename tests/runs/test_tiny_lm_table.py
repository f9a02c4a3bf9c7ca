"""The committed table of our own runs is complete, physical, and agrees with the formulas of its description."""

import csv
import json
import math
import statistics
from importlib.resources import files

import pytest

DATA = files("quantal") / "runs" / "data"
INTEGERS = (
    "params", "params_non_embedding", "tokens", "compute", "steps", "batch_size",
    "layers", "width", "heads", "context", "seed",
)  # fmt: skip


@pytest.fixture(scope="module")
def description() -> dict:
    return json.loads((DATA / "tiny_lm.json").read_text())


@pytest.fixture(scope="module")
def rows() -> list[dict]:
    table = list(csv.DictReader((DATA / "tiny_lm.csv").read_text().splitlines()))
    return [
        row
        | {name: int(row[name]) for name in INTEGERS}
        | {name: float(row[name]) for name in ("loss", "train_loss", "seconds", "learning_rate")}
        for row in table
    ]


def grid(rows: list[dict]) -> dict[tuple[int, int], float]:
    return {(row["params"], row["tokens"]): row["loss"] for row in rows if row["seed"] == 0}


def test_the_grid_of_sizes_and_budgets_is_complete(rows: list[dict]) -> None:
    first = [(row["params"], row["tokens"]) for row in rows if row["seed"] == 0]
    sizes, budgets = {params for params, _ in first}, {tokens for _, tokens in first}
    assert len(sizes) == len(budgets) == 8
    assert sorted(first) == sorted((params, tokens) for params in sizes for tokens in budgets)
    assert len({row["run"] for row in rows}) == len(rows) >= 60


def test_some_cells_are_repeated_with_other_seeds(rows: list[dict]) -> None:
    repeated = [row for row in rows if row["seed"] != 0]
    cells = {(row["params"], row["tokens"]) for row in repeated}
    assert len(cells) >= 8
    assert cells <= grid(rows).keys()
    assert all(row["loss"] != grid(rows)[row["params"], row["tokens"]] for row in repeated)


def test_losses_lie_between_what_is_possible_and_chance(rows: list[dict]) -> None:
    for row in rows:
        assert 0.5 < row["loss"] < 5.6, row["run"]
        assert 0.5 < row["train_loss"] < 5.6, row["run"]
        assert row["seconds"] > 0


def test_compute_and_params_follow_from_the_shape(rows: list[dict], description: dict) -> None:
    for row in rows:
        layers, width, context = row["layers"], row["width"], row["context"]
        products = layers * (4 * width**2 + 8 * width**2 + 2 * context * width) + 256 * width
        assert row["compute"] == 3 * 2 * products * row["tokens"], row["run"]
        norms = (2 * layers + 1) * width
        assert row["params_non_embedding"] == layers * 12 * width**2 + norms, row["run"]
        assert row["params"] == row["params_non_embedding"] + 256 * width, row["run"]
        assert width % row["heads"] == 0
    formulas = f"{description['flop_formula']}; {description['params_formula']}"
    names = {name: rows[-1][name] for name in ("layers", "width", "context", "tokens")}
    for formula in formulas.split("; ")[:3]:
        name, expression = formula.split(" = ")
        names[name] = eval(expression, {"__builtins__": {}}, names)
        assert names[name] == rows[-1][name]


def test_steps_take_every_token_once_and_the_text_is_long_enough(rows: list[dict], description: dict) -> None:
    for row in rows:
        assert row["steps"] == math.ceil(row["tokens"] / row["batch_size"]), row["run"]
        assert row["batch_size"] % row["context"] == 0
        assert row["tokens"] <= description["corpus"]["train_bytes"]
    assert description["corpus"]["held_out_evaluated_bytes"] >= 2**17


def test_larger_budgets_and_larger_models_reach_lower_losses(rows: list[dict]) -> None:
    """Every size falls along the budgets, and every budget falls from the smallest model to the best of the larger."""
    losses = grid(rows)
    sizes, budgets = sorted({params for params, _ in losses}), sorted({tokens for _, tokens in losses})
    for params in sizes:
        along = [losses[params, tokens] for tokens in budgets]
        assert along[-1] == min(along) < along[0] - 0.5
    for tokens in budgets:
        along = [losses[params, tokens] for params in sizes]
        assert min(along[4:]) < min(along[:2])


def test_seeds_change_the_loss_far_less_than_the_budget_does(rows: list[dict]) -> None:
    losses: dict[tuple[int, int], list[float]] = {}
    for row in rows:
        losses.setdefault((row["params"], row["tokens"]), []).append(row["loss"])
    spreads = [statistics.stdev(values) for values in losses.values() if len(values) > 1]
    assert 0 < statistics.median(spreads) < 0.1


def test_the_description_says_how_to_repeat_the_runs(rows: list[dict], description: dict) -> None:
    assert description["licence"] == "CC0-1.0"
    assert len(description["corpus"]["sha256"]) == 64
    assert description["torch"].startswith("2.13.0")
    assert description["python"]
    assert set(description["units"]) <= rows[0].keys()
