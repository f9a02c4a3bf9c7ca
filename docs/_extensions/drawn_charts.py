"""``:::{chart} name``: the chart that the page's own Python blocks left under that name, drawn in the page.

The blocks of the page are run once, in order, when it is built; the tests run the same blocks.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import tempfile
import warnings
from html import escape
from importlib import resources
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

_BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


class DrawnChart(SphinxDirective):
    """A chart made by the page's code."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        from quantal.report import Chart
        from quantal.report.drawing import figure

        place = self.env.doc2path(self.env.docname)
        scopes = self.env.temp_data
        if "quantal_scope" not in scopes:
            scopes["quantal_scope"] = _ran(Path(place).read_text(encoding="utf-8"))
        chart = scopes["quantal_scope"].get(self.arguments[0])
        if not isinstance(chart, Chart):
            raise self.error(f"{self.arguments[0]!r} is no chart that the Python blocks of this page make")
        self.env.metadata[self.env.docname]["charts"] = "yes"
        data = json.dumps(figure(chart), allow_nan=False).replace("<", "\\u003c")
        html = (
            f'<figure class="chart"><div class="plot" role="img" aria-label="{escape(chart.alt or chart.title)}" '
            f'style="height:{chart.height}px"></div><script type="application/json">{data}</script>'
            f"<figcaption><strong>{escape(chart.title)}.</strong> {escape(chart.caption)}</figcaption></figure>"
        )
        return [nodes.raw("", html, format="html")]


def _ran(text: str) -> dict[str, Any]:
    """The names that the Python blocks of a page leave, run in an empty folder."""
    scope: dict[str, Any] = {}
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(action="ignore"):
        os.chdir(folder)
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                for code in _BLOCK.findall(text):
                    exec(compile(code, "documentation", "exec"), scope)
        finally:
            os.chdir(before)
    return scope


def _themes() -> str:
    from quantal.report.palette import RAMPS, SURFACES, THEMES

    return f"window.quantalThemes = {json.dumps({'colours': THEMES, 'ramp': RAMPS, 'surface': SURFACES})};"


def _with_scripts(app: Any, pagename: str, _template: str, _context: Any, _doctree: Any) -> None:
    if app.env.metadata.get(pagename, {}).get("charts"):
        app.add_js_file("plotly.min.js")
        app.add_js_file(None, body=_themes())
        app.add_js_file("charts.js")


def _plotly(app: Any, config: Any) -> None:
    config.html_static_path.append(str(resources.files("plotly").joinpath("package_data", "plotly.min.js")))


def setup(app: Any) -> dict[str, Any]:
    app.add_directive("chart", DrawnChart)
    app.connect("config-inited", _plotly)
    app.connect("html-page-context", _with_scripts)
    return {"parallel_read_safe": True}
