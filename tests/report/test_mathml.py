"""LaTeX of formulas to MathML."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantal.laws import laws
from quantal.report import mathml


def shape(latex: str, **values: str) -> str:
    """The MathML without its outer element and attributes, as nested names and texts."""

    def told(node: ElementTree.Element) -> str:
        if len(node):
            return f"{node.tag}({' '.join(told(child) for child in node)})"
        return node.text or node.tag

    return " ".join(told(child) for child in ElementTree.fromstring(mathml(latex, values)))


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        ("E", "E"),
        (r"\frac{A}{N^\alpha}", "mfrac(A msup(N α))"),
        (r"x^{-c}", "msup(x mrow(− c))"),
        (r"N_c", "msub(N c)"),
        (r"x_1^2", "msubsup(x 1 2)"),
        (r"x^2_1", "msubsup(x 1 2)"),
        (r"\left(\frac{N_c}{N}\right)^{\alpha_N}", "msup(mrow(( mfrac(msub(N c) N) )) msub(α N))"),
        (r"\max\left(a, b\right)", "mrow(max mrow(( a , b )))"),
        (r"\sqrt{x}", "msqrt(x)"),
        (r"\sum_{k}^K p_k", "mrow(munderover(∑ k K) msub(p k))"),
        (r"\sum_k x", "mrow(munder(∑ k) x)"),
        (r"1 + (x)^alpha", "mrow(1 + msup(mrow(( x )) α))"),
        (r"\text{two words}", "two words"),
        (r"\unknown", "unknown"),
        (r"10.5 x", "mrow(10.5 x)"),
        (r"\hat E_s", "msub(mover(E ^) s)"),
        (r"x \in \{a\}", "mrow(x ∈ { a })"),
    ],
)
def test_formula_becomes_the_tree_that_it_means(latex: str, expected: str) -> None:
    assert shape(latex) == expected


def test_values_replace_the_parameters_that_they_name() -> None:
    assert shape(r"E + \alpha_N N_c \beta", E="1.7", alpha_N="0.3", N_c="9", beta="2") == "mrow(1.7 + 0.3 9 2)"
    assert shape(r"\frac{A}{N^\alpha}", A="478", alpha="0.35") == "mfrac(478 msup(N 0.35))"


@pytest.mark.parametrize("law", laws(), ids=lambda law: law.name)
def test_every_registered_formula_is_well_formed_and_known(law: object) -> None:
    formula = law.formula  # type: ignore[attr-defined]
    tree = ElementTree.fromstring(mathml(formula))
    unknown = [node.text for node in tree.iter("mtext") if f"\\{node.text}" in formula]
    assert unknown == []


@given(st.text(alphabet="abN\\frac{}^_()[]<>&\"'|+-1 leftright.", max_size=40))
@settings(max_examples=300, deadline=None)
def test_any_text_gives_well_formed_markup(latex: str) -> None:
    ElementTree.fromstring(mathml(latex))


def test_signs_of_html_are_escaped() -> None:
    assert "<script" not in mathml("<script>alert(1)</script>")
