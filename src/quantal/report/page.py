"""The page: one file that holds its styles, its script, plotly and its data, and asks the network for nothing."""

from __future__ import annotations

import base64
import hashlib
from importlib import resources

from quantal.errors import QuantalError
from quantal.report import sections_answer, sections_compute, sections_end, sections_laws
from quantal.report.analysis import Analysis
from quantal.report.chart import Chart
from quantal.report.figure import shown
from quantal.report.markup import Html, element, joined, json_script
from quantal.report.palette import RAMPS, SURFACES, THEMES


def report_page(found: Analysis) -> str:
    """The report as HTML."""
    planned, joint = found.leading in found.plans, bool(found.approaches)
    curves = sections_compute.curves(found) if joint else None
    sections = [
        ("answer", "The answer", sections_answer.answer(found)),
        ("read", "What was read", sections_answer.what_was_read(found)),
        ("laws", "Laws, ranked", sections_laws.ranking(found)),
        ("parameters", "Parameters", sections_laws.parameters(found)),
        ("fit", "The law against the runs", sections_laws.against_runs(found)),
        ("isoflops", "Fixed budgets", curves),
        ("surface", "Loss surface", sections_compute.surface(found) if planned else None),
        ("forecast", "Forecast and plans", sections_compute.forecast(found)),
        ("approaches", "Three approaches", sections_compute.approaches(found) if joint else None),
        ("quanta", "Quantization reading", sections_end.reading(found)),
        ("runs", "Runs that weigh", sections_end.weighing_runs(found)),
        ("warnings", "Warnings", sections_end.warned(found)),
        ("settings", "Data and settings", sections_end.data_and_settings(found)),
    ]
    kept = [(name, heading, body) for name, heading, body in sections if body is not None]
    links = [element("li", element("a", heading, href=f"#{name}")) for name, heading, _ in kept]
    parts = [
        element("section", element("h2", heading, id=f"{name}-title"), body, id=name, aria_labelledby=f"{name}-title")
        for name, heading, body in kept
    ]
    title = f"Scaling laws of {found.runs.source}"
    header = element(
        "header",
        element("p", "quantal report", class_="overline"),
        element("h1", title),
        element("p", sections_answer.lead_sentence(found), class_="lead"),
    )
    navigation = element("nav", element("ol", links), aria_label="Sections")
    return document(title, joined(navigation, element("main", header, parts, id="main")))


def chart_page(chart: Chart) -> str:
    """One chart as HTML."""
    return document(chart.title, element("main", shown(chart), id="main", class_="single"))


def document(title: str, body: Html, *, style: str = "", script: str = "", skip: str = "Skip to the report") -> str:
    """A whole page around ``body``, with everything that it needs inside; ``style`` and ``script`` come after the page's own."""
    style, script = static_text("page.css") + style, static_text("page.js") + script
    library = plotly_script()
    allowed = " ".join(f"'sha256-{_digest(text)}'" for text in (library, script))
    policy = (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; font-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="generator", content="quantal"),
        element("title", title),
        Html(f"<style>{style}</style>"),
    )
    toggle = element("button", "Dark", id="theme", type="button", aria_pressed="false", class_="noprint")
    themes = json_script("themes", {"colours": THEMES, "ramp": RAMPS, "surface": SURFACES})
    scripts = Html(f"<script>{library}</script><script>{script}</script>")
    skipped = element("a", skip, href="#main", class_="skip")
    page = element("html", head, element("body", skipped, toggle, body, themes, scripts), lang="en")
    return f"<!doctype html>\n{page}\n"


def plotly_script() -> str:
    """plotly.min.js out of the plotly package.

    Raises:
        QuantalError: the package is not installed whole.
    """
    try:
        found = resources.files("plotly").joinpath("package_data", "plotly.min.js").read_text(encoding="utf-8")
    except (ModuleNotFoundError, FileNotFoundError):
        raise QuantalError(
            "plotly.min.js is missing: the page's charts are drawn by it; install it with python -m pip install plotly"
        ) from None
    return found.replace("</script", r"<\/script").replace("<!--", r"<\!--")


def static_text(name: str) -> str:
    """A file of the page's own styles and scripts."""
    return resources.files("quantal.report").joinpath("static", name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
