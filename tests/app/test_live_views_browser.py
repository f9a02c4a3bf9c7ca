"""Theory, experiments and quanta in a real Chromium: what is moved and chosen is in the address, and a link gives the same view."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from page_server import chromium, opened, served
from planted_quanta import HOSTILE, planted_discovery

from quantal.discover import save_discovery

pytestmark = pytest.mark.browser

ANSWERED = "query => document.querySelector('#view [data-answered]')?.dataset.answered === query"
DRAWN = "count => document.querySelectorAll('.chart[data-drawn]').length === count"
DRAWING = """() => [...document.querySelectorAll('.chart')].map((chart) => [
  chart._fullLayout.xaxis.range, chart._fullLayout.yaxis.range,
  [...chart.querySelectorAll('.scatterlayer path.js-line')].map((path) => path.getAttribute('d')),
])"""
LOSSES = "() => document.querySelectorAll('.chart')[1].data[0].y.slice(0, 60)"
LEARNED = "() => document.querySelectorAll('.chart')[3].data[0].y"
SEARCH = "() => location.search"
WIDTH = "() => document.documentElement.scrollWidth"
SWEEP = """
kind = "parity"
fixed = {tasks = 8, bits = 12, k = 2, batch_size = 1000, steps = 2500, learning_rates = [0.01]}
grid = {widths = [16, 32, 64]}
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served() as address:
        yield address


def test_a_slider_moves_the_charts_and_the_address_and_a_link_gives_the_same(address: str, browser: Any) -> None:
    with opened(browser, f"{address}/?view=theory") as page:
        page.wait_for_function(ANSWERED, arg="")
        before = page.evaluate(LOSSES)
        slider = page.get_by_label("γ · exponent")
        slider.focus()
        for _ in range(3):
            slider.press("ArrowRight")
        page.get_by_label("b · loss before").press("ArrowLeft")
        page.wait_for_function(
            "() => location.search.includes('gamma=') && location.search.includes('unlearned_loss=')"
        )
        query = page.evaluate(SEARCH)
        page.wait_for_function(ANSWERED, arg=query.partition("&")[2])
        after, drawing = page.evaluate(LOSSES), page.evaluate(DRAWING)
        assert after != before
        assert f"gamma={slider.get_attribute('aria-valuetext')}&" in query
        page.get_by_label("Frequencies").select_option("geometric")
        page.wait_for_function("() => location.search.includes('frequencies=geometric')")
        assert page.get_by_label("γ · exponent").count() == 0
        assert page.get_by_label("λ · rate of decay by rank").count() == 1
    with opened(browser, f"{address}/{query}") as page:
        page.wait_for_function(ANSWERED, arg=query.partition("&")[2])
        assert page.evaluate(LOSSES) == after
        assert page.evaluate(DRAWING) == drawing


def test_a_loss_that_learning_raises_is_told_and_the_page_goes_on(address: str, browser: Any) -> None:
    with opened(browser, f"{address}/?view=theory", said="status of 422") as page:
        page.wait_for_function(ANSWERED, arg="")
        with page.expect_event("console"):
            page.get_by_label("b · loss before").press("Home")
        page.get_by_role("alert").wait_for()
        assert "learning must lower the loss" in page.get_by_role("alert").inner_text()
        page.get_by_role("button", name="Back to the start").click()
        page.get_by_role("alert").wait_for(state="detached")
        assert "unlearned_loss" not in page.evaluate(SEARCH)


def test_charts_save_and_the_view_fits_a_phone(address: str, browser: Any, tmp_path: Path) -> None:
    with opened(browser, f"{address}/?view=theory&count=100&rule=hill", 360, 740) as page:
        page.wait_for_function(ANSWERED, arg="rule=hill&count=100")
        assert page.evaluate(WIDTH) <= 360
        charts = page.locator("figure.charted")
        assert charts.count() == 5
        with page.expect_download() as download:
            charts.nth(4).get_by_role("button", name="Save the chart's data as CSV").click()
        download.value.save_as(tmp_path / "emergence.csv")
        text = (tmp_path / "emergence.csv").read_text()
        assert text.startswith("series,samples,learned\nquantum 1,")


def test_the_page_follows_a_sweep_from_before_its_store_is_made(browser: Any, tmp_path: Path) -> None:
    store = tmp_path / "runs.sqlite"
    (tmp_path / "widths.toml").write_text(SWEEP)
    with served(store=str(store)) as address, opened(browser, f"{address}/?view=experiments") as page:
        page.get_by_text("there is no store").wait_for()
        command = [
            sys.executable,
            "-m",
            "quantal",
            "sweep",
            str(tmp_path / "widths.toml"),
            "--store",
            str(store),
            "--workers",
            "1",
        ]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=tmp_path) as driver:
            page.locator(".sweeps").get_by_text("of 3 done, 1 running").wait_for()
            page.locator(".sweeps").get_by_text("3 of 3 done").wait_for(timeout=60_000)
            assert driver.wait(60) == 0
        page.wait_for_function("() => document.querySelectorAll('.chart')[0]?.data?.length === 3")
        page.get_by_role("button", name="width 64").click()
        page.wait_for_function(DRAWN, arg=4)
        assert "run=" in page.evaluate(SEARCH)
        link = page.evaluate("() => location.href")
        learned = page.evaluate(LEARNED)
        assert len(learned) > 2
        with opened(browser, link, 360, 740) as phone:
            phone.wait_for_function(DRAWN, arg=4)
            assert phone.evaluate(LEARNED) == learned
            assert phone.evaluate(WIDTH) <= 360
            assert phone.get_by_role("button", name="width 64").get_attribute("aria-pressed") == "true"


def test_search_order_and_cluster_of_quanta_are_in_the_address(browser: Any, tmp_path: Path) -> None:
    save_discovery(planted_discovery(), tmp_path / "found.json")
    with served(quanta=str(tmp_path / "found.json")) as address:
        quanta_are_browsed(address, browser)


def quanta_are_browsed(address: str, browser: Any) -> None:
    with opened(browser, f"{address}/?view=quanta") as page:
        page.wait_for_function(DRAWN, arg=2)
        with page.expect_download() as download:
            page.get_by_role("button", name="Save the chart's data as CSV").nth(1).click()
        assert download.value.path().read_text().count("\n") == 1 + 240 * 240
        articles = page.locator("#view article")
        assert articles.count() == 20
        page.get_by_role("button", name="Show").click()
        page.wait_for_function("() => document.querySelectorAll('#view article').length > 20")
        assert articles.first.locator("mark").first.inner_text() == " word0"
        assert HOSTILE.replace("\u2028", "") in (articles.first.locator("li").first.text_content() or "").replace(
            "\u2028", ""
        )
        assert page.locator("#view img").count() == 0
        page.get_by_label("Search").fill("before 7 ")
        page.get_by_text("1 token in 1 cluster hold it").wait_for()
        assert "search=before+7" in page.evaluate(SEARCH)
        page.get_by_label("Search").fill("")
        page.get_by_label("Order", exact=True).select_option("stability")
        page.get_by_label("stable only").check()
        page.wait_for_function(
            "() => location.search.includes('stable=1') && location.search.includes('order=stability')"
        )
        page.get_by_role("button", name="Cluster 2", exact=True).click()
        page.get_by_role("button", name="All clusters").wait_for()
        link, shown = page.evaluate("() => location.href"), page.locator("#view ol").inner_text()
        page.go_back()
        page.get_by_label("Search").wait_for()
    with opened(browser, link, 360, 740) as page:
        page.wait_for_function(DRAWN, arg=2)
        page.get_by_role("button", name="All clusters").wait_for()
        assert page.locator("#view article").count() == 1
        assert page.locator("#view ol").inner_text() == shown
        assert page.evaluate(WIDTH) <= 360


def test_what_is_empty_says_what_to_run(address: str, browser: Any) -> None:
    with opened(browser, f"{address}/?view=experiments") as page:
        page.get_by_text("quantal app --store runs.sqlite").wait_for()
        page.get_by_role("tab", name="Quanta").click()
        page.get_by_text("quantal app --quanta found.json").wait_for()
