"""Packages of the extras: imported when they are first needed, with the command that installs them when they are missing."""

from __future__ import annotations

import importlib
from typing import Any

from quantal.errors import QuantalError


class MissingExtra(QuantalError, ImportError):
    """A package that an extra of quantal brings is not installed; the message holds the command that installs it."""


def extra(module: str, name: str) -> Any:
    """The module, which the extra of that name brings.

    Raises:
        MissingExtra: it is not installed.

    >>> extra("json", "text").loads("1")
    1
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != module.partition(".")[0]:
            raise
        raise MissingExtra(
            f'{module.partition(".")[0]} is not installed, and this needs it: pip install "quantal[{name}]"'
        ) from None
