"""Packages of an extra, imported when they are first used."""

from __future__ import annotations

import importlib
from types import ModuleType

from quantal.errors import InputError


def need(module: str, extra: str, package: str) -> ModuleType:
    """The module of a name, or a message that says how to install what is missing.

    Raises:
        InputError: the package is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError:
        raise InputError(
            f'{package} is not installed, and this needs it. Install it with: pip install "quantal[{extra}]"'
        ) from None
