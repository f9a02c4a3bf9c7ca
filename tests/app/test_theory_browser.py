"""The view of the theory in a real Chromium: sliders move, charts and address follow, a link gives the same view."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from page_server import chromium, opened, served

pytestmark = pytest.mark.browser

ANSWERED = "query => document.querySelector('#view [data-answered]')?.dataset.answered === query"
LOSSES = "() => document.querySelectorAll('.chart')[1].data[0].y.slice(0, 60)"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served() as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as browser:
        yield browser


def test_a_slider_moves_the_charts_and_the_address_and_a_link_gives_the_same(address: str, browser: Any) -> None:
    with opened(browser, f"{address}/?view=theory") as page:
        page.wait_for_function(ANSWERED, arg="")
        before = page.evaluate(LOSSES)
        slider = page.get_by_label("γ · exponent")
        slider.focus()
        for _ in range(3):
            slider.press("ArrowRight")
        page.wait_for_function("() => location.search.includes('gamma=')")
        query = page.evaluate("() => location.search")
        page.wait_for_function(ANSWERED, arg=query.partition("&")[2])
        after = page.evaluate(LOSSES)
        assert after != before
        assert slider.get_attribute("aria-valuetext") == query.partition("gamma=")[2]
        page.get_by_label("Frequencies").select_option("geometric")
        page.wait_for_function("() => location.search.includes('frequencies=geometric')")
        assert page.get_by_label("γ · exponent").count() == 0
        assert page.get_by_label("λ · rate of decay by rank").count() == 1
    with opened(browser, f"{address}/{query}") as page:
        page.wait_for_function(ANSWERED, arg=query.partition("&")[2])
        assert page.evaluate(LOSSES) == after


def test_a_loss_that_learning_raises_is_told_and_the_page_goes_on(address: str, browser: Any) -> None:
    with opened(browser, f"{address}/?view=theory", said="status of 422") as page:
        page.wait_for_function(ANSWERED, arg="")
        with page.expect_event("console"):
            page.get_by_label("b · loss before").press("Home")
        page.get_by_role("alert").wait_for()
        assert "learning must lower the loss" in page.get_by_role("alert").inner_text()
        page.get_by_role("button", name="Back to the start").click()
        page.get_by_role("alert").wait_for(state="detached")
        assert "unlearned_loss" not in page.evaluate("() => location.search")


def test_charts_save_and_the_view_fits_a_phone(address: str, browser: Any, tmp_path: Path) -> None:
    with opened(browser, f"{address}/?view=theory&count=100&rule=hill", 360, 740) as page:
        page.wait_for_function(ANSWERED, arg="rule=hill&count=100")
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 360
        charts = page.locator("figure.charted")
        assert charts.count() == 5
        with page.expect_download() as download:
            charts.nth(4).get_by_role("button", name="Save the chart's data as CSV").click()
        download.value.save_as(tmp_path / "emergence.csv")
        text = (tmp_path / "emergence.csv").read_text()
        assert text.startswith("series,samples,learned\nquantum 1,")
