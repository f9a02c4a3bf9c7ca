"""Held parameters are constants everywhere: in values, derivatives, starts and fits."""

from __future__ import annotations

import numpy as np
import pytest

import quantal as ql
from quantal.errors import InputError, LawError
from quantal.laws import get_law, hold
from quantal.laws.verify import verify


def test_a_held_law_is_the_law_at_those_values() -> None:
    whole, part = get_law("m4"), hold(get_law("m4"), E_0=1.0, alpha=0.5)
    x = np.geomspace(1e2, 1e6, 7)
    np.testing.assert_array_equal(
        part.value({"x": x}, np.array([0.1, 20.0, 0.4])), whole.value({"x": x}, np.array([0.1, 1.0, 20.0, 0.4, 0.5]))
    )
    verify(part, ({"x": x}, np.array([0.1, 20.0, 0.4])))
    assert part.name == "m4[E_0=1, alpha=0.5]"
    assert part.starts is not None
    assert part.starts({"x": x}, np.linspace(0.9, 0.3, 7), np.random.default_rng(0), 10).shape == (10, 3)


def test_what_is_held_is_not_fitted() -> None:
    n, d = np.repeat([1e6, 1e7, 1e8, 1e9], 4), np.tile([1e8, 1e9, 1e10, 1e11], 4)
    table = {"params": n, "tokens": d, "loss": 1.7 + 400 * n**-0.34 + 2000 * d**-0.37}
    found = ql.fit(table, hold(get_law("chinchilla"), alpha=0.34, beta=0.37))
    assert list(found.parameters) == ["E", "A", "B"]
    assert found.parameters["B"].value == pytest.approx(2000.0, rel=1e-5)


def test_what_cannot_be_held_is_refused() -> None:
    law = get_law("chinchilla")
    with pytest.raises(LawError, match=r"no parameter 'alfa'. Did you mean 'alpha'"):
        hold(law, alfa=0.3)
    with pytest.raises(InputError, match=r"alpha = -1\.0 lies outside"):
        hold(law, alpha=-1.0)
    with pytest.raises(LawError, match="leave one"):
        hold(law, E=1.0, A=1.0, B=1.0, alpha=0.3, beta=0.3)
