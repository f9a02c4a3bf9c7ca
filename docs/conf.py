"""The documentation site: Sphinx, the theme furo, Markdown by MyST, and extensions of its own beside this file."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "_extensions"), str(HERE.parent / "src")]

from quantal import __version__  # noqa: E402

project = "quantal"
author = "The quantal authors"
copyright = author
version = release = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "docstring_text",
    "room_reference",
    "command_reference",
    "law_reference",
    "drawn_charts",
    "mathml_equations",
    "other_pages",
]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
exclude_patterns = ["_build", "_extensions"]
myst_enable_extensions = ["colon_fence", "dollarmath", "deflist"]
myst_heading_anchors = 3
suppress_warnings = ["ref.python"]  # a short type name in a signature may be two rooms'

autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_typehints_format = "short"
autodoc_type_aliases = {"ArrayLike": "ArrayLike", "Floats": "Floats", "LearningRule": "LearningRule"}
python_maximum_signature_line_length = 88
python_use_unqualified_type_names = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False

smartquotes_action = "D"  # dashes alone: quotes in prose are often code

html_theme = "furo"
html_title = "quantal"
html_favicon = "_static/favicon.svg"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_math_renderer = "mathml"
html_show_sphinx = False
html_copy_source = False
html_show_sourcelink = False
pygments_style = "friendly"
pygments_dark_style = "github-dark"
html_theme_options = {
    "light_css_variables": {
        "color-brand-primary": "#0b64a0",
        "color-brand-content": "#0b64a0",
        "color-api-name": "#0b64a0",
        "color-api-pre-name": "#5b6168",
    },
    "dark_css_variables": {
        "color-brand-primary": "#6bb3e6",
        "color-brand-content": "#6bb3e6",
        "color-api-name": "#6bb3e6",
        "color-api-pre-name": "#a9adb3",
    },
}
