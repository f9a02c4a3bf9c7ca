"""Shares of domains and vocabularies."""

from __future__ import annotations

import numpy as np
import pytest

import quantal as ql
from quantal.errors import DataError, IdentifiabilityError
from quantal.laws import get_law


def test_a_mixture_takes_shares_of_zero_and_its_published_form() -> None:
    shares = np.array([0.0, 0.2, 0.5, 0.9])
    got = get_law("mixture:web").value({"web": shares}, np.array([2.0, 0.5, -1.3]))
    np.testing.assert_allclose(got, 2.0 + 0.5 * np.exp(-1.3 * shares))
    rng = np.random.default_rng(1)
    web, code = np.append(rng.dirichlet((1, 1, 1), 30)[:, 0], 0.0), np.append(rng.dirichlet((1, 1, 1), 30)[:, 1], 0.5)
    loss = 2.0 + 0.5 * np.exp(-1.3 * web + 0.4 * code)
    found = ql.fit({"web": web, "code": code, "loss": loss}, "mixture:web,code")
    assert found.parameters["t1"].value == pytest.approx(-1.3, rel=1e-3)


def test_shares_that_do_not_vary_or_are_no_numbers_are_refused() -> None:
    with pytest.raises(IdentifiabilityError, match="web takes 1 value"):
        ql.fit({"web": np.full(6, 0.5), "loss": np.linspace(3, 2, 6)}, "mixture:web")
    with pytest.raises(DataError):
        ql.fit({"web": [0.1, np.nan, 0.3, 0.4, 0.5], "loss": [3.0, 2.9, 2.8, 2.7, 2.6]}, "mixture:web")


def test_the_vocabulary_law_adds_its_terms_below_zero() -> None:
    p = {"E": 6.0, "A1": 30.0, "A2": 5.0, "B": 100.0, "alpha1": 0.2, "alpha2": 0.15, "beta": 0.25}
    got = float(get_law("vocabulary")(params_non_vocab=1e9, params_vocab=1e8, tokens=1e11, **p))
    assert got == pytest.approx(-6.0 + 30 * 1e9**-0.2 + 5 * 1e8**-0.15 + 100 * 1e11**-0.25, rel=1e-12)
    assert got < 0
