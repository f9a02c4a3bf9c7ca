"""The API of runs, fits and forecasts gives the library's own numbers, and answers every odd question in words."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from page_server import served
from test_app_server import ask

import quantal as ql
from quantal.errors import QuantalWarning

pytestmark = pytest.mark.extras

TABLE = {"table": "tiny-lm"}
LAWS = ["chinchilla", "kaplan", "power:compute"]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served() as found:
        yield found


def post(address: str, path: str, body: Any) -> tuple[int, Any]:
    status, _, content = ask(address, path, json.dumps(body).encode())
    return status, content


def job(address: str, path: str, body: Any) -> Any:
    status, found = post(address, path, body)
    assert status == 202, found
    while found["state"] in ("waiting", "running"):
        _, _, found = ask(address, f"/api/jobs/{found['id']}?wait=20")
    return found


@pytest.fixture(scope="module")
def fits(address: str) -> dict[str, Any]:
    found = job(address, "/api/fits", TABLE | {"laws": LAWS, "bootstrap": 40, "exclude": [3, 9]})
    return {one["law"]: one for one in found["result"]["fits"]}


@pytest.fixture(scope="module")
def own() -> ql.Fit:
    runs = ql.read_runs("tiny-lm")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QuantalWarning)
        return ql.fit(runs.take(~np.isin(runs.rows, [3, 9])), "chinchilla", bootstrap=40)


def test_a_fit_has_the_parameters_and_intervals_of_the_library(fits: dict[str, Any], own: ql.Fit) -> None:
    told = {one["name"]: one["estimate"] for one in fits["chinchilla"]["parameters"]}
    assert told == {name: one.to_dict() for name, one in own.parameters.items()}
    assert fits["chinchilla"]["objective"]["value"] == own.value
    assert fits["chinchilla"]["n_runs"] == 78
    assert [one["verdict"] for one in fits["chinchilla"]["parameters"]] == [one.word for one in own.verdicts.values()]


def test_a_plan_and_a_prediction_are_those_of_the_library(address: str, fits: dict[str, Any], own: ql.Fit) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QuantalWarning)
        plan = ql.plan(own, 1e15)
    _, told = post(address, "/api/plans", {"fit": fits["chinchilla"]["id"], "compute": 1e15, "relative": 2, "price": 3})
    for name in ("params", "tokens", "loss", "tokens_per_param", "params_exponent"):
        assert told["numbers"][name]["estimate"] == getattr(plan, name).to_dict()
    assert plan.params.value is not None
    share = plan.wasted_by(2 * plan.params.value).value
    assert share is not None
    assert told["wasted"]["value"] == f"{100 * share:.0f}\u00a0%"
    assert told["cost"]["flops"] == 1e15
    _, told = post(address, "/api/predictions", {"fit": fits["chinchilla"]["id"], "at": {"params": 1e6, "tokens": 1e8}})
    assert told["estimate"] == own.predict(params=1e6, tokens=1e8).to_dict()


def test_an_average_is_that_of_the_library(address: str) -> None:
    table = TABLE | {"exclude": list(range(21, 81))}
    found = job(address, "/api/averages", table | {"inputs": ["tokens"]})["result"]
    _, told = post(address, "/api/forecasts", {"average": found["id"], "at": {"tokens": 1e8}})
    runs = ql.read_runs("tiny-lm")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QuantalWarning)
        expected = ql.forecast(runs.take(runs.rows <= 20), tokens=1e8)
    assert told["levels"]["80"]["estimate"] == expected.loss.to_dict()
    assert [one["weight"] for one in told["laws"]] == [one["weight"] for one in expected.laws]
    assert not any(one["alone"] for one in told["laws"])
    found = job(address, "/api/averages", TABLE | {"inputs": ["params", "tokens"]})["result"]
    _, told = post(address, "/api/forecasts", {"average": found["id"], "at": {"params": 1e6, "tokens": 2e7}})
    assert all(0.9 < float(one["alone"]) < 1.2 for one in told["laws"])


def test_a_ranking_is_that_of_the_library(address: str) -> None:
    laws = ["power_floor:compute", "power:compute"]
    told = job(address, "/api/comparisons", TABLE | {"laws": laws})["result"]
    expected = ql.compare("tiny-lm", laws, criteria=False)
    assert [one["law"] for one in told["laws"]] == [one.law for one in expected.laws]
    assert [one["heldout_error"] for one in told["laws"]] == [one.heldout_error for one in expected.laws]
    assert told["chart"]["figure"]["data"]


ODD: list[tuple[str, dict[str, Any], str]] = [
    ("/api/plans", {"fit": "FIT", "compute": 5}, "above six"),
    ("/api/plans", {"fit": "FIT", "compute": 1e300}, "compute"),
    ("/api/plans", {"fit": "FIT", "compute": "much"}, "compute"),
    ("/api/plans", {"fit": "FIT", "compute": 100, "relative": 1000}, "leave at least a token"),
    ("/api/plans", {"fit": "FIT", "compute": 1e15, "hardware": "zx80"}, "Known: h100"),
    ("/api/plans", {"fit": "POWER", "compute": 1e15}, "plan with a joint law"),
    ("/api/plans", {"fit": "none", "compute": 1e15}, "ask for it again"),
    ("/api/predictions", {"fit": "FIT", "at": {}}, "predict(params=..., tokens=...)"),
    ("/api/runs/points", TABLE | {"x": "run", "y": "loss"}, "holds labels"),
    ("/api/runs/points", TABLE | {"x": "lss", "y": "loss"}, "Did you mean 'loss'"),
    ("/api/runs/row", TABLE | {"row": 10**30}, "rows go from 1 to 80"),
    ("/api/runs/page", TABLE | {"by": "nope"}, "no column 'nope'"),
    ("/api/runs", TABLE | {"take": {"loss": "run"}}, "is no measurement"),
    ("/api/fits", TABLE | {"laws": ["chinchila"]}, "Did you mean 'chinchilla'"),
    ("/api/fits", TABLE | {"laws": ["chinchilla"], "exclude": list(range(1, 81))}, "no row is left"),
    ("/api/comparisons", TABLE | {"target": "nope"}, "no law reads the columns"),
]


@pytest.mark.parametrize(("path", "body", "says"), ODD, ids=[f"{path} {says}" for path, _, says in ODD])
def test_an_odd_question_is_answered_in_words(
    address: str, fits: dict[str, Any], path: str, body: dict[str, Any], says: str
) -> None:
    ids = {"FIT": fits["chinchilla"]["id"], "POWER": fits["power:compute"]["id"]}
    status, content = post(address, path, body | ({"fit": ids.get(body["fit"], body["fit"])} if "fit" in body else {}))
    assert status == 422
    assert says in content["error"]["message"]


def test_a_job_that_cannot_be_done_says_why(address: str) -> None:
    found = job(address, "/api/fits", TABLE | {"laws": ["chinchilla"], "target": "run"})
    assert "holds no single number" in found["result"]["refused"]["chinchilla"]
    found = job(address, "/api/next-runs", TABLE | {"params": 1e6, "tokens": 1e7, "budget": 1e-3})
    assert (found["state"], "buys no run" in found["error"]) == ("failed", True)
