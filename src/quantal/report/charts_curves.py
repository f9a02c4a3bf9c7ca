"""Charts of token curves: the mean loss taken apart into the kinds of tokens."""

from __future__ import annotations

from quantal.discover import TokenCurves
from quantal.report.chart import Axis, Chart, Series
from quantal.report.words import number, size

_KINDS = {
    "monogenic": ("one drop", "blue"),
    "polygenic": ("gradual", "green"),
    "inverse": ("rising", "orange"),
    "flat": ("flat", "muted"),
}


def mean_taken_apart(found: TokenCurves) -> Chart:
    """The mean loss at each scale, and what the tokens of each kind add to it; the parts sum to the mean."""
    scales, means, _ = found.by_scale()
    parts, counts, slopes = found.parts(), found.shapes().counts(), found.slopes()
    total = len(found.loss)
    rows = [("all tokens", "ink", means.mean(0))]
    rows += [
        (f"{name} ({100 * counts[kind] / total:.0f} % of tokens)", colour, parts[kind])
        for kind, (name, colour) in _KINDS.items()
        if counts[kind]
    ]
    series = tuple(
        Series(
            "line",
            scales,
            values,
            name,
            colour,
            hover={"scale": tuple(map(size, scales)), "loss": tuple(map(number, values))},
        )
        for name, colour, values in rows
    )
    mass, mean = slopes["mass"], slopes["mean"]
    agree = (
        ""
        if mass is None or mean is None
        else f" Exponents: {mass:.2f} from single drops, {mean:.2f} from the mean loss; they agree where the loss falls in single drops."
    )
    return Chart(
        "token-curves",
        "The mean loss, taken apart",
        f"{total:,} tokens in {len(found.models)} models; the parts sum to the mean.{agree}",
        Axis("scale", log=True),
        Axis("share of the mean loss", "nats"),
        series,
        alt=f"Mean loss over {len(scales)} scales, and what each kind of token adds to it.",
    )
