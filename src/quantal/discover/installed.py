"""Packages of the extra `discover`, imported when they are needed."""

from __future__ import annotations

import importlib
from typing import Any

from quantal.errors import QuantalError


def needed(name: str, what: str, *, install: str = '"quantal[discover]"') -> Any:
    """The module of a package, or an error that says how to install it.

    Raises:
        QuantalError: the package is not installed.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] != name.split(".")[0]:
            raise
        package = name.split(".")[0]
        raise QuantalError(f"{what} needs {package}, which is not installed; run pip install {install}") from None
