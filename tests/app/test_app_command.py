"""The command `quantal app`: what it says where it cannot serve."""

from __future__ import annotations

import subprocess
import sys

import pytest

WITHOUT = (
    "import sys; sys.modules['fastapi'] = None; sys.argv = ['quantal', 'app']; from quantal.cli import main; main()"
)


def said(*command: str) -> str:
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.stderr.strip()


def test_without_its_extra_the_command_says_how_to_install_it() -> None:
    assert said("-c", WITHOUT).startswith("quantal: fastapi")
    assert 'python -m pip install "quantal[app]"' in said("-c", WITHOUT)


@pytest.mark.extras
def test_runs_that_are_not_there_and_a_host_of_another_machine_are_told() -> None:
    assert "there is no file 'nothing.csv'" in said("-m", "quantal", "app", "nothing.csv", "--no-browser")
    told = said("-m", "quantal", "app", "--no-browser", "--host", "203.0.113.7", "--port", "8499")
    assert "203.0.113.7:8499 cannot be listened on" in told
