"""Charts of counts and of the theory hold what they show."""

from __future__ import annotations

import numpy as np
import pytest

import quantal as ql
from quantal.report.charts_frequencies import counts_distribution, frequencies_by_rank


@pytest.fixture(scope="module")
def fitted() -> ql.FrequencyFit:
    return ql.fit_frequencies(np.unique(ql.Zipf(0.5).sample(20_000, seed=1), return_counts=True)[1])


def test_counts_by_rank(fitted: ql.FrequencyFit) -> None:
    chart = ql.plot(fitted)
    assert chart.to_dict() == frequencies_by_rank(fitted).to_dict()
    lines = {one.name: one for one in chart.series}
    zipf = lines["zipf"]
    assert zipf.y[0] == pytest.approx(fitted.counts.values[-1], rel=0.1)
    assert zipf.x[-1] == fitted.rank_frequency.last_rank
    assert lines["counted"].y[0] == fitted.counts.values[-1]


def test_distribution_of_counts(fitted: ql.FrequencyFit) -> None:
    chart = counts_distribution(fitted)
    seen, law = chart.series
    power = fitted.power_law
    assert power is not None
    assert seen.y[0] == 1.0
    assert law.x[0] >= power.xmin
    at = np.searchsorted(seen.x, law.x)
    assert np.max(np.abs(law.y - seen.y[at])) <= power.ks * power.n_tail / fitted.counts.size + 1e-9


def test_a_model_is_drawn_with_its_loss() -> None:
    chart = ql.plot(ql.QuantaModel(ql.Zipf(0.5), 1.7, 9.0))
    exact = chart.series[0]
    assert exact.y[0] == pytest.approx(7.3 * float(ql.Zipf(0.5).tail(exact.x[0])))
