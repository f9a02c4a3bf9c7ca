"""What the configurations of all trainings share: checks of whole numbers and of names, and a key made from the content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from quantal.errors import InputError, did_you_mean


def check_whole(name: str, value: Any, least: int) -> None:
    """Refuse what is no whole number or too small.

    >>> check_whole("width", 16, 1)
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise InputError(f"{name} = {value!r}: it must be a whole number >= {least}; write {name}={max(least, 1)}")


def check_names(data: Mapping[str, Any], known: list[str], kind: str) -> None:
    """Refuse a setting that is not among those known."""
    for name in data:
        if name not in known:
            raise InputError(
                f"{name!r} is no setting of a {kind} training. {did_you_mean(name, known)} The settings: {', '.join(known)}"
            )


def content_key(data: Mapping[str, Any]) -> str:
    """A name made from plain data: two share it only if they are equal."""
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:20]
