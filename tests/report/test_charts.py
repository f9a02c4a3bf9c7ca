"""Charts as data: what is drawn are the numbers of the nouns."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import quantal as ql
from quantal.errors import DataWarning, InputError
from quantal.fit import Fit
from quantal.plan import approaches, isoflops
from quantal.report import (
    Axis,
    Chart,
    Series,
    approaches_compared,
    exponent_draws,
    forecast_along,
    forecast_fan,
    isoflop_curves,
    law_ranking,
    loss_surface,
    measured_against_predicted,
    parameter_intervals,
    regret,
    residuals,
)
from quantal.report.chart import MOST_POINTS, thinned
from quantal.report.palette import RAMPS, THEMES
from quantal.runs import Runs

NEARLY = {"rtol": 1e-6}


def series(chart: Chart, name: str) -> Series:
    return next(one for one in chart.series if one.name == name)


def all_charts(fit: Fit) -> list[Chart]:
    plan = ql.plan(fit, 1e22)
    return [
        measured_against_predicted(fit),
        residuals(fit),
        residuals(fit, "predicted"),
        parameter_intervals([fit]),
        exponent_draws(fit),
        isoflop_curves(fit, isoflops(fit)),
        loss_surface(fit, [1e22]),
        forecast_fan(fit, [plan]),
        regret(plan),
        approaches_compared(approaches(fit)),
        ql.plot(fit.runs),
    ]


def test_every_chart_is_json_with_axes_titles_and_a_sentence_for_who_cannot_see_it(noisy_fit: Fit) -> None:
    for chart in all_charts(noisy_fit):
        data = json.loads(json.dumps(chart.to_dict(), allow_nan=False))
        assert data["schema"] == "quantal.chart/1"
        assert chart.title
        assert len(chart.alt) > 20
        assert {"x", "y"} == set(data["axes"])
        json.dumps(chart.to_plotly(), allow_nan=False)


def test_measured_against_predicted_holds_the_fit(noisy_fit: Fit) -> None:
    points = series(measured_against_predicted(noisy_fit), "runs")
    np.testing.assert_allclose(points.x, noisy_fit.fitted)
    np.testing.assert_allclose(points.y, noisy_fit.runs["loss"])
    assert set(points.hover) >= {"row", "<b>tag</b>", "params", "tokens", "loss", "predicted", "off by"}


def test_residuals_are_those_of_the_fit_with_far_runs_apart(noisy_runs: Runs) -> None:
    loss = np.array(noisy_runs["loss"])
    loss[4] *= 1.5
    with pytest.warns(DataWarning, match="1 run lies"):
        fit = ql.fit(noisy_runs.with_column("loss", loss, role="loss"), "chinchilla", starts=4)
    off = np.argmax(np.abs(fit.residuals))
    drawn = residuals(fit, "tokens")
    together = np.concatenate([one.y for one in drawn.series if one.kind == "points"])
    np.testing.assert_allclose(np.sort(together), np.sort(fit.residuals))
    assert off == 4
    np.testing.assert_allclose(series(drawn, "far off").y, fit.residuals[[4]])


def test_residuals_against_an_unknown_column_are_refused(noisy_fit: Fit) -> None:
    with pytest.raises(InputError, match="has params, tokens, predicted"):
        residuals(noisy_fit, "colour")


def test_intervals_are_the_fits_and_published_values_are_apart(noisy_fit: Fit) -> None:
    chart = parameter_intervals([noisy_fit])
    points = series(chart, "these runs")
    low, high = noisy_fit.parameters["alpha"].intervals[95.0]
    assert (points.low[0], points.high[0]) == (low, high)
    assert noisy_fit.law.published["Besiroglu et al. 2024"]["alpha"] in series(chart, "published").x


def test_the_surface_is_the_law(noisy_fit: Fit) -> None:
    contour = loss_surface(noisy_fit, [1e22]).series[0]
    i, j = 3, 40
    expected = noisy_fit.predict(params=contour.x[j], tokens=contour.y[i]).value
    np.testing.assert_allclose(contour.z[i, j], expected)


def test_the_frontier_and_the_fan_are_the_plans(noisy_fit: Fit) -> None:
    plan = ql.plan(noisy_fit, 1e22)
    marked = series(loss_surface(noisy_fit, [1e22]), "plans")
    np.testing.assert_allclose([marked.x[0], marked.y[0]], [plan.params.value, plan.tokens.value])
    fan = forecast_fan(noisy_fit, [plan])
    band, line = series(fan, "95 % interval"), series(fan, "best split, by the law")
    assert np.all(band.low <= band.high)
    again = ql.plan(noisy_fit, float(line.x[7]))
    np.testing.assert_allclose(line.y[7], again.loss.value)
    np.testing.assert_allclose((band.low[7], band.high[7]), again.loss.intervals[95.0])


def test_isoflop_optima_are_the_lowest_points_of_their_curves(noisy_fit: Fit) -> None:
    groups = isoflops(noisy_fit)
    chart = isoflop_curves(noisy_fit, groups)
    curves = [one for one in chart.series if one.kind == "line"]
    lowest = series(chart, "lowest, by the law")
    assert len(curves) == len(groups) == 5
    for curve, n, loss in zip(curves, lowest.x, lowest.y, strict=True):
        assert loss <= curve.y.min() + 1e-12
        assert curve.x[max(0, curve.y.argmin() - 1)] <= n <= curve.x[min(49, curve.y.argmin() + 1)]


def test_regret_is_zero_at_the_plan_and_grows_from_it(noisy_fit: Fit) -> None:
    plan = ql.plan(noisy_fit, 1e22)
    line = series(regret(plan), "wasted share of the budget")
    middle = len(line.y) // 2
    np.testing.assert_allclose(line.y[middle], 0.0, atol=1e-9)
    assert np.all(np.diff(line.y[middle:]) > 0)
    assert np.all(np.diff(line.y[: middle + 1]) < 0)
    np.testing.assert_allclose(line.y[3], plan.wasted_by(float(line.x[3])).value, **NEARLY)


def test_a_fan_along_one_input_is_the_laws_curve(grid_runs: Runs) -> None:
    fit = ql.fit(grid_runs, "power_floor:compute", bootstrap=40)
    top = float(grid_runs["compute"].max())
    chart = forecast_along(fit, [(10 * top, fit.predict(compute=10 * top))])
    line = next(one for one in chart.series if one.kind == "line")
    np.testing.assert_allclose(line.y, fit.curve(compute=line.x)[0])
    with pytest.raises(InputError, match="a law in one"):
        forecast_along(ql.fit(grid_runs, "chinchilla"))
    with pytest.raises(InputError, match="needs a law in params and tokens"):
        loss_surface(fit)


def test_laws_are_ranked_as_compared(grid_runs: Runs) -> None:
    compared = ql.compare(grid_runs, ["power:compute", "chinchilla"])
    chart = law_ranking(compared)
    assert chart.y.categories == ("Chinchilla", "Power law in compute")
    np.testing.assert_allclose(chart.series[0].x, [one.heldout_error for one in compared.laws])


def test_plot_knows_the_nouns_and_refuses_others(noisy_fit: Fit) -> None:
    assert ql.plot(noisy_fit.runs).name == "runs"
    assert ql.plot(noisy_fit).name == "measured"
    assert ql.plot(ql.plan(noisy_fit, 1e22)).name == "forecast"
    with pytest.raises(InputError, match="was given int"):
        ql.plot(3)


def test_the_colours_of_a_theme_are_put_in_and_none_is_left_by_name(noisy_fit: Fit) -> None:
    for chart in all_charts(noisy_fit):
        for theme in ("light", "dark"):
            assert '"@' not in json.dumps(chart.to_plotly(theme))
    assert set(THEMES["light"]) == set(THEMES["dark"])
    assert set(RAMPS) == {"light", "dark"}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_and_marks_stand_out_from_the_paper(theme: str) -> None:
    """WCAG 2.1: 4.5 for text, 3 for graphics."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    colours = THEMES[theme]
    paper = luminance(colours["paper"])
    for name, least in (
        dict.fromkeys(("ink", "muted"), 4.5).items()
        | dict.fromkeys(("blue", "orange", "green", "purple", "gold", "sky"), 3.0).items()
    ):
        high, low = sorted((luminance(colours[name]), paper), reverse=True)
        assert (high + 0.05) / (low + 0.05) >= least, name


def test_texts_in_a_figure_are_inert() -> None:
    chart = Chart(
        "x", "t", "c", Axis("<b>x</b>"), Axis("y"),
        (Series("points", np.array([1.0]), np.array([2.0]), name="<a href='x'>", hover={"<i>": ("%{x}<script>",)}),),
    )  # fmt: skip
    written = json.dumps(chart.to_plotly())
    assert "<script" not in written
    assert "<a " not in written
    assert "&lt;b&gt;x" in written


def test_a_large_table_is_thinned_evenly_and_says_so() -> None:
    assert len(thinned(10)) == 10
    assert len(thinned(10**6)) <= MOST_POINTS
    n = np.geomspace(1e6, 1e9, 5000)
    assert "are drawn" in ql.plot(Runs.from_columns({"params": n, "tokens": n, "loss": n})).caption


def test_a_chart_is_saved_as_a_page_or_as_data(noisy_fit: Fit, tmp_path: Path) -> None:
    chart = measured_against_predicted(noisy_fit)
    chart.save(str(tmp_path / "c.json"))
    assert json.loads((tmp_path / "c.json").read_text()) == json.loads(json.dumps(chart.to_dict()))
    chart.save(str(tmp_path / "c.html"))
    assert "<!doctype html>" in (tmp_path / "c.html").read_text()[:20]
    with pytest.raises(InputError, match=r"saved as \.html or \.json"):
        chart.save(str(tmp_path / "c.png"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c.html", "c.json"]
