"""The documentation site: it holds every public name, command, option and law, and asks the network for nothing.

QUANTAL_SITE names a site that was just built (`make docs`); without it the site is built here.
"""

from __future__ import annotations

import html
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

ROOT = Path(__file__).parents[1]
NOT_ROOMS = {"cli"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if built := os.environ.get("QUANTAL_SITE"):
        return (ROOT / built).resolve()
    out = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-b", "html", "-W", "--keep-going", "-q", str(ROOT / "docs"), str(out)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture(scope="module")
def inventory(site: Path) -> dict[str, set[str]]:
    """Names by kind, such as py:class, from the site's own index of what it documents."""
    body = (site / "objects.inv").read_bytes().split(b"\n", 4)[4]
    found: dict[str, set[str]] = {}
    for line in zlib.decompress(body).decode("utf-8").splitlines():
        name, kind = re.match(r"(.+?)\s+(\S+:\S+)\s+-?\d+", line).groups()  # type: ignore[union-attr]
        found.setdefault(kind, set()).add(name)
    return found


def rooms() -> list[str]:
    found = {path.parent.name for path in (ROOT / "src/quantal").glob("*/__init__.py")}
    return sorted(found - NOT_ROOMS)


@pytest.mark.extras
@pytest.mark.parametrize("room", ["", *rooms()])
def test_every_public_name_is_in_the_reference(room: str, inventory: dict[str, set[str]]) -> None:
    documented = set().union(*(names for kind, names in inventory.items() if kind.startswith("py:")))
    module = importlib.import_module(f"quantal.{room}" if room else "quantal")
    source = Path(module.__file__ or "").read_text(encoding="utf-8")
    names = {
        name: home
        for home, name in re.findall(r"^\s*from (quantal\.\w+)[\w.]* import \w+ as (\w+)$", source, re.MULTILINE)
    }
    assert names, f"{module.__name__} makes nothing public"
    missing = [
        name
        for name, home in sorted(names.items())
        if not {f"quantal.{name}", f"{module.__name__}.{name}", f"{home}.{name}"} & documented
    ]
    assert not missing, f"{module.__name__}: the reference has no {', '.join(missing)}"


def commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    with click.Context(group, info_name=path) as context:
        for name in group.list_commands(context):
            found = group.get_command(context, name)
            assert found is not None
            yield f"{path}-{name}", found
            if isinstance(found, click.Group):
                yield from commands(found, f"{path}-{name}")


@pytest.mark.extras
def test_every_command_and_option_is_in_the_reference(site: Path, inventory: dict[str, set[str]]) -> None:
    from quantal.cli.app import COMMANDS, group

    found = dict(commands(group, "quantal"))
    assert {f"quantal-{name}" for name in COMMANDS} <= set(found)
    assert set(found) <= inventory["std:label"]
    text = html.unescape(re.sub(r"<[^>]+>", "", (site / "reference/commands.html").read_text(encoding="utf-8")))
    for path, command in found.items():
        options = [one for one in command.params if isinstance(one, click.Option) and not one.hidden]
        wanted = {f"{path}.{name}" for one in options for name in one.opts if name != "--help"}
        assert wanted <= inventory["std:cmdoption"], sorted(wanted - inventory["std:cmdoption"])
        calls = re.findall(
            rf"^\s+(quantal {path.split('-', 1)[1].replace('-', ' ')}\b.*)$", command.help or "", re.MULTILINE
        )
        assert calls, f"{path} has no example"
        assert all(call.strip() in text for call in calls)


@pytest.mark.extras
def test_every_law_is_in_the_reference(inventory: dict[str, set[str]]) -> None:
    from quantal.laws import laws

    wanted = {f"law-{law.name.replace(':', '-').replace(',', '-')}".lower() for law in laws()}
    assert wanted <= inventory["std:label"]


@pytest.mark.extras
def test_every_page_is_built_and_reached(site: Path) -> None:
    index = (site / "index.html").read_text(encoding="utf-8")
    pages = [path for path in (ROOT / "docs").rglob("*.md") if "_build" not in path.parts]
    for page in pages:
        built = page.relative_to(ROOT / "docs").with_suffix(".html")
        assert (site / built).exists()
        assert built.name == "index.html" or f'href="{built.as_posix()}"' in index, f"{built} is in no menu"


@pytest.mark.extras
def test_the_site_needs_no_network(site: Path) -> None:
    outside = re.compile(
        r"<(?:script|img|iframe|link|source)\b[^>]*?(?:src|href)=\"(?:https?:)?//[^\"]*\"|url\(['\"]?(?:https?:)?//"
    )
    for page in [*site.rglob("*.html"), *site.rglob("*.css")]:
        found = [one for one in outside.findall(page.read_text(encoding="utf-8")) if 'rel="canonical"' not in one]
        assert not found, f"{page.relative_to(site)}: {found[:2]}"
    formulas = (site / "theory-in-numbers.html").read_text(encoding="utf-8")
    assert formulas.count("<math") > 20
    assert "MathJax" not in formulas


@pytest.mark.extras
def test_every_chart_of_the_gallery_is_drawn_from_data(site: Path) -> None:
    source = (ROOT / "docs/gallery.md").read_text(encoding="utf-8")
    page = (site / "gallery.html").read_text(encoding="utf-8")
    figures = re.findall(r'<figure class="chart">.*?<script type="application/json">(.*?)</script>', page, re.DOTALL)
    assert len(figures) == len(re.findall(r"^:::\{chart\}", source, re.MULTILINE)) >= 15
    for figure in figures:
        assert json.loads(figure)["data"]


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 390])
def test_the_gallery_in_a_browser(site: Path, width: int) -> None:
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=os.environ.get("QUANTAL_CHROMIUM") or shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        page = browser.new_page(viewport={"width": width, "height": 900})
        outside: list[str] = []
        errors: list[str] = []
        page.on("request", lambda one: outside.append(one.url) if one.url.startswith("http") else None)
        page.on("pageerror", lambda one: errors.append(str(one)))
        page.goto((site / "gallery.html").as_uri())
        page.wait_for_function(
            "document.querySelectorAll('figure.chart .plot').length > 0 && "
            "[...document.querySelectorAll('figure.chart .plot')].every((one) => one.dataset.drawn)"
        )
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        browser.close()
    assert not outside
    assert not errors
