"""Claims on language models that are trained for them."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.extras, pytest.mark.slow]


def test_claims_on_text() -> None:
    from quantal.reproduce.discovery_text import text_claims

    agreement, sizes, stable = text_claims()
    assert agreement.measured is not None
    assert agreement.standard_error is not None
    assert sizes.measured is not None
    assert stable.verdict == "holds"
    assert stable.predicted["the trained model's"] >= 3
