"""Charts of what loss curves and counts say about quanta: recovered frequencies, the duality, and a corpus's forecast."""

from __future__ import annotations

import numpy as np

from quantal.report.chart import Axis, Chart, Series
from quantal.report.words import number, size
from quantal.spectrum import CorpusForecast, DualityTest, RecoveredFrequencies

_LARGEST_BAND = 1e4
_REGIMES = (
    ("exact", "blue", "exact"),
    ("good-toulmin", "green", "Good-Toulmin"),
    ("parametric", "orange", "fitted law"),
)


def recovered_spectrum(found: RecoveredFrequencies) -> Chart:
    """Frequency against rank as a loss curve tells them, with the 95 % interval of the noise."""
    low = np.maximum(found.low, found.frequency / _LARGEST_BAND)
    hover = {"rank": tuple(map(size, found.rank)), "frequency": tuple(number(one) for one in found.frequency)}
    gamma = found.gamma
    ends = gamma.interval()
    slope = "" if gamma.value is None else f" Its slope is that of gamma = {number(gamma.value)}"
    slope += f" ({number(ends[0])} to {number(ends[1])})." if slope and ends else "." if slope else ""
    return Chart(
        "recovered-frequencies",
        "Frequencies recovered from a loss curve",
        f"By {found.method}, in {found.units}; details finer than {found.resolution:.2g} decades mean nothing.{slope}",
        Axis("rank", log=True),
        Axis("frequency", log=True),
        (
            Series("band", found.rank, found.frequency, "95 % of the noise", "blue", low=low, high=found.high),
            Series("line", found.rank, found.frequency, "recovered", "blue", hover=hover),
        ),
        alt=f"Frequency against rank over {len(found.rank)} ranks, both logarithmic.",
    )


def duality_product(found: DualityTest) -> Chart:
    """D(l) (-dL/dN)(N(l)) over its mean, level by level, and the band that smooth learning allows."""
    levels = found.levels
    half = np.sqrt(1.7)
    return Chart(
        "duality",
        "The duality of size and data",
        f"Under any frequencies of quanta the product is one constant; {found.verdict}.",
        Axis("loss", "nats"),
        Axis("product over its mean", log=True),
        (
            Series("band", levels, np.ones_like(levels), "a factor 1.7", "faint", low=np.full_like(levels, 1 / half),
                   high=np.full_like(levels, half)),
            Series("band", levels, found.product, "95 % of the noise", "blue",
                   low=np.maximum(found.low, found.product / _LARGEST_BAND),
                   high=np.minimum(found.high, found.product * _LARGEST_BAND)),
            Series("line", levels, found.product, "measured", "blue"),
        ),
        alt=f"The product at {len(levels)} losses, from {number(found.product[0])} to {number(found.product[-1])} times its mean.",
    )  # fmt: skip


def corpus_curve(found: CorpusForecast) -> Chart:
    """The loss against samples from counts alone, one colour for each way it was found."""
    order = np.argsort(found.samples)
    x, y, error = found.samples[order], found.loss[order], found.error[order]
    regimes = np.array(found.regimes)[order]
    series = [
        Series(
            "band", x, y, "one standard error", "faint", low=np.maximum(y - error, y / _LARGEST_BAND), high=y + error
        )
    ]
    for regime, colour, name in _REGIMES:
        here = regimes == regime
        if here.any():
            hover = {"samples": tuple(map(size, x[here])), "loss": tuple(number(one) for one in y[here])}
            series.append(Series("points", x[here], y[here], name, colour, hover=hover))
    return Chart(
        "corpus-forecast",
        "The loss that counts foretell",
        f"A corpus of {size(found.total)} samples; unbiased up to it, continued to {size(found.reach)}, then by {found.law}.",
        Axis("samples", log=True),
        Axis("loss", "nats", log=True),
        tuple(series),
        alt=f"The loss falls from {number(y[0])} to {number(y[-1])} nats.",
    )
