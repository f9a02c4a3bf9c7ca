"""A saved discovery: what the file keeps, what it refuses, and the pages, searches and charts of the view."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from page_server import asked, served
from planted_quanta import HOSTILE, planted_discovery

from quantal.discover import load_discovery, save_discovery
from quantal.errors import DataError, InputError

pytestmark = pytest.mark.extras


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("quanta") / "found.json"
    save_discovery(planted_discovery(found=True), path)
    return path


def test_a_file_keeps_what_was_found(tmp_path: Path) -> None:
    made = planted_discovery()
    save_discovery(made, tmp_path / "found.json")
    read = load_discovery(tmp_path / "found.json")
    assert read.clusters == made.clusters
    assert read.model == "a <b>model</b>"
    assert [one.before for one in read.tokens] == [one.before for one in made.tokens]
    assert made.slope is not None
    assert read.slope is not None
    assert read.slope.to_dict() == made.slope.to_dict()
    assert read.exponent == 0.3
    order = [token for one in made.clusters for token in one.tokens]
    assert read.picture.shape == (240, 240)
    assert np.abs(read.picture - np.clip(made.cosines.matrix[np.ix_(order, order)], 0, 1)).max() < 0.003
    assert list(tmp_path.iterdir()) == [tmp_path / "found.json"]


def test_what_is_no_saved_discovery_is_refused(saved: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"kept as \.json; write '.*found\.json'"):
        save_discovery(planted_discovery(), tmp_path / "found.csv")
    good = json.loads(saved.read_text(encoding="utf-8"))
    damaged = {
        "no JSON": "{",
        "is no saved discovery of the form quantal.discovery/1": json.dumps({"model": "m"}),
        "names tokens outside 0 to 239": json.dumps({**good, "clusters": [{**good["clusters"][0], "tokens": [240]}]}),
        "damaged discovery": json.dumps({**good, "picture": good["picture"][:-8]}),
        "KeyError: 'tokens'": json.dumps({name: value for name, value in good.items() if name != "tokens"}),
    }
    for words, text in damaged.items():
        (tmp_path / "bad.json").write_text(text, encoding="utf-8")
        with pytest.raises(DataError, match=words) as refused:
            load_discovery(tmp_path / "bad.json")
        assert "quantal discover MODEL --text FILE --save found.json" in str(refused.value)
    with pytest.raises(DataError, match="cannot be read"):
        load_discovery(tmp_path / "none.json")


@pytest.fixture(scope="module")
def address(saved: Path) -> Iterator[str]:
    with served(quanta=str(saved)) as address:
        yield address


def test_pages_orders_and_searches(address: str) -> None:
    status, found = asked(f"{address}/api/quanta")
    assert (status, found["given"], found["tokens"], found["clusters"]) == (200, True, 240, 30)
    assert found["slope"]["predicted"] == -1.3
    page = asked(f"{address}/api/quanta/clusters")[1]
    assert (page["matching"], page["tokens"], len(page["clusters"])) == (30, 240, 20)
    sizes = [one["size"] for one in page["clusters"]]
    assert sizes == sorted(sizes, reverse=True)
    assert all(len(one["tokens"]) == min(8, one["size"]) for one in page["clusters"])
    rest = asked(f"{address}/api/quanta/clusters?first=20")[1]
    assert [one["number"] for one in page["clusters"] + rest["clusters"]] == list(range(1, 31))
    stable = asked(f"{address}/api/quanta/clusters?stable=true&order=loss")[1]
    assert stable["matching"] == found["stable"] < 30
    losses = [one["loss"] for one in stable["clusters"]]
    assert losses == sorted(losses)
    one = asked(f"{address}/api/quanta/clusters?search=WORD3%0A")[1]
    assert one["matching"] == 1
    assert {token["text"] for token in one["clusters"][0]["tokens"]} == {" word3"}
    assert asked(f"{address}/api/quanta/clusters?search=nowhere")[1]["matching"] == 0
    assert asked(f"{address}/api/quanta/clusters?order=colour")[0] == 422


def test_a_cluster_holds_all_its_tokens_as_text(address: str) -> None:
    found = asked(f"{address}/api/quanta/cluster?number=1")[1]
    assert len(found["tokens"]) == found["size"] > 8
    assert HOSTILE in found["tokens"][0]["before"]
    status, refused = asked(f"{address}/api/quanta/cluster?number=31")
    assert (status, refused["error"]["message"]) == (422, "there is no cluster 31; they are numbered from 1 to 30")


def test_the_charts_show_sizes_and_cosines(address: str) -> None:
    found = asked(f"{address}/api/quanta/charts")[1]
    ranks, similarity = found["charts"]
    assert sum(y for trace in ranks["figure"]["data"] if trace["mode"] == "markers" for y in trace["y"]) == 240
    heat = similarity["figure"]["data"][0]
    assert np.shape(heat["z"]) == (240, 240)
    first = found["ends"][0]
    z = np.array(heat["z"])
    assert z[:first, :first].mean() > 5 * z[:first, first:].mean()
    assert found["ends"][-1] == 240


def test_without_a_discovery_the_view_says_so() -> None:
    with served() as address:
        assert asked(f"{address}/api/quanta") == (200, {"given": False})
        status, refused = asked(f"{address}/api/quanta/charts")
        assert status == 422
        assert "quantal app --quanta found.json" in refused["error"]["message"]
