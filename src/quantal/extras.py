"""Packages of the extras: imported when they are first needed, with the command that installs them when they are missing."""

from __future__ import annotations

import importlib
from typing import Any

from quantal.errors import QuantalError


class MissingExtra(QuantalError, ImportError):
    """A package that an extra of quantal brings is not installed; the message holds the command that installs it."""


def extra(module: str, name: str, what: str = "this") -> Any:
    """The module, which the extra of that name brings, and `what` needs.

    Raises:
        MissingExtra: it is not installed.

    >>> extra("json", "text").loads("1")
    1
    """
    return needed(module, f'"quantal[{name}]"', what)


def needed(module: str, install: str, what: str = "this") -> Any:
    """The module of a package that `pip install` of that name brings, and `what` needs.

    Raises:
        MissingExtra: it is not installed.
    """
    package = module.partition(".")[0]
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != package:
            raise
        raise MissingExtra(f"{package} is not installed, and {what} needs it: pip install {install}") from None
