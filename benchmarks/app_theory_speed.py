"""How soon the page's view of the theory answers a slider, measured in a real Chromium.

The time runs from a slider's input event to the frame after the last of the five charts has been drawn anew: the server's exact losses,
the way there and back, and the drawing. Every slider is moved over its whole range, for Zipf frequencies and for the others. Beside it
stands the CPU time that a move takes, of the page's main thread and of the server, which a busy machine does not change as much.

    python benchmarks/app_theory_speed.py [moves of each slider]
"""

from __future__ import annotations

import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

LIMIT = 100.0
SETTINGS = (
    "frequencies=zipf&rule=poisson",
    "frequencies=zipf&rule=hill&count=1000000",
    "frequencies=mandelbrot&rule=exponential",
    "frequencies=cutoff&rule=hard",
    "frequencies=geometric&rule=epochs",
    "frequencies=stretched&rule=poisson",
    "frequencies=lognormal&rule=poisson",
)
MOVE = """async ([place, moves]) => {
  const root = document.querySelector("#view [data-answered]");
  const input = document.querySelectorAll(".theory input[type=range]")[place];
  const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
  const told = [];
  for (let i = 0; i < moves; i += 1) {
    const answered = new Promise((done) => {
      const watch = new MutationObserver(() => { watch.disconnect(); done(); });
      watch.observe(root, { attributes: true, attributeFilter: ["data-answered"] });
    });
    performance.clearResourceTimings();
    const begun = performance.now();
    input.value = String(Math.round((Number(input.max) * (i + 0.5)) / moves));
    input.dispatchEvent(new Event("input", { bubbles: true }));
    await answered;
    await frame();
    const asked = performance.getEntriesByType("resource").filter((one) => one.name.includes("/api/theory/charts"));
    const drawn = document.querySelector("#view [role=alert]") === null;
    if (drawn) told.push([performance.now() - begun, asked.length ? asked.at(-1).duration : 0]);
    await new Promise((done) => setTimeout(done, 20));
  }
  return told;
}"""


def main() -> None:
    from playwright.sync_api import sync_playwright

    moves = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    path = os.environ.get("QUANTAL_CHROMIUM") or shutil.which("chromium")
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {moves} moves of each slider; milliseconds")
    everything: list[float] = []
    with served() as (address, server), sync_playwright() as play:
        options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = play.chromium.launch(executable_path=path, args=options)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        for setting in SETTINGS:
            page.goto(f"{address}/?view=theory&{setting}")
            page.wait_for_function("() => document.querySelectorAll('.chart[data-drawn]').length === 5")
            page.wait_for_timeout(500)
            before = cpu(session, server)
            times = measured(page, moves)
            drawn, answered = (
                (after - was) / len(times) for was, after in zip(before, cpu(session, server), strict=True)
            )
            everything += [whole for whole, _ in times]
            request = statistics.median(asked for _, asked in times)
            print(f"{setting:45s} {told([whole for whole, _ in times])}, request {request:5.1f}", end="; ")
            print(f"CPU: page {drawn:4.1f}, server {answered:4.1f}")
        browser.close()
    verdict = "within" if statistics.median(everything) <= LIMIT else "BEYOND"
    print(f"{'all':45s} {told(everything)}  {verdict} {LIMIT:g} ms at the median")


def measured(page: Any, moves: int) -> list[tuple[float, float]]:
    sliders = page.locator(".theory input[type=range]").count()
    return [tuple(one) for place in range(sliders) for one in page.evaluate(MOVE, [place, moves])]


def cpu(session: Any, server: int) -> tuple[float, float]:
    """Milliseconds of CPU that the page's main thread and the server have taken."""
    metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    fields = Path(f"/proc/{server}/stat").read_text().rpartition(")")[2].split()
    return 1e3 * metrics["TaskDuration"], 1e3 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def told(times: list[float]) -> str:
    return f"median {statistics.median(times):5.1f}, 90 % {statistics.quantiles(times, n=10)[-1]:5.1f}"


@contextmanager
def served() -> Iterator[tuple[str, int]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen([sys.executable, "-m", "quantal", "app", "--no-browser", "--port", str(port)])
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{address}/api/theory/controls", timeout=5).close()
                break
            except OSError:
                time.sleep(0.1)
        yield address, server.pid
    finally:
        server.terminate()
        server.wait(10)


if __name__ == "__main__":
    main()
