"""Runs, fit and forecast in a real Chromium: files in, points out, laws side by side, a budget dragged, links shared."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from page_server import chromium, opened, served

pytestmark = pytest.mark.browser

DRAWN = "() => document.querySelectorAll('.chart').length > 0 && [...document.querySelectorAll('.chart')].every(c => c.dataset.drawn)"
UNNAMED = """() => [...document.querySelectorAll('button, input, select')].filter((one) => one.offsetParent &&
    !one.labels?.length && !one.getAttribute('aria-label') && !one.textContent.trim()).map((one) => one.outerHTML)"""
HOSTILE = "<img src=x onerror='window.stolen = 1'>"


def table(path: Path, tag: str = "a", n: int = 36) -> Path:
    """A CSV of Chinchilla-like runs; its third row lies far off."""
    rng = np.random.default_rng(5)
    params, tokens = np.repeat(np.geomspace(1e6, 1e9, 6), 6), np.tile(np.geomspace(1e8, 1e11, 6), 6)
    loss = (1.7 + 400 * params**-0.34 + 2000 * tokens**-0.37) * np.exp(rng.normal(0, 0.003, 36))
    loss[2] *= 1.4
    lines = [f"{p:.6g},{d:.6g},{y:.6f},{tag}" for p, d, y in zip(params[:n], tokens[:n], loss[:n], strict=True)]
    path.write_text("\n".join(["N,D,eval/loss,tag", *lines]) + "\n")
    return path


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served() as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def shared(address: str, browser: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The id of an uploaded table."""
    path = table(tmp_path_factory.mktemp("runs") / "runs.csv")
    with opened(browser, address) as page:
        bring(page, path)
        return query(page)["table"]


def bring(page: Any, path: Path) -> None:
    page.set_input_files("#file", path)
    page.get_by_role("heading", name=path.name, level=1).wait_for()
    page.wait_for_function(DRAWN)


def query(page: Any) -> dict[str, str]:
    return page.evaluate("() => Object.fromEntries(new URLSearchParams(location.search))")


def test_the_demo_is_there_at_once(address: str, browser: Any) -> None:
    with opened(browser, address) as page:
        page.get_by_role("heading", name="tiny-lm", level=1).wait_for()
        page.wait_for_function(DRAWN)
        assert page.get_by_text("80 runs, 16 columns").count() == 1
        assert page.get_by_role("tab", name="Runs").get_attribute("aria-selected") == "true"


def test_a_file_is_read_and_each_column_told_with_labels_as_text(address: str, browser: Any, tmp_path: Path) -> None:
    path = table(tmp_path / "my <b>runs.csv", HOSTILE)
    with opened(browser, address) as page:
        bring(page, path)
        told = page.get_by_role("region", name="Columns").inner_text()
        assert "eval/loss" in told
        assert "6·params·tokens" in told
        assert page.get_by_label("What eval/loss is taken for").input_value() == "loss"
        assert page.get_by_role("region", name="Rows").get_by_text(HOSTILE).count() == 12
        assert page.evaluate("() => window.stolen") is None
        assert page.locator("main img, h1 b").count() == 0
        page.get_by_label("What N is taken for").select_option("tokens")
        page.get_by_text("Some were chosen by hand.").wait_for()
        assert query(page)["take.tokens"] == "N"
        assert page.get_by_label("What D is taken for").input_value() == ""
        page.go_back()
        page.get_by_text("Some were chosen by hand.").wait_for(state="detached")
        assert page.get_by_label("What N is taken for").input_value() == "params"


def test_a_file_is_dropped_anywhere_on_the_page(address: str, browser: Any) -> None:
    drop = """(text) => { const given = new DataTransfer(); given.items.add(new File([text], 'dropped.csv'));
        document.querySelector('header').dispatchEvent(new DragEvent('drop', { dataTransfer: given, bubbles: true })) }"""
    with opened(browser, address) as page:
        page.wait_for_function(DRAWN)
        page.evaluate(drop, "params,tokens,loss\n1e6,2e8,4.1\n1e7,2e9,3.5\n1e8,2e10,3.0\n")
        page.get_by_role("heading", name="dropped.csv", level=1).wait_for()
        page.get_by_text("3 runs, 4 columns").wait_for()
        page.wait_for_function(DRAWN)


def test_a_bad_file_is_refused_in_words_and_the_table_stays(address: str, browser: Any, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("params,loss\n1e6,3.1\n1e7,three\n")
    with opened(browser, address, said="status of 422") as page:
        page.wait_for_function(DRAWN)
        page.set_input_files("#file", bad)
        page.get_by_role("alert").wait_for()
        assert "bad.csv, row 2, column 'loss'" in page.get_by_role("alert").inner_text()
        assert page.get_by_role("heading", name="tiny-lm", level=1).count() == 1
        large = tmp_path / "large.csv"
        with large.open("wb") as written:
            written.truncate(70 * 2**20)
        page.set_input_files("#file", large)
        page.get_by_text("larger than 64 MB").wait_for()


def test_a_click_on_a_point_leaves_it_out_and_the_link_says_so(address: str, browser: Any, shared: str) -> None:
    with opened(browser, f"{address}/?table={shared}") as page:
        page.wait_for_function(DRAWN)
        place = page.locator(".chart").bounding_box()
        at = page.evaluate(
            """() => { const { xaxis: x, yaxis: y } = document.querySelector('.chart')._fullLayout;
            return [x._offset + x.l2p(Math.log10(1e6)), y._offset + y.l2p(Math.log10(1e8))] }"""
        )
        page.mouse.move(place["x"] + at[0], place["y"] + at[1])
        page.locator(".tip").wait_for()
        assert "row 1" in page.locator(".tip").inner_text()
        page.mouse.click(place["x"] + at[0], place["y"] + at[1])
        page.get_by_role("button", name="Use row 1 again").wait_for()
        assert query(page)["exclude"] == "1"
        page.get_by_label("Use row 3", exact=True).uncheck()
        assert query(page)["exclude"] == "1,3"
        link = page.url
        page.get_by_role("button", name="Use row 1 again").click()
        assert query(page)["exclude"] == "3"
    with opened(browser, link.replace("/?", "/?view=fit&bootstrap=0&")) as page:
        page.get_by_text("36 runs, 2 left out").wait_for()
        page.get_by_text("34 others").or_(page.get_by_text("predicted from the")).first.wait_for()


def test_a_filter_keeps_some_runs_in_every_view(address: str, browser: Any, shared: str) -> None:
    with opened(browser, f"{address}/?table={shared}", said="status of 422") as page:
        page.wait_for_function(DRAWN)
        box = page.get_by_label("Only runs where")
        box.fill("params > 1e7 and parms < 3")
        box.press("Enter")
        page.get_by_role("alert").wait_for()
        assert "parms" in page.get_by_role("alert").inner_text()
        box.fill("params > 1e7")
        box.press("Enter")
        page.get_by_text("24 runs, 5 columns").wait_for()
        assert page.get_by_role("alert").count() == 0
        page.get_by_role("tab", name="Fit").click()
        page.get_by_text("24 runs").wait_for()
        page.get_by_role("region", name="Laws side by side").wait_for()
        assert query(page)["where"] == "params > 1e7"


def test_laws_stand_side_by_side_with_verdicts_and_far_runs_go_out(address: str, browser: Any, shared: str) -> None:
    with opened(browser, f"{address}/?view=fit&table={shared}&laws=chinchilla,quanta") as page:
        laws = page.get_by_role("region", name="Laws side by side")
        laws.wait_for()
        assert laws.locator("thead th").all_inner_texts() == ["", "Chinchilla", "Quantization hypothesis, additive"]
        assert laws.locator("math").count() == 2
        assert laws.locator(".verdict").count() == 9
        page.get_by_role("button", name="Leave it out").click()
        page.wait_for_function("() => location.search.includes('exclude=3')")
        page.get_by_text("36 runs, 1 left out").wait_for()
        page.wait_for_function("() => document.querySelector('#view').dataset.looked?.startsWith('chinchilla')")
        page.get_by_label("Residuals against", exact=True).select_option("predicted")
        page.get_by_role("heading", name="Residuals against predicted").wait_for()
        page.evaluate("""() => [...document.querySelectorAll('.chart')].find((one) => one.dataset.drawn === 'measured')
            .emit('plotly_click', { points: [{ customdata: ['7'] }] })""")
        page.get_by_text("36 runs, 2 left out").wait_for()
        assert query(page)["exclude"] == "3,7"
        page.get_by_label("Kaplan, size and data").check()
        page.wait_for_function(
            "() => document.querySelectorAll('[aria-label=\"Laws side by side\"] thead th').length === 4"
        )
        assert query(page)["laws"] == "chinchilla,kaplan,quanta"


def test_long_work_shows_progress_and_is_cancelled(address: str, browser: Any) -> None:
    with opened(browser, f"{address}/?view=forecast") as page:
        averaging = page.get_by_text("Averaging every law that reads these columns").first
        averaging.wait_for()
        page.get_by_role("progressbar", name="Averaging").wait_for()
        page.get_by_role("button", name="Cancel").click()
        page.get_by_text("Cancelled.").wait_for()
        assert page.get_by_role("region", name="Weights of the laws").count() == 0


def test_a_budget_is_dragged_and_a_link_gives_the_same_plan(address: str, browser: Any, shared: str) -> None:
    with opened(browser, f"{address}/?view=forecast&table={shared}&exclude=3") as page:
        answered = "() => document.querySelector('#view').dataset.answered"
        page.wait_for_function(answered)
        before = page.locator(".answer dd.value").first.inner_text()
        slider = page.get_by_label("Budget", exact=False).locator("visible=true").and_(page.locator("#budget"))
        slider.focus()
        for _ in range(20):
            slider.press("ArrowRight")
        page.wait_for_function("() => location.search.includes('compute=')")
        after = page.locator(".answer dd.value").all_inner_texts()
        assert after[0] != before
        assert "10" in slider.get_attribute("aria-valuetext")
        other = page.get_by_label("A model of another size", exact=False)
        other.focus()
        other.press("End")
        page.get_by_text("Wasted by another size").wait_for()
        page.wait_for_function("() => location.search.includes('size=10')")
        link, shown = page.url, page.locator(".answer").first.inner_text()
        page.get_by_role("region", name="Weights of the laws").wait_for()
    with opened(browser, link) as page:
        page.wait_for_function(answered)
        page.get_by_text("Wasted by another size").wait_for()
        assert page.locator(".answer").first.inner_text() == shown


def test_a_law_of_one_size_forecasts_along_it(address: str, browser: Any, shared: str) -> None:
    with opened(browser, f"{address}/?view=forecast&table={shared}&law=power_floor:tokens&exclude=3") as page:
        exact = page.get_by_label("exactly, tokens")
        exact.fill("2T")
        exact.press("Enter")
        page.wait_for_function("() => location.search.includes('tokens=2e12')")
        page.wait_for_function("() => document.querySelector('#view').dataset.answered === '2000000000000'")
        page.get_by_text("1.3 decades beyond", exact=True).wait_for()
        page.get_by_label("Law", exact=True).select_option("kappa")
        page.get_by_text("Tokens a parameter").wait_for()
        assert "tokens" not in query(page)


def test_charts_are_saved_as_svg_png_and_data(address: str, browser: Any, shared: str, tmp_path: Path) -> None:
    with opened(browser, f"{address}/?table={shared}&exclude=3") as page:
        page.wait_for_function(DRAWN)
        kept = {}
        for format_ in ("SVG", "PNG", "CSV"):
            with page.expect_download() as download:
                page.locator("button.save", has_text=format_).click()
            name = download.value.suggested_filename
            assert name == f"runs.{format_.lower()}"
            download.value.save_as(tmp_path / name)
            kept[format_] = (tmp_path / name).read_bytes()
        assert kept["SVG"].startswith(b"<svg")
        assert kept["SVG"].count(b'class="point"') == 36
        assert kept["PNG"].startswith(b"\x89PNG")
        lines = kept["CSV"].decode().splitlines()
        assert lines[0] == "row,params,tokens,loss,"
        assert len(lines) == 37
        assert lines[3].endswith("left out")
        page.get_by_text("Data as a table").click()
        page.locator("details.data tbody tr").nth(35).wait_for()


def test_two_sessions_at_once_keep_their_own_and_share_by_link(address: str, browser: Any, tmp_path: Path) -> None:
    with opened(browser, address) as one, opened(browser, address) as other:
        bring(one, table(tmp_path / "one.csv", "one", 30))
        bring(other, table(tmp_path / "other.csv", "other", 24))
        assert query(one)["table"] != query(other)["table"]
        assert one.get_by_text("30 runs, 5 columns").count() == 1
        assert other.get_by_text("24 runs, 5 columns").count() == 1
        other.goto(one.url)
        other.get_by_text("30 runs, 5 columns").wait_for()
        other.wait_for_function(DRAWN)


def test_an_upload_that_is_gone_is_told(address: str, browser: Any) -> None:
    with opened(browser, f"{address}/?table=u0123456789abcdef0123", said="status of 422") as page:
        page.get_by_role("alert").wait_for()
        assert "drop the file in again" in page.get_by_role("alert").inner_text()
        page.get_by_label("A table that is here").select_option("tiny-lm")
        page.get_by_role("heading", name="tiny-lm", level=1).wait_for()
        page.wait_for_function(DRAWN)


def test_tabs_go_by_keyboard_and_the_theme_changes(address: str, browser: Any) -> None:
    with opened(browser, address) as page:
        page.wait_for_function(DRAWN)
        page.get_by_role("tab", name="Runs").focus()
        page.keyboard.press("ArrowLeft")
        assert page.get_by_role("tab", name="Quanta").get_attribute("aria-selected") == "true"
        page.keyboard.press("Home")
        assert page.evaluate("() => document.activeElement.id") == "tab-runs"
        page.wait_for_function(DRAWN)
        paper = "() => getComputedStyle(document.body).backgroundColor"
        before = page.evaluate(paper)
        page.get_by_role("button", name="Switch to the dark theme").click()
        assert page.evaluate(paper) != before
        page.wait_for_function("() => document.querySelector('.chart').layout.paper_bgcolor === '#16191d'")


@pytest.mark.parametrize("view", ["runs", "fit", "forecast"])
def test_a_phone_never_scrolls_sideways(address: str, browser: Any, shared: str, view: str) -> None:
    with opened(browser, f"{address}/?view={view}&table={shared}&bootstrap=0", 360, 740) as page:
        page.wait_for_function(DRAWN)
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 360
        outside = """() => [...document.querySelectorAll('main *')].filter((one) => !one.closest('.scroll, svg, .unseen') &&
            one.getBoundingClientRect().right > 361).length"""
        assert page.evaluate(outside) == 0
        assert page.evaluate(UNNAMED) == []


def test_numbers_are_written_as_the_report_writes_them(address: str, browser: Any) -> None:
    from quantal.report import words

    values = [
        0.0,
        1.0,
        16.0,
        0.34731,
        -0.0123,
        2143.4,
        1e3,
        999.6,
        7.31e10,
        512.0,
        3e18,
        5.76e23,
        1e21,
        4.5e-7,
        -6.4e13,
    ]
    with opened(browser, address) as page:
        page.wait_for_function(DRAWN)
        for name, write in (("power", words.power), ("size", words.size), ("number", words.number)):
            script = f"async (values) => {{ const m = await import('/static/numbers.js'); return values.map((x) => m.{name}(x)); }}"
            assert page.evaluate(script, values) == [write(x) for x in values], name
        script = "async (values) => { const m = await import('/static/numbers.js'); return values.map((x) => m.percent(x)); }"
        shares = [0.0, 0.01234, 0.5, 1.0, 0.00004]
        assert page.evaluate(script, shares) == [words.percent(x) for x in shares]
