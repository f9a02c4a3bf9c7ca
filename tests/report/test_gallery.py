"""The gallery of a discovery: complete, escaped, and quick enough to open and scroll in a real browser."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from quantal.discover import Chosen, Cosines, Discovery, Token, calibrated_slope, planted
from quantal.discover.clusters import by_size
from quantal.discover.discovery import described
from quantal.report.gallery import gallery_page, save_gallery

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\u2028"


def discovery(count: int, clusters: int) -> Discovery:
    cosines, truth = planted(count, clusters, seed=0)
    labels = by_size(truth)
    rng = np.random.default_rng(0)
    tokens = tuple(
        Token((1, 2), 1, 0.01, f"file{one}.txt", f"before {one} {HOSTILE}", f"word{one % 7}", " after\nthat")
        for one in range(count)
    )
    found = described(cosines, labels, rng.random(labels.max() + 1), null=0.1, losses=rng.random(count), most=3.0)
    slope = calibrated_slope(cosines, {clusters: labels}, repeats=0)
    measured = Cosines(cosines, "sketch", 0.004, 1000, 65_537)
    return Discovery(
        "a <b>model</b>",
        "corpus.txt",
        Chosen(tokens, 9 * count, 2 * count),
        measured,
        labels,
        found,
        slope,
        None,
        0.1,
        0.08,
        1.0,
        2.0,
    )


def test_every_token_and_cluster_is_there_and_escaped(tmp_path: Path) -> None:
    found = discovery(200, 12)
    page = gallery_page(found)
    assert page.count("<article") == len(found.clusters)
    assert page.count("<mark>") == 200
    assert "alert(1)</script><img" not in page
    assert "&lt;b&gt;model&lt;/b&gt;" in page
    assert "after↵that" in page
    assert len(re.findall(r"<img src=\"data:image/png;base64,", page)) == 1
    save_gallery(found, str(tmp_path / "gallery.html"))
    assert (tmp_path / "gallery.html").read_text(encoding="utf-8") == page


def until(page: Any, condition: str) -> None:
    """Wait for a condition; `wait_for_function` would evaluate text, which the page's own policy forbids."""
    for _ in range(600):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(100)
    raise AssertionError(condition)


@pytest.mark.browser
def test_ten_thousand_tokens_in_a_browser(tmp_path: Path) -> None:
    playwright: Any = pytest.importorskip("playwright.sync_api")
    path = tmp_path / "gallery.html"
    save_gallery(discovery(10_000, 300), str(path))
    with playwright.sync_playwright() as started:
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
        browser = started.chromium.launch(executable_path="/usr/bin/chromium", args=options)
        try:
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            errors: list[str] = []
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
            session = page.context.new_cdp_session(page)
            session.send("Performance.enable", {"timeDomain": "threadTicks"})

            def work() -> float:
                metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
                return metrics["TaskDuration"]

            page.goto(path.as_uri())
            until(page, "document.getElementById('count').textContent.startsWith('10,000 tokens')")
            opened = work()
            page.evaluate(
                """async () => { for (let i = 0; i < 100; i += 1) { window.scrollTo({ top: 400 * i, behavior: "instant" });
                await new Promise((done) => requestAnimationFrame(done)); } }"""
            )
            scrolled = (work() - opened) / 100
            page.fill("#search", "word3")
            until(page, "!document.getElementById('count').textContent.startsWith('10,000')")
            assert page.inner_text("#count").startswith("1,42")
            assert not errors
            print(f"opened with {opened:.2f} s of CPU, scrolled with {1000 * scrolled:.1f} ms a frame")
        finally:
            browser.close()
