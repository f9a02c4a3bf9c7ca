"""Fixtures of the room runs."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def public_data() -> Path:
    """The folder of public tables."""
    folder = os.environ.get("QUANTAL_DATA")
    if not folder:
        pytest.skip("QUANTAL_DATA is not set: it names the folder of public tables, which are not part of the project")
    return Path(folder)


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Write a file into an empty folder that is made the current one, and give its name."""
    monkeypatch.chdir(tmp_path)

    def write_file(content: str | bytes, name: str = "runs.csv") -> str:
        Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return name

    return write_file
