"""Every code block of the README and the docs is run, in order, a file at a time.

QUANTAL_WRITE_EXAMPLES=1 writes what stands below >>> anew where it is no longer what the code prints; then read the changes.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted(page for page in (ROOT / "docs").rglob("*.md") if "_build" not in page.parts),
]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
NEED_EXTRAS = {"app.md", "posterior.md", "discover.md", "curves.md", "train-text.md", "sweep.md", "store.md"}
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
        elif language == "pycon":
            text = text.replace(code, _run_examples(code, scope, page.name))
        elif language in ("sh", "bash", "console"):
            _run_shell(code, tmp_path)
        else:
            assert language in ("json", "text", "csv", "toml"), (
                f"{page.name}: a block of {language or 'no language'!r} is not run by the tests"
            )
    if os.environ.get("QUANTAL_WRITE_EXAMPLES"):
        page.write_text(text, encoding="utf-8")


def _run_python(code: str, scope: dict[str, object]) -> None:
    import warnings

    from quantal.errors import QuantalWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QuantalWarning)
        exec(compile(code, "documentation", "exec"), scope)


NUMBER = re.compile(r"(?<![\w.])[-+]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?")


class _NearNumbers(doctest.OutputChecker):
    """The same words, and numbers that agree within 1 % (or 1e-6), which other processors may round otherwise."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        if super().check_output(want, got, optionflags):
            return True
        words = [" ".join(NUMBER.sub("#", text).split()) for text in (want, got)]
        numbers = [[float(one.replace(",", "")) for one in NUMBER.findall(text)] for text in (want, got)]
        near = pytest.approx(numbers[0], rel=0.01, abs=1e-6)
        return super().check_output(words[0], words[1], optionflags) and numbers[1] == near


class _Recorder(doctest.DocTestRunner):
    """Keeps what was printed where it is not what stands on the page."""

    got: dict[int, str]

    def report_failure(self, out, test, example, got: str) -> None:
        self.got[example.lineno] = got
        super().report_failure(out, test, example, got)


def _run_examples(code: str, scope: dict[str, object], name: str) -> str:
    """Lines after >>> print what stands below them; the block with what they print."""
    import warnings

    from quantal.errors import QuantalWarning

    found = doctest.DocTestParser().get_doctest(code, {}, name, name, 0)
    found.globs = scope
    told = io.StringIO()
    runner = _Recorder(_NearNumbers(), optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    runner.got = {}
    with warnings.catch_warnings(), contextlib.redirect_stdout(told):
        warnings.simplefilter("ignore", QuantalWarning)
        failures = runner.run(found, out=told.write, clear_globs=False).failed
    if not os.environ.get("QUANTAL_WRITE_EXAMPLES"):
        assert not failures, told.getvalue()
    assert failures == len(runner.got), told.getvalue()
    lines = []
    for example in found.examples:
        first, *rest = example.source.splitlines()
        lines += [f">>> {first}", *(f"... {line}" for line in rest)]
        lines += runner.got.get(example.lineno, example.want).splitlines()
    return "\n".join(lines) + "\n"


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
