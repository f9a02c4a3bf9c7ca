"""report(): what it computes, what its page says and holds."""

from __future__ import annotations

import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

import quantal as ql
from quantal.errors import DataError, InputError
from quantal.fit import Fit
from quantal.report import Report, report
from quantal.runs import Runs

ORDER = [
    "answer", "read", "laws", "parameters", "fit", "isoflops", "surface", "forecast", "approaches", "quanta", "runs",
    "warnings", "settings",
]  # fmt: skip


class Page(HTMLParser):
    """The elements of a page, the texts of its scripts, and its other text."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: dict[str, str] = {}
        self.words: list[str] = []
        self.inside = ""
        self.feed(Path(path).read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.inside = tag
        if tag == "script":
            self.identity = dict(attrs).get("id") or f"code {len(self.scripts)}"

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside == "script":
            self.scripts[self.identity] = self.scripts.get(self.identity, "") + data
        elif self.inside != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).replace("\u00a0", " ").split())

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def page(noisy_report: Report) -> Page:
    return Page(noisy_report.path)


def test_sections_stand_in_their_order(page: Page) -> None:
    assert [one["id"] for one in page.named("section")] == ORDER


def test_the_page_asks_for_nothing_outside(page: Page, noisy_report: Report) -> None:
    for tag in ("img", "link", "iframe"):
        assert page.named(tag) == []
    assert all("src" not in one for one in page.named("script"))
    policy = next(one["content"] for one in page.named("meta") if one.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "http" not in policy


def test_hostile_labels_headers_and_sources_stay_text(page: Page, noisy_runs: Runs) -> None:
    code = [name for name in page.scripts if name.startswith("code")]
    assert len(code) == 2
    assert not any("stolen" in page.scripts[name] for name in code)
    assert all("onerror" not in attributes for _, attributes in page.elements)
    assert noisy_runs.source in page.text
    assert "<b>tag</b>" in page.text


def test_every_chart_has_a_name_a_sentence_and_data(page: Page) -> None:
    places = [one for one in page.named("div") if one.get("class") == "chart"]
    assert len(places) >= 11
    for one in places:
        assert one["role"] == "img"
        assert len(one["aria-label"] or "") > 20
        assert json.loads(page.scripts[f"{one['id']}-figure"])["data"]
    assert len({one["id"] for one in places}) == len(places)


def test_headings_go_down_by_one_and_tables_have_captions(page: Page) -> None:
    levels = [int(name[1]) for name, _ in page.elements if re.fullmatch("h[1-6]", name)]
    assert levels[0] == 1
    assert max(np.diff(levels)) <= 1
    assert len(page.named("caption")) == len(page.named("table"))


def test_the_page_carries_its_data(page: Page, noisy_report: Report, noisy_runs: Runs) -> None:
    data = json.loads(page.scripts["data"])
    assert data["settings"]["seed"] == 1
    assert data["versions"]["quantal"]
    assert {key: data[key] for key in ("fits", "plans", "comparison")} == {
        key: json.loads(json.dumps(noisy_report.to_dict()))[key] for key in ("fits", "plans", "comparison")
    }
    np.testing.assert_array_equal(Runs.from_dict(data["table"])["loss"], noisy_runs["loss"])


def test_the_answer_says_what_the_plan_says(page: Page, noisy_report: Report) -> None:
    from quantal.report.words import size

    plan = noisy_report.plans[noisy_report.analysis.leading][1]
    assert plan.params.value is not None
    assert f"{size(plan.params.value)} params".replace("\u00a0", " ") in page.text
    assert "At 10 times the dearest run" in page.text


def test_a_report_is_what_its_parts_are(noisy_report: Report, noisy_runs: Runs) -> None:
    alone = ql.fit(noisy_runs, "chinchilla", bootstrap=60, seed=1)
    assert noisy_report.fits["chinchilla"].to_dict() == alone.to_dict()
    assert noisy_report.reading is not None
    reading = ql.quantization_reading(noisy_report.fits["chinchilla"], noisy_report.fits["kappa"])
    assert noisy_report.reading.to_dict() == reading.to_dict()
    first = noisy_report.comparison.laws[0]
    assert noisy_report.analysis.leading == first.law
    assert [one.compute for one in noisy_report.plans[first.law]] == pytest.approx([1e22, 1e23, 1e24])
    json.dumps(noisy_report.to_dict(), allow_nan=False)


def test_the_same_seed_gives_the_same_page(noisy_runs: Runs, noisy_report: Report, tmp_path: Path) -> None:
    again = report(
        noisy_runs, tmp_path / "again.html", laws=["chinchilla", "kappa", "power_floor:compute"], bootstrap=60, seed=1
    )
    assert Path(again.path).read_text() == Path(noisy_report.path).read_text()


def test_the_summary_for_the_terminal_tells_laws_parameters_and_plans(noisy_report: Report) -> None:
    from rich.console import Console

    console = Console(width=120, record=True, file=io.StringIO())
    console.print(noisy_report.summary())
    text = console.export_text()
    for part in ("held-out error", "verdict", "Plans", "Quantization reading"):
        assert part in text


@pytest.mark.parametrize("name", ["params", "compute", "width"])
def test_runs_with_one_input_get_a_smaller_page(name: str, tmp_path: Path) -> None:
    x = np.geomspace(1e6, 1e9, 12)
    noise = np.exp(np.random.default_rng(5).normal(0, 0.005, 12))
    found = report({name: x, "loss": (1.7 + 400 * x**-0.34) * noise}, tmp_path / "r.html", bootstrap=40)
    page = Page(found.path)
    assert found.analysis.leading in (f"power_floor:{name}", f"power:{name}", f"kaplan_{name}")
    assert found.plans == {}
    assert [one.at[name] for one in found.analysis.outlooks] == pytest.approx([1e9, 1e10, 1e11])
    expected = found.analysis.lead.predict(**{name: 1e10})
    assert found.analysis.outlooks[1].value.value == pytest.approx(expected.value)
    assert {"isoflops", "surface", "approaches"}.isdisjoint({one["id"] for one in page.named("section")})
    assert "No reading" in page.text


def test_budgets_for_runs_that_cannot_be_planned_are_refused_and_nothing_is_written(tmp_path: Path) -> None:
    x = np.geomspace(1e6, 1e9, 12)
    table = {"params": x, "loss": 1.7 + 400 * x**-0.34}
    with pytest.raises(InputError, match="leave --compute out"):
        report(table, tmp_path / "r.html", bootstrap=0, compute=1e20)
    assert list(tmp_path.iterdir()) == []


def test_runs_with_compute_alone_are_forecast_at_the_budgets_asked_for(tmp_path: Path) -> None:
    x = np.geomspace(1e18, 1e21, 12)
    found = report(
        {"compute": x, "loss": 1.7 + 4000 * x**-0.2}, tmp_path / "r.html", bootstrap=40, compute=[1e22, 1e23]
    )
    assert [one.at["compute"] for one in found.analysis.outlooks] == [1e22, 1e23]


def test_a_fit_leads_its_own_report_and_so_does_a_saved_one(noisy_fit: Fit, tmp_path: Path) -> None:
    found = report(noisy_fit, tmp_path / "r.html", laws=["power:compute"])
    assert found.analysis.leading == "chinchilla"
    assert found.fits["chinchilla"] is noisy_fit
    noisy_fit.save(str(tmp_path / "fit.json"))
    again = report(str(tmp_path / "fit.json"), tmp_path / "s.html", laws=["power:compute"])
    assert again.fits["chinchilla"].to_dict() == noisy_fit.to_dict()


def test_warnings_stand_on_the_page_once_and_are_not_raised(noisy_runs: Runs, tmp_path: Path) -> None:
    loss = np.array(noisy_runs["loss"])
    loss[4] *= 1.6
    found = report(
        noisy_runs.with_column("loss", loss, role="loss"), tmp_path / "r.html", laws=["chinchilla"], bootstrap=40
    )
    assert any("far off" in text or "robust standard deviations" in text for text in found.notes)
    assert len(set(found.notes)) == len(found.notes)
    text = Page(found.path).text
    assert all(note[1:30].replace("\u00a0", " ") in text for note in found.notes)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"bootstrap": 1}, "bootstrap = 1"),
        ({"compute": -1.0}, "compute = -1.0"),
        ({"levels": (120,)}, "level 120"),
        ({"path": "no/such/folder/r.html"}, "does not exist"),
        ({"path": "."}, "is a folder"),
    ],
)
def test_bad_arguments_are_refused_before_any_work(grid_runs: Runs, arguments: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        report(grid_runs, **({"path": "unwritten.html"} | arguments))
    assert not Path("unwritten.html").exists()


def test_a_table_without_numbers_to_explain_the_target_by_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no column of numbers beside 'loss'"):
        report({"loss": [3.0, 2.5, 2.0], "name": ["a", "b", "c"]}, tmp_path / "r.html")
    assert list(tmp_path.iterdir()) == []


def test_the_chinchilla_runs_give_the_published_plan(chinchilla_runs: Runs, tmp_path: Path) -> None:
    """Exponents and interval of Besiroglu et al. 2024 (arXiv 2404.10102), 240 runs."""
    found = report(
        chinchilla_runs,
        tmp_path / "r.html",
        laws=["chinchilla", "kappa"],
        drop_highest_loss=5,
        bootstrap=300,
        compute=5.76e23,
    )
    plan = found.plans["chinchilla"][0]
    assert plan.params_exponent.value == pytest.approx(0.514, abs=0.002)
    assert found.reading is not None
    assert found.reading.exponents == "rejected"
    assert found.reading.bottleneck == "rejected"


def test_a_law_that_the_runs_reject_does_not_plan(chinchilla_runs: Runs, tmp_path: Path) -> None:
    found = report(chinchilla_runs.drop_highest(5, "loss"), tmp_path / "report.html", bootstrap=60).analysis
    assert found.reading is not None
    assert found.reading.exponents == "rejected"
    assert found.comparison.laws[0].law == "quanta_kappa"
    assert found.leading == "kappa"
    assert "quanta_kappa predicts the dearest runs best, but it ties the exponents" in found.warnings[0]
