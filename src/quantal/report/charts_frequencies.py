"""Charts of counts and the laws fitted to them: frequency by rank, and the distribution of counts."""

from __future__ import annotations

import numpy as np

from quantal.report.chart import Axis, Chart, Series
from quantal.report.words import number, size
from quantal.theory import FrequencyFit, Mandelbrot

_POINTS = 300
_SHOWN = (("blue", ""), ("orange", "dash"), ("green", "dot"))


def frequencies_by_rank(fit: FrequencyFit) -> Chart:
    """Counts against rank with the laws: the best, Zipf's, and the geometric law, drawn over the ranks they were fitted to."""
    values, items = fit.counts.values[::-1].astype(float), fit.counts.items[::-1]
    ends = np.cumsum(items)
    seen = np.unique(np.floor(np.geomspace(1, ends[-1], _POINTS)))
    counts = values[np.searchsorted(ends, seen)]
    hover = {"rank": tuple(size(x) for x in seen), "count": tuple(size(y) for y in counts)}
    last = fit.rank_frequency.last_rank
    ranks = np.unique(np.floor(np.geomspace(1, last, _POINTS)))
    names = dict.fromkeys([fit.laws[0].name, "zipf", "geometric"])
    series = [Series("points", seen, counts, "counted", "faint", size=5.0, hover=hover)]
    for name, (colour, style) in zip(names, _SHOWN, strict=False):
        law = fit.law(name)
        share = law.pmf(ranks) / (1.0 - float(law.tail(float(last))))
        expected = fit.rank_frequency.samples * share
        shown = expected > 0.3
        series.append(Series("line", ranks[shown], expected[shown], name, colour, style))
    rank = fit.rank_frequency
    return Chart(
        "frequencies-by-rank",
        "Counts by rank",
        f"Laws fitted to ranks 1 to {last:,}; Zipf's gamma is {number(rank.gamma)} ± {number(rank.standard_error, 2)}. "
        f"Least AIC: {fit.laws[0].name}.",
        Axis("rank", log=True),
        Axis("count", log=True),
        tuple(series),
        alt=f"Counts of {fit.counts.size} items by rank, with the laws {', '.join(names)}.",
    )


def counts_distribution(fit: FrequencyFit) -> Chart:
    """The share of items with at least so many counts, and the power law above xmin where there is one."""
    values, items = fit.counts.values.astype(float), fit.counts.items
    at_least = np.cumsum(items[::-1])[::-1] / items.sum()
    keep = np.unique(np.geomspace(1, values.size, _POINTS).astype(int)) - 1
    x, y = values[keep], at_least[keep]
    hover = {"count": tuple(size(one) for one in x), "share": tuple(number(one) for one in y)}
    series = [Series("points", x, y, "counted", "faint", size=5.0, hover=hover)]
    caption = "The share of items counted at least so often."
    power = fit.power_law
    if power is not None:
        above = x[x >= power.xmin]
        beyond = Mandelbrot(power.alpha - 1.0, power.xmin - 1.0).tail(above - power.xmin)
        law = beyond * power.n_tail / fit.counts.size
        series.append(Series("line", above, law, "power law", "orange"))
        chance = "" if power.p_value is None else f", p = {number(power.p_value, 2)}"
        caption += f" Power law from {power.xmin:,} on: alpha {number(power.alpha)}{chance}."
    return Chart(
        "counts-distribution",
        "How often items are counted",
        caption,
        Axis("count", log=True),
        Axis("share of items with at least as many", log=True),
        tuple(series),
        alt=f"Distribution of the counts of {fit.counts.size} items. {caption}",
    )
