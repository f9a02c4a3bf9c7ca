"""Filters: the parser against Python's own evaluation of the same conditions, and its messages."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantal.errors import InputError
from quantal.runs.where import select

N = 12
NUMBERS = np.array([0, 1, 2, 3, 5e7, 7e7, 1e8, 1e9, 7e9, 1.4e12, -2.5, np.nan])
TABLE = {
    "params": NUMBERS,
    "eval/loss": NUMBERS[::-1].copy(),
    "flag": np.arange(N) % 2.0,
    "dataset": np.array(["c4", "pile", "c4 en", ""] * 3, dtype=object),
    "done": np.array(["true", "False", "TRUE", "false"] * 3, dtype=object),
}

LITERALS = {"0": 0.0, "70M": 7e7, "1e8": 1e8, "7B": 7e9, "-2.5": -2.5, "1_000": 1e3, "+3": 3.0, ".5": 0.5}
NAMES = {"params": "params", "`params`": "params", "eval/loss": "eval/loss", "`eval/loss`": "eval/loss"}
SIGNS = ["==", "!=", "<", "<=", ">", ">="]


@st.composite
def comparisons(draw: st.DrawFn) -> tuple[str, str]:
    """A comparison in our words, and in Python's with the table as ``t``."""
    kind = draw(st.sampled_from(["number", "chain", "in", "text", "truth", "bare"]))
    name = draw(st.sampled_from(sorted(NAMES)))
    column = f"t[{NAMES[name]!r}]"
    if kind == "text":
        text, sign, quote = draw(st.sampled_from(["c4", "c4 en", ""])), draw(st.sampled_from(SIGNS[:2])), '"'
        return f"dataset {sign} {quote}{text}{quote}", f"t['dataset'] {sign} {text!r}"
    if kind == "truth":
        word = draw(st.sampled_from(["true", "false"]))
        return f"done == {word}", f"(t['done'].lower() == 'true') == {word.title()}"
    if kind == "bare":
        return "flag", "t['flag'] == 1"
    one, two = draw(st.sampled_from(sorted(LITERALS))), draw(st.sampled_from(sorted(LITERALS)))
    if kind == "in":
        negate = draw(st.sampled_from(["", "not "]))
        return f"{name} {negate}in [{one}, {two}]", f"({column} {negate}in ({LITERALS[one]}, {LITERALS[two]}))"
    first, second = draw(st.sampled_from(SIGNS)), draw(st.sampled_from(SIGNS))
    if kind == "chain":
        return f"{one}{first}{name} {second} {two}", f"({LITERALS[one]} {first} {column} {second} {LITERALS[two]})"
    return f"{name} {first} {one}", f"({column} {first} {LITERALS[one]})"


def combined(children: st.SearchStrategy[tuple[str, str]]) -> st.SearchStrategy[tuple[str, str]]:
    pairs = st.tuples(children, st.sampled_from(["and", "or"]), children)
    return st.one_of(
        pairs.map(lambda p: (f"{p[0][0]} {p[1]} {p[2][0]}", f"{p[0][1]} {p[1]} {p[2][1]}")),
        children.map(lambda c: (f"({c[0]})", f"({c[1]})")),
        children.map(lambda c: (f"not ({c[0]})", f"(not ({c[1]}))")),
    )


@settings(max_examples=300, deadline=None)
@given(st.recursive(comparisons(), combined, max_leaves=8))
def test_agrees_with_python(expressions: tuple[str, str]) -> None:
    ours, python = expressions
    expected = [bool(eval(python, {"t": {name: TABLE[name][row] for name in TABLE}})) for row in range(N)]
    assert select(ours, TABLE).tolist() == expected


def test_columns_against_each_other() -> None:
    assert select("params < eval/loss", TABLE).tolist() == (NUMBERS[::-1] > NUMBERS).tolist()


def test_aliases_are_further_names() -> None:
    assert select("N > 1e8", TABLE, {"N": "params"}).tolist() == (NUMBERS > 1e8).tolist()


@pytest.mark.parametrize(
    ("expression", "at", "says"),
    [
        ("", 0, "the filter is empty"),
        ("parms > 1", 0, "Did you mean 'params'?"),
        ("params > 1 and", 14, "the end stands where"),
        ("params = 1", 7, "write '=='"),
        ("params > 1 & flag", 11, "write 'and'"),
        ("(params > 1", 11, "the end stands where ')' was expected"),
        ("params > 1)", 10, "')' stands where"),
        ("dataset == c4", 11, 'Text stands in quotes: "c4"'),
        ("dataset == 'c4", 11, "never closed"),
        ("dataset == 4", 11, 'write "4" in quotes'),
        ("dataset < 'c4'", 8, "text can only be compared by"),
        ("params > 7X", 9, "'7X' is no number"),
        ("params", 0, "neither true nor false"),
        ("params in 3", 10, "'3' stands where '[' was expected"),
        ("params in []", 11, "stands where a number or a text"),
        ("params > 1e999", 9, "outside what a float64 holds"),
        ("params @ 3", 7, "'@' has no meaning here"),
        ("flag > true", 5, "only be compared by == and !="),
        ("params > 1 params > 2", 11, "'and', 'or' or the end was expected"),
        ("(" * 60 + "flag" + ")" * 60, 50, "inside one another"),
    ],
)
def test_errors_point_at_the_place(expression: str, at: int, says: str) -> None:
    with pytest.raises(InputError) as caught:
        select(expression, TABLE)
    message, shown, caret = str(caught.value).split("\n")
    assert says in message
    assert shown == f"  {expression}"
    assert caret == " " * (at + 2) + "^"


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=30) | st.text("params<>=!&|()[],'\"`0123456789.eEMnotandr ", max_size=30))
def test_any_text_gives_a_mask_or_a_message(text: str) -> None:
    try:
        mask = select(text, TABLE)
    except InputError:
        return
    assert mask.shape == (N,)
    assert mask.dtype == bool


@pytest.mark.parametrize("attack", ["__import__('os').system('true')", "params.__class__ == 1", "(lambda: 1)()"])
def test_nothing_is_evaluated(attack: str) -> None:
    with pytest.raises(InputError):
        select(attack, TABLE)
