"""What speaks against extrapolating a curve: too few points to test a law on, or a loss that rises."""

from __future__ import annotations

import numpy as np

from quantal.fit.doubts import rises
from quantal.forecast.curves import Curve
from quantal.forecast.holdout import FEWEST


def curve_doubts(curve: Curve) -> list[str]:
    """Sentences that name the curve.

    >>> x = np.array([1.0, 2.0, 4.0])
    >>> curve_doubts(Curve("a", "demo", x, 3.0 / x, np.array([8.0])))[0][:60]
    'curve a: its 3 points leave none to test an extrapolation on'
    """
    found = []
    count = len(np.unique(curve.x))
    if count <= FEWEST:
        found.append(
            f"curve {curve.name}: its {count} points leave none to test an extrapolation on, so its laws rest on "
            "priors and its interval on other curves; measure more points"
        )
    rank = rises(curve.x, curve.y)
    if rank is not None:
        found.append(
            f"curve {curve.name}: its loss rises with x (rank correlation {rank:.2f}), and laws of loss fall; if it is an accuracy, "
            "give the error, 1 - accuracy"
        )
    return found
