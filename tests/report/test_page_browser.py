"""The page in a real Chromium: it loads alone, draws all, changes theme, and fits a phone."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from quantal.report import Report

pytestmark = pytest.mark.browser

OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DRAWN = "document.querySelectorAll('.chart[data-drawn]').length === document.querySelectorAll('.chart').length"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    path = os.environ.get("QUANTAL_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.fail("no Chromium on this machine: apt-get install -y chromium (or set QUANTAL_CHROMIUM to its path)")
    with sync_playwright() as play:
        made = play.chromium.launch(executable_path=path, args=OPTIONS)
        yield made
        made.close()


class Opened:
    """A page that was opened, and all that it said and asked for."""

    def __init__(self, browser: Any, path: str, **context: Any) -> None:
        self.context = browser.new_context(**context)
        self.page = self.context.new_page()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(f"file://{path}")
        self.page.wait_for_function(DRAWN)

    def tell(self, script: str) -> Any:
        return self.page.evaluate(script)


@pytest.fixture
def opened(browser: Any, noisy_report: Report) -> Iterator[Opened]:
    made = Opened(browser, noisy_report.path, viewport={"width": 1280, "height": 900}, color_scheme="light")
    yield made
    made.context.close()


def test_the_page_loads_alone_without_a_word_and_draws_every_chart(opened: Opened) -> None:
    assert opened.said == []
    assert [url for url in opened.asked if not url.startswith(("file:", "data:", "blob:"))] == []
    charts = opened.tell("document.querySelectorAll('.chart').length")
    assert charts >= 11
    assert opened.tell("[...document.querySelectorAll('.chart')].every(c => c.querySelector('svg.main-svg .trace'))")


def test_hostile_texts_did_not_run(opened: Opened, noisy_report: Report) -> None:
    assert opened.tell("window.stolen") is None
    assert opened.tell("document.querySelector('h1').textContent").endswith(noisy_report.analysis.runs.source)
    assert opened.tell("document.querySelectorAll('main img').length") == 0


def test_hover_shows_the_run_and_its_label_as_text(opened: Opened) -> None:
    opened.page.locator("#chart-measured").scroll_into_view_if_needed()
    opened.tell("Plotly.Fx.hover('chart-measured', [{curveNumber: 1, pointNumber: 2}])")
    shown = opened.page.locator("#chart-measured .hoverlayer").text_content()
    assert "params" in shown
    assert "<script>" in shown
    assert opened.tell("window.stolen") is None


def test_the_button_changes_the_theme_of_page_and_charts(opened: Opened) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    drawn = "document.querySelector('#chart-measured').layout.paper_bgcolor"
    before = opened.tell(paper), opened.tell(drawn)
    opened.page.click("#theme")
    opened.page.wait_for_function("[...document.querySelectorAll('.chart')].every(c => c.dataset.drawn === 'dark')")
    after = opened.tell(paper), opened.tell(drawn)
    assert before[0] != after[0]
    assert before[1] != after[1]
    assert opened.tell("document.querySelector('#theme').getAttribute('aria-pressed')") == "true"


def test_a_dark_system_gets_a_dark_page(browser: Any, noisy_report: Report) -> None:
    dark = Opened(browser, noisy_report.path, color_scheme="dark")
    assert dark.tell("document.querySelector('.chart').dataset.drawn") == "dark"
    assert dark.tell("document.querySelector('.chart').layout.paper_bgcolor") == "#16191d"
    dark.context.close()


def test_a_phone_scrolls_down_and_never_sideways(browser: Any, noisy_report: Report) -> None:
    phone = Opened(
        browser, noisy_report.path, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )  # fmt: skip
    assert phone.tell("document.documentElement.scrollWidth") <= 390
    assert phone.said == []
    widest = phone.tell("Math.max(...[...document.querySelectorAll('.chart svg')].map(s => s.clientWidth))")
    assert widest <= 390
    phone.context.close()


def test_a_zoom_by_the_mouse_outlives_a_change_of_theme(opened: Opened) -> None:
    place = opened.page.locator("#chart-surface .nsewdrag").first
    place.scroll_into_view_if_needed()
    box = place.bounding_box()
    assert box is not None
    ask = "document.querySelector('#chart-surface').layout.xaxis.range"
    before = opened.tell(ask)
    opened.page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.3 * box["height"])
    opened.page.mouse.down()
    opened.page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 0.7 * box["height"], steps=8)
    opened.page.mouse.up()
    opened.page.wait_for_function(f"{ask}[0] > {before[0]} + 0.1")
    zoomed = opened.tell(ask)
    assert before[0] < zoomed[0] < zoomed[1] < before[1]
    opened.page.locator("#theme").click()
    opened.page.wait_for_function("document.querySelector('#chart-surface').dataset.drawn === 'dark'")
    assert opened.tell(ask) == zoomed


def test_the_data_can_be_taken_away(opened: Opened, noisy_report: Report) -> None:
    import json
    from pathlib import Path

    with opened.page.expect_download() as waiting:
        opened.page.click("#download")
    data = json.loads(Path(waiting.value.path()).read_text())
    assert data["n_runs"] == len(noisy_report.analysis.runs)
    assert data["schema"] == "quantal.report/1"
