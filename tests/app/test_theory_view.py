"""The numbers and charts behind the sliders of the theory, and the route that gives them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantal.errors import InputError

pytestmark = pytest.mark.extras


def answer(**query: str) -> dict[str, Any]:
    from quantal.app.theory_answer import theory_answer
    from quantal.app.theory_controls import read_setting

    return theory_answer(read_setting(query))


@st.composite
def queries(draw: st.DrawFn) -> dict[str, str]:
    from quantal.app.theory_controls import CONTROLS, LAWS, RULES

    law, rule = draw(st.sampled_from(sorted(LAWS))), draw(st.sampled_from(sorted(RULES)))
    query = {"frequencies": law, "rule": rule}
    for name in (*LAWS[law][1], *RULES[rule][1]):
        control = CONTROLS[name]
        share = draw(st.floats(0, 1))
        if control.scale == "log":
            value = control.least * (control.most / control.least) ** share
        else:
            value = control.least + share * (control.most - control.least)
        value = min(max(value, control.least), control.most)
        query[name] = str(round(value) if control.whole else value)
    return query


@settings(max_examples=40, deadline=None)
@given(queries())
def test_wherever_the_sliders_stand_the_loss_falls_from_ceiling_to_floor_and_all_is_json(query: dict[str, str]) -> None:
    found = answer(**query)
    json.dumps(found, allow_nan=False)
    floor, ceiling = found["floor"], found["ceiling"]
    for curve in found["curves"].values():
        loss = np.array(curve["loss"])
        assert np.all(np.diff(loss) <= 1e-7 * ceiling)
        assert np.all((loss >= floor * (1 - 1e-7)) & (loss <= ceiling * (1 + 1e-7)))
    learned = [one["learned"] for one in found["emergence"]["quanta"]]
    assert np.all((np.array(learned) >= 0) & (np.array(learned) <= 1))


def test_the_numbers_are_those_of_the_theory() -> None:
    import quantal.theory as qt

    found = answer(gamma="0.7", count="5000", tau="4", learned_loss="1", unlearned_loss="3")
    model, rule = qt.QuantaModel(qt.Zipf(0.7, count=5000), 1.0, 3.0), qt.Poisson(4)
    samples = found["curves"]["samples"]
    assert np.allclose(samples["loss"], model.loss(samples=samples["amount"], rule=rule), rtol=1e-7)
    params = found["curves"]["params"]
    assert np.allclose(params["loss"], model.loss(params=params["amount"]), rtol=1e-7)
    assert found["exponents"]["params"] == model.exponents(rule=rule).params
    stairs = found["staircase"]
    assert np.allclose(stairs["loss"], model.loss_after(np.arange(41)), rtol=1e-7)
    middle = found["emergence"]["quanta"][2]
    assert middle["rank"] == 10
    assert middle["middle"] == pytest.approx(
        qt.emergence_of(10, model.frequencies, "samples", rule=rule).middle, rel=1e-6
    )


def test_a_law_without_a_power_law_says_so() -> None:
    found = answer(frequencies="lognormal")
    assert found["curves"]["samples"]["power_law"] is None
    assert "no power law" in found["curves"]["samples"]["reason"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"gamma": "much"}, "gamma = 'much': it must be a number from 0.02 to 2; write gamma=0.4"),
        ({"gamma": "nan"}, "gamma = 'nan': it must be a number"),
        ({"gamma": "9"}, "gamma = '9': it must be a number from 0.02 to 2"),
        ({"count": "10.5"}, "count = '10.5': it must be a whole number from 1 to 1e+12, or inf; write count=inf"),
        ({"frequencies": "zpif"}, "Did you mean 'zipf'?"),
        ({"rule": "hard", "power": "2"}, "zipf frequencies under the rule hard have no power"),
        ({"frequencies": "lognormal", "count": "inf"}, "count = inf: lognormal frequencies have finitely many quanta"),
        ({"learned_loss": "4", "unlearned_loss": "3"}, "learning must lower the loss"),
    ],
)
def test_what_no_slider_can_say_is_refused(query: dict[str, str], words: str) -> None:
    with pytest.raises(InputError) as refused:
        answer(**query)
    assert words in str(refused.value)


def test_the_charts_hold_what_the_numbers_say() -> None:
    from quantal.app.theory_charts import theory_charts

    found = answer(count="1000")
    for show in ("above", "whole"):
        specs = theory_charts(found, show)
        assert [one["name"] for one in specs] == [
            "theory-params", "theory-samples", "theory-steps", "theory-staircase", "theory-emergence",
        ]  # fmt: skip
        drawn = specs[1]["figure"]["data"][0]["y"]
        assert drawn == found["curves"]["samples"]["loss" if show == "whole" else "above"]
        assert all(one["alt"] and one["caption"] for one in specs)
        json.dumps(specs, allow_nan=False)
    assert specs[4]["figure"]["data"][-1]["text"] == ["1", "3", "10", "30", "100", "300", "1,000"]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    from page_server import served

    with served() as address:
        yield address


def test_the_api_answers_and_refuses_in_words(address: str) -> None:
    from page_server import asked

    status, found = asked(f"{address}/api/theory?gamma=0.5&tau=2")
    assert status == 200
    assert found["exponents"]["samples"] == pytest.approx(1 / 3)
    assert math.isclose(found["floor"], 1.7)
    status, found = asked(f"{address}/api/theory/charts?show=whole")
    assert (status, len(found["charts"])) == (200, 5)
    status, found = asked(f"{address}/api/theory/controls")
    assert found["laws"]["zipf"]["controls"] == ["gamma", "count"]
    status, found = asked(f"{address}/api/theory?gamma=%3Cb%3E")
    assert status == 422
    assert found["error"]["message"].startswith("gamma = '<b>': it must be a number")
    assert asked(f"{address}/api/theory/charts?show=none")[0] == 422
