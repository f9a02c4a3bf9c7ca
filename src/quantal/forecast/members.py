"""What is averaged over on one curve: laws at several steepnesses of weights, and the last value carried on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from quantal.errors import DataError, LawError
from quantal.forecast.penalised import penalised_fit
from quantal.forecast.priors import prior_of
from quantal.forecast.tail_weights import tail_weights
from quantal.laws import Law, get_law
from quantal.laws.law import Floats

LAWS = ("m2", "m3", "m4", "shifted_power", "bnsl1")
STEEPNESSES = (1.0, 2.0, 6.0)
LAST = "last"
LAST_SHARE = 0.07
"""What the last value carried on weighs before anything is known: extrapolated changes come out a little too large."""


class Member(NamedTuple):
    """A law of one curve (or its name) with the steepness of its weights; without a law, the last value carried on."""

    law: str | Law | None
    steepness: float = 0.0

    @property
    def name(self) -> str:
        return LAST if self.law is None else self.law if isinstance(self.law, str) else self.law.name


def title_of(name: str) -> str:
    """A member's name in words.

    >>> title_of("m2"), title_of(LAST)
    ('M2, power law with a floor', 'the last value carried on')
    """
    return "the last value carried on" if name == LAST else get_law(name).title or name


class Predictions(NamedTuple):
    """What K members say of m points beyond a curve's end.

    ``logs`` and ``variances`` (K, m) are of the logarithm of the loss, ``scatters`` (K,) the scatter of each member's own
    residuals, ``last`` the logarithm of the last loss fitted and ``decades`` (m,) how far beyond it each point lies.
    """

    logs: Floats
    variances: Floats
    scatters: Floats
    last: float
    decades: Floats


def usual_members(laws: Sequence[str | Law] = LAWS) -> tuple[Member, ...]:
    """Each law at every steepness, and the last value carried on.

    Raises:
        LawError: a law reads more than one input.

    >>> len(usual_members()), usual_members(["m2"])[0].name
    (16, 'm2')
    """
    chosen = [one for one in laws if one != LAST]
    for law in map(get_law, chosen):
        if len(law.input_names) != 1:
            raise LawError(
                f"{law.name} reads {', '.join(law.input_names)}: a curve has one input; take a law of one, such as m2, m4 or bnsl1"
            )
    return (*(Member(law, steepness) for law in chosen for steepness in STEEPNESSES), Member(None))


def first_shares(members: Sequence[Member]) -> Floats:
    """Weights (K,) before any score is known: equal ones, and `LAST_SHARE` for the last value carried on.

    >>> float(first_shares(usual_members()).sum().round(12))
    1.0
    """
    fitted = sum(one.law is not None for one in members)
    if fitted == 0 or fitted == len(members):
        return np.full(len(members), 1.0 / len(members))
    return np.array([LAST_SHARE if one.law is None else (1.0 - LAST_SHARE) / fitted for one in members])


def predict(members: Sequence[Member], x: Floats, y: Floats, at: Floats, seed: int = 0) -> Predictions:
    """Fit every member to a sorted curve x, y (n,) and predict at ``at`` (m,).

    A law that cannot be fitted says what the last value carried on says.

    Raises:
        DataError: the curve has no point.
    """
    if not len(x):
        raise DataError("a curve without points cannot be extrapolated; give at least three")
    end, last = float(x[-1]), float(np.log(y[-1]))
    logs = np.full((len(members), len(at)), last)
    variances = np.zeros(logs.shape)
    scatters = np.zeros(len(members))
    for k, (one, steepness) in enumerate(members):
        if one is None:
            continue
        law = get_law(one)
        name, weights = law.input_names[0], tail_weights(x, steepness)
        fitted = penalised_fit(law, {name: x / end}, y / y[-1], weights.weights, weights.effective, prior_of(law), seed)
        if fitted is None:
            continue
        value, variance = fitted.log_value({name: at / end})
        if np.isfinite(value).all() and np.isfinite(variance).all():
            logs[k], variances[k], scatters[k] = last + value, variance, fitted.scatter
    return Predictions(logs, variances, scatters, last, np.log10(at / end))
