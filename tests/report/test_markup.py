"""HTML by construction: texts are escaped, data cannot leave their script."""

from __future__ import annotations

import html
import json
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from quantal.report.markup import Html, element, joined, json_script, table


@given(st.text())
@settings(max_examples=200, deadline=None)
def test_texts_and_attributes_come_back_as_they_went_in(text: str) -> None:
    made = element("p", text, title=text)
    inside = re.fullmatch(r'<p title="([^"<>]*)">([^<>]*)</p>', made)
    assert inside is not None
    assert [html.unescape(part) for part in inside.groups()] == [html.unescape(html.escape(text))] * 2


@given(st.dictionaries(st.text(), st.text() | st.floats(allow_nan=False, allow_infinity=False)))
@settings(max_examples=200, deadline=None)
def test_data_in_a_script_come_back_and_cannot_close_it(data: dict[str, object]) -> None:
    made = json_script("data", data)
    inside = made.removeprefix('<script type="application/json" id="data">').removesuffix("</script>")
    assert "<" not in inside
    assert json.loads(inside) == data


def test_markup_stays_and_text_does_not() -> None:
    assert joined("<i>", Html("<i></i>"), None, ["&", element("br")]) == "&lt;i&gt;<i></i>&amp;<br>"


def test_a_table_has_caption_and_headings() -> None:
    made = table("Runs & laws", ("name", "x"), [("<a>", "1")], numeric=[1])
    assert "<caption><div>Runs &amp; laws</div></caption>" in made
    assert '<th scope="row">&lt;a&gt;</th><td class="num">1</td>' in made
