"""Best learning rate and batch size."""

from __future__ import annotations

import pytest

from quantal.laws import get_law


def test_the_published_step_law() -> None:
    """Li et al. 2025 (arXiv 2503.04715): eta = 1.79 N^-0.713 D^0.307, B = 0.58 D^0.571 tokens."""
    rate, batch = get_law("step_learning_rate"), get_law("step_batch_size")
    at = rate(params=1e9, tokens=1e11, **rate.published["Li et al. 2025"])
    assert float(at) == pytest.approx(1.79 * 1e9**-0.713 * 1e11**0.307)
    assert float(batch(tokens=1e11, **batch.published["Li et al. 2025"])) == pytest.approx(0.58 * 1e11**0.571)
