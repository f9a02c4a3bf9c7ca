"""The local page in a real Chromium: until it answers, 100,000 runs loaded and drawn, hover, sliders, the server's memory.

Limits: 2 s until the page answers, 5 s for 100,000 runs, hover within 200 ms, a slider's answer within 100 ms at the
median, the server (with its workers' process) under 600 MB. Run: python benchmarks/app_speed.py [TABLE]
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import sync_playwright

ROWS = 100_000
PORT = 8479
VISITS, HOVERS, MOVES = 7, 100, 40
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
READY = "() => document.documentElement.dataset.ready === 'yes'"
DRAWN = "() => document.querySelector('.chart[data-drawn]') !== null"
TAB = """() => new Promise((done) => {
  const start = performance.now();
  document.getElementById("tab-theory").click();
  requestAnimationFrame(() => setTimeout(() => done([start, performance.now() - start])));
})"""
WATCH_HOVER = """() => {
  window.hovers = [];
  let moved = 0;
  document.querySelector(".chart").addEventListener("pointermove", (event) => { moved = event.timeStamp; }, true);
  new MutationObserver(() => {
    const at = moved;
    requestAnimationFrame(() => setTimeout(() => { if (at) window.hovers.push(performance.now() - at); }));
    moved = 0;
  }).observe(document.querySelector(".tip"), { childList: true });
}"""
WATCH_SLIDER = """() => {
  window.answers = [];
  let moved = 0;
  document.addEventListener("input", (event) => { moved ||= event.timeStamp; }, true);
  const place = document.querySelector("#view [data-answered]") ?? document.querySelector("#view");
  new MutationObserver(() => {
    const at = moved;
    moved = 0;
    requestAnimationFrame(() => setTimeout(() => { if (at) window.answers.push(performance.now() - at); }));
  }).observe(place, { attributeFilter: ["data-answered"] });
}"""


def write_table(path: Path) -> None:
    """Random Chinchilla-like runs with a label."""
    rng = np.random.default_rng(0)
    params, tokens = 10 ** rng.uniform(6, 10, ROWS), 10 ** rng.uniform(8, 12, ROWS)
    loss = (1.7 + 400 * params**-0.34 + 2000 * tokens**-0.37) * np.exp(rng.normal(0, 0.01, ROWS))
    with path.open("w") as file:
        file.write("params,tokens,loss,name\n")
        for i, row in enumerate(zip(params.tolist(), tokens.tolist(), loss.tolist(), strict=True)):
            file.write(f"{row[0]:.6g},{row[1]:.6g},{row[2]:.6f},run-{i}\n")


@contextmanager
def server(table: str) -> Iterator[tuple[str, int]]:
    """The address of a server in a process of its own, and that process."""
    command = [sys.executable, "-m", "quantal", "app", table, "--no-browser", "--json", "--port", str(PORT)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = json.loads("".join(iter(process.stdout.readline, "}\n")) + "}")
        yield told["url"], process.pid
        process.terminate()


def memory(pid: int) -> dict[str, int]:
    """Megabytes that the server holds, and it together with the process of its workers (shared pages counted once)."""
    tree = [pid, *(int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]
    peak = _kilobytes(f"/proc/{pid}/status", "VmHWM")
    return {
        "peak_mb": peak // 1024,
        "with_workers_mb": sum(_kilobytes(f"/proc/{one}/smaps_rollup", "Pss") for one in tree) // 1024,
    }


def _kilobytes(path: str, name: str) -> int:
    line = next(line for line in Path(path).read_text().splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1])


def visits(browser: Any, address: str) -> dict[str, float]:
    """Milliseconds from the start of a first visit until the page is there and a click on a tab has shown another view."""
    found = []
    for _ in range(VISITS):
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        page = context.new_page()
        page.goto(address, wait_until="commit")
        page.wait_for_function(READY)
        start, took = page.evaluate(TAB)
        found.append(start + took)
        context.close()
    return {"median_ms": round(statistics.median(found)), "worst_ms": round(max(found))}


def many_runs(page: Any, address: str, path: Path) -> dict[str, Any]:
    """Seconds from giving 100,000 runs to the page until they are drawn, and how soon hover answers over them."""
    page.goto(address)
    page.wait_for_function(DRAWN)
    begun = time.perf_counter()
    page.set_input_files("#file", path)
    page.wait_for_function(
        "() => document.querySelector('h1').textContent === 'many.csv' && document.querySelector('.chart[data-drawn]')"
    )
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    loaded = time.perf_counter() - begun
    page.locator(".chart").scroll_into_view_if_needed()
    page.evaluate(WATCH_HOVER)
    box = page.locator(".chart").bounding_box()
    rng = np.random.default_rng(1)
    for x, y in rng.uniform((0.2, 0.2), (0.9, 0.7), (HOVERS, 2)):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        page.wait_for_timeout(30)
    return {"loaded_s": round(loaded, 2), "hover": spread(page.evaluate("() => window.hovers"))}


def slider(page: Any, address: str, view: str) -> dict[str, Any]:
    """How soon the numbers and charts of a view follow a slider that is moved step by step."""
    page.goto(f"{address}?view={view}")
    page.wait_for_function("() => document.querySelector('#view[data-answered], #view [data-answered]') !== null")
    page.wait_for_timeout(1500)
    control = page.locator("input[type=range]").first
    control.focus()
    page.evaluate(WATCH_SLIDER)
    for _ in range(MOVES):
        control.press("ArrowRight")
        page.wait_for_timeout(150)
    page.wait_for_timeout(500)
    return spread(page.evaluate("() => window.answers"))


def spread(milliseconds: list[float]) -> dict[str, Any]:
    """Count, median, 95th percentile and worst."""
    found = sorted(milliseconds)
    at = found[min(len(found) - 1, int(0.95 * len(found)))]
    return {
        "n": len(found),
        "median_ms": round(statistics.median(found)),
        "p95_ms": round(at),
        "worst_ms": round(found[-1]),
    }


def main() -> None:
    table = sys.argv[1] if len(sys.argv) > 1 else "tiny-lm"
    chromium = os.environ.get("QUANTAL_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play, server(table) as (address, pid):
        write_table(path := Path(folder) / "many.csv")
        browser = play.chromium.launch(executable_path=chromium, args=OPTIONS)
        first = visits(browser, address)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        runs = many_runs(page, address, path)
        budget, theory = slider(page, address, "forecast"), slider(page, address, "theory")
        held = memory(pid)
        browser.close()
    results = [
        ("page answers", first, first["median_ms"] < 2000),
        (f"{ROWS:,} runs loaded and drawn", {"s": runs["loaded_s"]}, runs["loaded_s"] < 5),
        (f"hover over {ROWS:,} points", runs["hover"], runs["hover"]["p95_ms"] < 200),
        ("budget slider", budget, budget["median_ms"] < 100),
        ("slider of the theory", theory, theory["median_ms"] < 100),
        ("memory of the server", held, max(held.values()) < 600),
    ]
    load = round(os.getloadavg()[0], 1)
    for what, figures, passed in results:
        print(json.dumps({"what": what} | figures | {"passed": passed, "load": load, "table": table}))


if __name__ == "__main__":
    main()
