"""Errors and warnings: what was given, why it cannot be, what to write instead."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class QuantalError(Exception):
    """Base of every error that quantal raises on purpose."""


class InputError(QuantalError, ValueError):
    """An argument lies outside what it may be; the message names the allowed range."""


class DataError(QuantalError, ValueError):
    """A table or file holds something that is no measurement; the message names row, column and value."""


class LawError(QuantalError, ValueError):
    """A law is unknown, ill-formed, or not usable for what was asked."""


class IdentifiabilityError(QuantalError, ValueError):
    """The runs cannot determine the law; the message names what is missing and which run would supply it."""


class QuantalWarning(UserWarning):
    """Base of every warning that quantal issues."""


class DataWarning(QuantalWarning):
    """The data were read, but something in them deserves a look (duplicates, outliers, size zero)."""


class ConvergenceWarning(QuantalWarning):
    """A fit did not converge, or many of its starts did not."""


class IdentifiabilityWarning(QuantalWarning):
    """The runs determine a parameter only weakly or not at all."""


class ExtrapolationWarning(QuantalWarning):
    """A prediction is asked for outside the range of the runs."""


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """A sentence that suggests the nearest known name, or lists all of them.

    >>> did_you_mean("chinchila", ["chinchilla", "kaplan"])
    "Did you mean 'chinchilla'?"
    >>> did_you_mean("zzz", ["chinchilla", "kaplan"])
    'Known: chinchilla, kaplan.'
    """
    names = [str(name) for name in known]
    lowered = {name.lower(): name for name in names}
    close = difflib.get_close_matches(given.lower(), list(lowered), n=1, cutoff=0.6)
    if close:
        return f"Did you mean {lowered[close[0]]!r}?"
    return f"Known: {', '.join(names)}."
