"""Every code block of the README and the docs is run, in order, a file at a time."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
NEED_EXTRAS = {"posterior.md", "discover.md", "curves.md", "train-text.md", "sweep.md", "store.md"}
NEEDS_PUBLIC = re.compile(
    r"\bchinchilla_runs\b|(quantal (?:fit|plan|compare|forecast|report|data show) chinchilla\b)|read_runs\(\"chinchilla\"\)"
)


@pytest.mark.parametrize(
    "page",
    [pytest.param(page, marks=pytest.mark.extras) if page.name in NEED_EXTRAS else page for page in PAGES],
    ids=[str(page.relative_to(ROOT)) for page in PAGES],
)
def test_code_blocks_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = page.read_text(encoding="utf-8")
    blocks = BLOCK.findall(text)
    if any(NEEDS_PUBLIC.search(code) for _, code in blocks) and not os.environ.get("QUANTAL_DATA"):
        pytest.skip("QUANTAL_DATA is unset: this page works on the public tables")
    monkeypatch.chdir(tmp_path)
    scope: dict[str, object] = {}
    for language, code in blocks:
        if language == "python":
            _run_python(code, scope)
        elif language in ("sh", "bash", "console"):
            _run_shell(code, tmp_path)
        else:
            assert language in ("json", "text", "csv", "toml"), (
                f"{page.name}: a block of {language or 'no language'!r} is not run by the tests"
            )


def _run_python(code: str, scope: dict[str, object]) -> None:
    import warnings

    from quantal.errors import QuantalWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QuantalWarning)
        exec(compile(code, "documentation", "exec"), scope)


def _run_shell(code: str, place: Path) -> None:
    for line in code.replace("\\\n", " ").splitlines():
        command = re.sub(r"\s+#.*$", "", line.removeprefix("$ ")).strip()
        if not command or command.startswith("#"):
            continue
        if command.startswith(("make ", "git ", "pip ", "python3 -m venv", ". ", "cd ", "apt-get", "sudo ")):
            if command.startswith("make "):
                done = subprocess.run(
                    ["make", "-n", *command.split()[1:]], cwd=ROOT, capture_output=True, text=True, check=False
                )
                assert done.returncode == 0, done.stderr
            continue
        assert command.startswith("quantal "), f"what is this command? {command}"
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=place,
            capture_output=True,
            text=True,
            env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stderr}"


def test_every_command_is_documented() -> None:
    from quantal.cli.app import COMMANDS

    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    missing = [name for name in COMMANDS if f"quantal {name}" not in text]
    assert not missing, f"no page shows: {missing}"


def test_every_public_name_has_a_docstring() -> None:
    import quantal

    names = [name for name in dir(quantal) if not name.startswith("_")]
    bare = [
        name
        for name in names
        if not (getattr(quantal, name).__doc__ or "").strip()
        and name not in ("Positive", "Exponent", "Fraction", "Real", "Series")
    ]
    assert not bare


def test_links_between_pages_lead_somewhere() -> None:
    broken = []
    for page in PAGES:
        for link in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if not link.startswith("http") and not (page.parent / link).exists():
                broken.append(f"{page.relative_to(ROOT)}: {link}")
    assert not broken
