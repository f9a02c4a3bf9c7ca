"""The registry: names, laws in any column, what is tried unasked, and what is loaded when."""

from __future__ import annotations

import contextlib
import pickle
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import quantal as ql
from quantal.errors import DataError, IdentifiabilityError, LawError
from quantal.laws import default_laws, get_law, laws, register

CURVES = ["power", "power_floor", "m1", "m2", "m3", "m4", "shifted_power", "power_cutoff",
          "bnsl1", "bnsl2", "bnsl3", "emergence"]  # fmt: skip


@pytest.mark.parametrize("kind", CURVES)
def test_a_law_of_one_curve_is_a_law_in_any_column(kind: str) -> None:
    generic, named = get_law(kind), get_law(f"{kind}:compute")
    assert (generic.name, named.name) == (kind, f"{kind}:compute")
    assert (generic.input_names, named.input_names) == (("x",), ("compute",))
    theta = np.array([0.3 + 0.1 * i for i in range(len(named.parameters))])
    x = np.array([2.0, 30.0])
    np.testing.assert_array_equal(named.value({"compute": x}, theta), generic.value({"x": x}, theta))
    assert named.needs[0].distinct == len(named.parameters)


def test_the_comparison_tries_no_specialised_law_unasked() -> None:
    default = [law.name for law in default_laws()]
    assert len(default) < len(laws())
    assert {"chinchilla", "kaplan", "power_floor:tokens"} <= set(default)
    assert not {"clark", "farseer", "overtraining", "ladder_loss"} & set(default)
    n, d = np.repeat([1e6, 1e7, 1e8, 1e9], 4), np.tile([1e8, 1e9, 1e10, 1e11], 4)
    table = {"params": n, "tokens": d, "loss": 1.7 + 400 * n**-0.34 + 2000 * d**-0.37}
    assert {row.law for row in ql.compare(table).laws} <= set(default)
    assert ql.compare(table, ["overtraining", "chinchilla"]).laws[0].law == "chinchilla"


def test_the_zoo_is_loaded_only_when_asked_for() -> None:
    script = (
        "import sys\n"
        "from quantal.laws import get_law\n"
        "before = {m for m in sys.modules if m.startswith('quantal.laws.')}\n"
        "get_law('chinchilla'); get_law('power:tokens')\n"
        "assert {m for m in sys.modules if m.startswith('quantal.laws.')} == before\n"
        "assert not {'quantal.laws.curves', 'quantal.laws.broken', 'quantal.laws.schedule'} & before\n"
        "get_law('m3:tokens')\n"
        "assert 'quantal.laws.curves' in sys.modules and 'quantal.laws.broken' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_names_that_are_wrong_or_taken_are_refused_in_plain_words() -> None:
    with pytest.raises(LawError, match="Did you mean 'farseer'"):
        get_law("farser")
    with pytest.raises(LawError, match="name the column that it is a law in, as in m3:params"):
        get_law("m3:")
    with pytest.raises(LawError, match="clark reads params, num_experts and cannot be a law in tokens alone"):
        get_law("clark:tokens")
    with pytest.raises(LawError, match="name the columns of shares"):
        get_law("mixture:")
    with pytest.raises(LawError, match="each once"):
        get_law("observational:pc1,pc1")

    @ql.law(name="m3", source="a test")
    def taken(x, *, A: ql.Positive):
        "L = A / x"
        return A / x

    with pytest.raises(LawError, match="registered already"):
        register(taken)


def test_too_few_points_are_refused() -> None:
    with pytest.raises(IdentifiabilityError, match="takes 3 values"):
        ql.fit({"tokens": [1e6, 1e7, 1e8], "loss": [3.0, 2.5, 2.2]}, "m4:tokens")
    with pytest.raises(DataError, match="needs a column 'num_experts'"):
        ql.fit({"params": [1e6, 1e7, 1e8], "loss": [3.0, 2.5, 2.2]}, "clark")
    with pytest.raises(DataError, match="takes powers of width"):
        ql.fit({"width": [0.0, 1e7, 1e8, 1e9], "loss": [3.0, 2.5, 2.2, 2.1]}, "m1:width")


@settings(max_examples=30, deadline=None)
@given(name=st.text(max_size=20))
def test_any_name_gives_a_law_or_a_law_error(name: str) -> None:
    with contextlib.suppress(LawError):
        assert get_law(name).name


@pytest.mark.parametrize("name", ["chinchilla", "power_floor:width", "quantized_joint", "bnsl1:steps"])
def test_a_law_goes_to_another_process_by_its_name(name: str) -> None:
    law = get_law(name)
    there = pickle.loads(pickle.dumps(law))
    assert (there.name, there.parameter_names, there.formula) == (law.name, law.parameter_names, law.formula)
