"""Every registered law: derivatives against mpmath, special cases of the nested family, errors, composition."""

from __future__ import annotations

import math
from typing import Annotated

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import quantal as ql
from quantal.errors import InputError, LawError
from quantal.laws import Bounds, Jet, Law, get_law, laws, lift, register
from quantal.laws.jet import value_of

M = mp.mpf
EXACT = {
    "chinchilla": lambda n, d, E, A, B, a, b: E + A * n**-a + B * d**-b,
    "kappa": lambda n, d, E, A, B, a, b, k: E + ((A * n**-a) ** k + (B * d**-b) ** k) ** (1 / k),
    "bottleneck": lambda n, d, E, A, B, a, b: E + max(A * n**-a, B * d**-b),
    "kaplan": lambda n, d, Nc, Dc, a, b: ((Nc / n) ** (a / b) + Dc / d) ** b,
    "kaplan_steps": lambda n, s, Nc, Sc, a, b: (Nc / n) ** a + (Sc / s) ** b,
    "quanta": lambda n, d, E, A, B, g: E + A * n**-g + B * d ** (-g / (g + 1)),
    "quanta_kappa": lambda n, d, E, A, B, g, k: E + ((A * n**-g) ** k + (B * d ** (-g / (g + 1))) ** k) ** (1 / k),
    "quanta_bottleneck": lambda n, d, E, A, B, g: E + max(A * n**-g, B * d ** (-g / (g + 1))),
}
POINTS = {
    "chinchilla": (1.7, 480.0, 2100.0, 0.35, 0.37),
    "kappa": (1.75, 400.0, 1200.0, 0.33, 0.333, 1.3),
    "bottleneck": (1.3, 80.0, 110.0, 0.21, 0.19),
    "kaplan": (8.8e12, 3e13, 0.09, 0.11),
    "kaplan_steps": (8.8e12, 2.1e3, 0.077, 0.76),
    "quanta": (1.77, 1400.0, 470.0, 0.41),
    "quanta_kappa": (1.7, 970.0, 380.0, 0.38, 1.3),
    "quanta_bottleneck": (1.2, 70.0, 61.0, 0.2),
}


@pytest.mark.parametrize("name", EXACT)
@settings(max_examples=8, deadline=None)
@given(x=st.floats(6, 12), y=st.floats(8, 13))
def test_value_gradient_and_hessian_against_mpmath(name: str, x: float, y: float) -> None:
    law, point, exact = get_law(name), POINTS[name], EXACT[name]
    first, second = 10.0**x, 10.0**y
    inputs = dict(zip(law.input_names, (np.array([first]), np.array([second])), strict=True))
    theta = np.array(point)
    with mp.workdps(40):
        terms = [M(first), M(second)]
        assert law.value(inputs, theta)[0] == pytest.approx(float(exact(*terms, *map(M, point))), rel=1e-13)
        gradient, hessian = law.gradient(inputs, theta)[0], law.hessian(inputs, theta)[0]
        for i in range(len(point)):
            order = tuple(int(k == i) for k in range(len(point)))
            want = float(mp.diff(lambda *p: exact(*terms, *p), point, order))
            assert gradient[i] == pytest.approx(want, rel=1e-9, abs=1e-300)
            for j in range(i, len(point)):
                order = tuple(int(k == i) + int(k == j) for k in range(len(point)))
                want = float(mp.diff(lambda *p: exact(*terms, *p), point, order))
                scale = abs(float(exact(*terms, *map(M, point)))) / abs(point[i] * point[j])
                assert hessian[i, j] == pytest.approx(want, rel=1e-7, abs=1e-9 * scale)


def test_the_nested_family_holds_its_special_cases() -> None:
    n, d = np.geomspace(1e6, 1e11, 7), np.geomspace(1e12, 1e8, 7)
    inputs, theta = {"params": n, "tokens": d}, np.array([1.7, 400.0, 900.0, 0.33, 0.3])
    nested = get_law("kappa")
    np.testing.assert_allclose(
        nested.value(inputs, np.append(theta, 1.0)), get_law("chinchilla").value(inputs, theta), rtol=1e-14
    )
    np.testing.assert_allclose(
        nested.value(inputs, np.append(theta, 1e6)), get_law("bottleneck").value(inputs, theta), rtol=1e-6
    )
    a, b = 0.08, 0.1
    kaplan = get_law("kaplan").value(inputs, np.array([1e13, 2e13, a, b]))
    as_nested = np.array([0.0, 1e13**a, 2e13**b, a, b, 1 / b])
    np.testing.assert_allclose(nested.value(inputs, as_nested), kaplan, rtol=1e-12)
    g = 0.4
    tied = np.array([1.7, 400.0, 900.0, g, g / (g + 1)])
    np.testing.assert_allclose(
        get_law("quanta").value(inputs, np.array([1.7, 400.0, 900.0, g])), get_law("chinchilla").value(inputs, tied)
    )


def test_kaplan_gives_the_papers_loss_at_its_scale() -> None:
    """Kaplan et al. 2020, table 2 and eq. 1.5: at N = N_c without data limit, the loss is one nat."""
    law = get_law("kaplan")
    assert float(law(params=6.4e13, tokens=1e30, **law.published["Kaplan et al. 2020"])) == pytest.approx(1.0, rel=1e-9)


@pytest.mark.parametrize("law", laws(), ids=lambda one: one.name)
def test_every_law_says_what_it_is(law: Law) -> None:
    assert "=" in law.formula
    assert law.source
    assert law.title
    assert law.needs
    assert all(parameter.meaning for parameter in law.parameters), law.parameters
    assert law.to_dict()["parameters"][0]["name"] == law.parameter_names[0]
    for values in law.published.values():
        assert set(values) == set(law.parameter_names)


@pytest.mark.parametrize(
    ("name", "linear"),
    [("chinchilla", "E A B"), ("quanta", "E A B"), ("kappa", "E"), ("power_floor:params", "E A"), ("kaplan", "")],
)
def test_linear_parameters_are_read_off_the_second_derivatives(name: str, linear: str) -> None:
    law = get_law(name)
    assert [law.parameter_names[i] for i in law.linear_parameters()] == linear.split()


def test_a_wrong_name_suggests_the_nearest() -> None:
    with pytest.raises(LawError, match="Did you mean 'chinchilla'"):
        get_law("chinchila")
    with pytest.raises(InputError, match="Did you mean 'params'"):
        get_law("chinchilla")(param=1e9)
    with pytest.raises(InputError, match="chinchilla needs tokens"):
        get_law("chinchilla")(params=1e9)
    with pytest.raises(InputError, match=r"E = -1\.0 lies outside"):
        get_law("power_floor:x")(x=2.0, E=-1.0, A=1.0, alpha=0.5)


def test_a_law_of_ones_own_works_and_is_checked() -> None:
    @ql.law(source="a test")
    def mine(tokens, *, E: ql.Positive, A: ql.Positive, c: Annotated[float, Bounds(1.0, 3.0)], f: ql.Fraction):
        """L = E + A D^-c f

        c: a bounded exponent [none]
        """
        return E + A * tokens**-c * f

    assert mine.parameters[2].meaning == "a bounded exponent"
    assert mine.parameters[2].unit == "none"
    assert float(mine(tokens=2.0, E=1.0, A=4.0, c=2.0, f=0.5)) == 1.5

    with pytest.raises(LawError, match="no domain"):

        @ql.law
        def unnamed(tokens, *, E):
            return E / tokens

    with pytest.raises(LawError, match="takes columns by position"):

        @ql.law
        def bare(tokens):
            return tokens

    with pytest.raises(LawError, match="does not depend on its parameter 'B'"):

        @ql.law
        def lazy(tokens, *, A: ql.Positive, B: ql.Positive):
            return A / tokens

    with pytest.raises(LawError, match="cannot be differentiated"):

        @ql.law
        def scalar(tokens, *, A: ql.Positive):
            return math.exp(A) * tokens


def test_derivatives_that_differ_are_refused() -> None:
    with pytest.raises(LawError, match="derivative by A differs"):

        @ql.law
        def crooked(tokens, *, A: ql.Positive):
            if not isinstance(A, Jet):
                return A * tokens
            return lift(value_of(A) * tokens, (A,), (2.0 * tokens,), {})


def test_names_cannot_be_taken_twice() -> None:
    with pytest.raises(LawError, match="registered already"):
        register(Law(name="chinchilla", function=lambda x: x, inputs=(), parameters=()))


def test_laws_compose_loss_then_accuracy() -> None:
    @ql.law(target=ql.Target("accuracy", "share", positive=True), source="Bhagia et al. 2024, step 2")
    def ladder(loss, *, low: ql.Fraction, steep: ql.Positive, middle: ql.Positive):
        "accuracy = low + (1 - low) / (1 + e^{steep (loss - middle)})"
        return low + (1 - low) / (1 + np.exp(steep * (loss - middle)))

    both = get_law("chinchilla").then(ladder)
    assert both.input_names == ("params", "tokens")
    assert both.target.name == "accuracy"
    point = {"params": 1e9, "tokens": 2e10, "E": 1.7, "A": 400.0, "B": 900.0, "alpha": 0.34, "beta": 0.3}
    loss = get_law("chinchilla")(**point)
    assert float(both(**point, low=0.25, steep=5.0, middle=2.5)) == pytest.approx(
        float(ladder(loss=loss, low=0.25, steep=5.0, middle=2.5))
    )
    inputs, theta = (
        {"params": np.array([1e9]), "tokens": np.array([2e10])},
        np.array([1.7, 400, 900, 0.34, 0.3, 0.25, 5, 2.5]),
    )
    step = 1e-6
    up, down = theta.copy(), theta.copy()
    up[3] += step
    down[3] -= step
    slope = (both.value(inputs, up) - both.value(inputs, down))[0] / (2 * step)
    assert both.gradient(inputs, theta)[0, 3] == pytest.approx(slope, rel=1e-6)
    with pytest.raises(LawError, match="cannot follow"):
        ladder.then(ladder)


@settings(max_examples=40, deadline=None)
@given(value=st.floats(1e-6, 1e6), low=st.floats(-5, 5), width=st.floats(0.1, 10))
def test_free_coordinates_come_back(value: float, low: float, width: float) -> None:
    half = Bounds(low)
    assert float(half.natural(half.free(low + value))) == pytest.approx(low + value, rel=1e-9, abs=1e-9)
    both = Bounds(low, low + width)
    inside = low + width * (value % 1.0 * 0.98 + 0.01)
    assert float(both.natural(both.free(inside))) == pytest.approx(inside, rel=1e-9, abs=1e-9)
    slope, _ = both.slopes(np.float64(inside))
    u = both.free(inside)
    assert float(slope) == pytest.approx(
        float(both.natural(u + 1e-6) - both.natural(u - 1e-6)) / 2e-6, rel=1e-4, abs=1e-9
    )
