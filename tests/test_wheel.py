"""The built wheel, in an environment that holds nothing else, outside the repository, runs the main job."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.wheel


def _run(*args: str, cwd: Path) -> str:
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("QUANTAL", "PYTHON", "VIRTUAL_ENV"))
    }
    done = subprocess.run(args, cwd=cwd, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("wheel")
    _run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(place), str(ROOT), cwd=place)
    _run(sys.executable, "-m", "venv", "--without-pip", str(place / "env"), cwd=place)
    wheel = next(place.glob("quantal-*.whl"))
    pip = (sys.executable, "-m", "pip", "--python", str(place / "env/bin/python"))
    _run(*pip, "install", "--quiet", "--disable-pip-version-check", str(wheel), cwd=place)
    return place


def test_the_main_job(installed: Path) -> None:
    out = _run(
        str(installed / "env/bin/quantal"),
        "report",
        "tiny-lm",
        "-o",
        "report.html",
        "--bootstrap",
        "100",
        cwd=installed,
    )
    assert "report.html" in out
    page = (installed / "report.html").read_text(encoding="utf-8")
    assert page.count("<html") == 1
    assert len(page) > 1_000_000


def test_the_core_install_is_light(installed: Path) -> None:
    size = sum(
        path.stat().st_size for path in (installed / "env").rglob("*") if path.is_file() and not path.is_symlink()
    )
    assert size < 500e6, f"{size / 1e6:.0f} MB"


def test_the_wheel_holds_the_demo_and_no_public_data(installed: Path) -> None:
    names = zipfile.ZipFile(next(installed.glob("quantal-*.whl"))).namelist()
    assert "quantal/runs/data/tiny_lm.csv" in names
    assert not [name for name in names if "chinchilla_runs" in name]
