"""fit(): uncertainty, verdicts, refusals, saved fits, comparison."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pytest

import quantal as ql
from quantal.errors import DataError, DataWarning, IdentifiabilityError, InputError, LawError, QuantalWarning
from quantal.fit import Fit
from quantal.fit.uncertainty import inverse_hessian, sandwich
from quantal.runs import Runs


@pytest.fixture(scope="module")
def fitted(grid_runs: Runs) -> Fit:
    return ql.fit(grid_runs, "chinchilla", bootstrap=400, objective="log_squares", levels=(50, 90))


def test_the_truth_lies_in_the_intervals(fitted: Fit) -> None:
    for name, truth in {"E": 1.7, "alpha": 0.34, "beta": 0.37}.items():
        low, high = fitted.parameters[name].intervals[90.0]
        assert low < truth < high or abs(truth - fitted.parameters[name].value) < 1.5 * (high - low)
        inner = fitted.parameters[name].intervals[50.0]
        assert low < inner[0] < inner[1] < high


def test_the_same_seed_gives_the_same_numbers(grid_runs: Runs) -> None:
    one, two = (ql.fit(grid_runs, bootstrap=50, seed=4) for _ in range(2))
    np.testing.assert_array_equal(one.draws, two.draws)
    other = ql.fit(grid_runs, bootstrap=50, seed=5)
    assert not np.array_equal(one.draws, other.draws)
    np.testing.assert_allclose(one.theta, other.theta, rtol=1e-5)


def test_standard_errors_agree_between_methods(grid_runs: Runs) -> None:
    """Hessian, sandwich and residual bootstrap of a well-specified Gaussian fit estimate the same covariance."""
    noisy = ql.fit(grid_runs, "chinchilla", objective="gaussian", bootstrap=600, resample="residual")
    problem, best = noisy.problem, noisy.best
    hessian, robust = inverse_hessian(problem, best), sandwich(problem, best)
    assert hessian is not None
    assert robust is not None
    spread = problem.free(noisy.draws, 0.0)[:, :5].std(axis=0)
    np.testing.assert_allclose(np.sqrt(np.diag(hessian))[:5], spread, rtol=0.25)
    np.testing.assert_allclose(np.sqrt(np.diag(robust))[:5], spread, rtol=0.45)
    assert noisy.sigma == pytest.approx(0.003, rel=0.4)
    assert noisy.criteria is not None
    assert noisy.criteria["aic"] == pytest.approx(2 * noisy.value + 12)


def test_profile_interval_matches_the_hessian_where_the_likelihood_is_quadratic(grid_runs: Runs) -> None:
    noisy = ql.fit(grid_runs, "chinchilla", objective="gaussian")
    hessian = inverse_hessian(noisy.problem, noisy.best)
    assert hessian is not None
    low, high = noisy.profile("alpha", (68.0,)).intervals[68.0]
    assert 0.5 * np.log(high / low) == pytest.approx(0.9945 * np.sqrt(hessian[3, 3]), rel=0.15)
    assert low < noisy.theta[3] < high


@pytest.mark.parametrize("method", ["profile", "hessian"])
def test_huber_at_a_thousandth_is_no_likelihood(fitted: Fit, method: str) -> None:
    with pytest.raises(InputError, match="likelihood"):
        fitted.profile("alpha") if method == "profile" else inverse_hessian(fitted.problem, fitted.best)
    assert fitted.criteria is None


@pytest.mark.slow
def test_bootstrap_intervals_cover() -> None:
    """90 % percentile and BCa intervals of alpha cover the truth in 80 to 98 % of 120 simulated tables."""
    rng = np.random.default_rng(11)
    n, d = np.repeat(np.geomspace(1e6, 1e9, 8), 8), np.tile(np.geomspace(1e8, 1e11, 8), 8)
    exact = 1.7 + 400 * n**-0.34 + 2000 * d**-0.37
    hits = {"percentile": 0, "bca": 0}
    for _ in range(120):
        table = {"params": n, "tokens": d, "loss": exact * np.exp(rng.normal(0, 0.01, 64))}
        for kind in hits:
            found = ql.fit(table, objective="log_squares", bootstrap=300, interval=kind, levels=(90,), starts=4)  # type: ignore[arg-type]
            low, high = found.parameters["alpha"].intervals[90.0]
            hits[kind] += low <= 0.34 <= high
    assert all(0.8 * 120 <= count <= 0.98 * 120 for count in hits.values()), hits


def test_bca_and_groups(grid_runs: Runs) -> None:
    table = grid_runs.with_column("team", np.array([f"g{i % 6}" for i in range(36)], dtype=object), role="label")
    bca = ql.fit(table, bootstrap=200, interval="bca")
    assert bca.parameters["alpha"].interval(95) != ql.fit(table, bootstrap=200).parameters["alpha"].interval(95)
    grouped = ql.fit(table, bootstrap=200, resample="group", group="team")
    assert grouped.draws is not None
    with pytest.raises(InputError, match="needs group=LABEL"):
        ql.fit(table, bootstrap=40, resample="group")


def test_predictions(fitted: Fit) -> None:
    estimate = fitted.predict(params=1e10, tokens=1e12)
    low, high = estimate.intervals[90.0]
    assert low < 1.7 + 400 * 1e10**-0.34 + 2000 * 1e12**-0.37 < high
    assert fitted.decades_beyond(params=1e10, tokens=1e9) == pytest.approx(1.0)
    values, draws = fitted.curve(params=np.array([1e8, 1e9]), tokens=np.array([1e10, 1e10]))
    assert values.shape == (2,)
    assert draws is not None
    assert draws.shape == (400, 2)
    with pytest.raises(InputError, match="predicts from params, tokens"):
        fitted.predict(params=1e9)
    with pytest.raises(InputError, match="above zero"):
        fitted.predict(params=-1.0, tokens=1e9)


def test_verdicts_say_what_the_runs_do_not_determine() -> None:
    """Six models with nearly the same tokens per parameter: alpha and beta trade off."""
    rng = np.random.default_rng(0)
    n = np.geomspace(1e7, 1e8, 12)
    d = 20 * n * np.exp(rng.normal(0, 0.02, 12))
    loss = (1.7 + 400 * n**-0.34 + 2000 * d**-0.37) * np.exp(rng.normal(0, 0.003, 12))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QuantalWarning)
        found = ql.fit({"params": n, "tokens": d, "loss": loss}, bootstrap=300, objective="log_squares")
    words = {name: verdict.word for name, verdict in found.verdicts.items()}
    assert words["alpha"] != "determined"
    assert words["beta"] != "determined"
    assert words["B"] == "not determined"


def test_influence_names_the_run_that_moves_the_fit(grid_runs: Runs) -> None:
    loss = np.array(grid_runs["loss"])
    loss[0] *= 1.05
    bent = grid_runs.with_column("loss", loss, role="loss", unit=grid_runs.column("loss").unit)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QuantalWarning)
        found = ql.fit(bent, objective="log_squares")
    assert found.influence(3).positions[0] == 0


def test_outliers_are_named_with_their_effect(grid_runs: Runs) -> None:
    loss = np.array(grid_runs["loss"])
    loss[17] *= 1.6
    bent = grid_runs.with_column("loss", loss, role="loss", unit=grid_runs.column("loss").unit)
    with pytest.warns(DataWarning, match="row 18"):
        found = ql.fit(bent, "chinchilla")
    assert found.without_outliers is not None


@pytest.mark.parametrize(
    ("table", "law", "error", "says"),
    [
        ({"params": [1e6, 2e6, 3e6], "loss": [3, 2.9, 2.8]}, "chinchilla", DataError, "needs a column 'tokens'"),
        (
            {"params": [1e6] * 8, "tokens": np.geomspace(1e8, 1e9, 8), "loss": np.linspace(3, 2.5, 8)},
            "chinchilla",
            IdentifiabilityError,
            "params takes 1 value .*What would help: a run with params near 2e\\+06",
        ),
        (
            {
                "params": np.geomspace(1e6, 1e8, 8),
                "tokens": 20 * np.geomspace(1e6, 1e8, 8),
                "loss": np.linspace(3, 2.5, 8),
            },
            "chinchilla",
            IdentifiabilityError,
            "tokens/params takes 1 value .*a run at the same params with tokens doubled",
        ),
        (
            {"params": [1e6, 2e6, 4e6], "loss": [3, 2.9, 2.8]},
            "power_floor:params",
            DataError,
            "3 runs cannot determine the 3",
        ),
        (
            {"params": [1e6, 2e6, 4e6, 8e6], "loss": [3, 2.9, 0.0, 2.7]},
            "power:params",
            DataError,
            "row 3, column 'loss': 0.0",
        ),
        (
            {"x": [0.0, 1.0, 2.0, 3.0], "loss": [3, 2.9, 2.8, 2.7]},
            "power:x",
            DataError,
            "row 1, column 'x': 0.0 cannot enter",
        ),
        (
            {"params": [1e6, 2e6, 4e6, 8e6], "score": [3, 2.9, 2.8, 2.7]},
            "power:params",
            DataError,
            "no column 'loss' to explain",
        ),
    ],
)
def test_what_cannot_be_fitted_is_refused(table: dict, law: str, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        ql.fit(table, law)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"bootstrap": 1}, "bootstrap = 1"),
        ({"bootstrap": -5}, "bootstrap = -5"),
        ({"levels": (0.95, 100)}, "level 100"),
        ({"interval": "studentized"}, "interval"),
        ({"resample": "jackknife"}, "resample"),
        ({"starts": 0}, "starts = 0"),
        ({"starts": "grid"}, "published"),
        ({"starts": np.ones((3, 2))}, "2 columns"),
        ({"objective": "hubr"}, "Did you mean"),
    ],
)
def test_bad_arguments_are_refused(grid_runs: Runs, options: dict, says: str) -> None:
    with pytest.raises(InputError, match=says):
        ql.fit(grid_runs, "chinchilla", **options)


def test_any_column_is_a_target(grid_runs: Runs) -> None:
    table = grid_runs.with_column("perplexity", np.exp(grid_runs["loss"]), role="value")
    assert ql.fit(table, "chinchilla", target="perplexity").target == "perplexity"


def test_saved_fits_come_back_whole(fitted: Fit, tmp_path: Path) -> None:
    path = tmp_path / "fit.json"
    fitted.save(str(path))
    again = ql.load_fit(str(path))
    np.testing.assert_array_equal(again.draws, fitted.draws)
    assert again.parameters == fitted.parameters
    assert again.to_dict() == fitted.to_dict()
    assert repr(again) == repr(fitted)
    assert again.predict(params=1e9, tokens=1e10) == fitted.predict(params=1e9, tokens=1e10)
    assert not list(tmp_path.glob("*.tmp"))


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        (lambda d: d.update(schema="quantal.fit/99"), DataError, "quantal.fit/99"),
        (lambda d: d.pop("data"), DataError, "not its data"),
        (lambda d: d.update(law="my own"), LawError, "must be registered"),
        (lambda d: d["data"].update(theta="x"), DataError, "damaged"),
        (lambda d: d.pop("parameters"), DataError, "damaged"),
    ],
)
def test_damaged_saved_fits_are_refused(
    fitted: Fit, tmp_path: Path, change: object, error: type[Exception], says: str
) -> None:
    path = tmp_path / "fit.json"
    fitted.save(str(path))
    data = json.loads(path.read_text())
    change(data)  # type: ignore[operator]
    path.write_text(json.dumps(data))
    with pytest.raises(error, match=says):
        ql.load_fit(str(path))


def test_what_is_no_saved_fit(tmp_path: Path, fitted: Fit) -> None:
    with pytest.raises(DataError, match="no such file"):
        ql.load_fit(str(tmp_path / "none.json"))
    (tmp_path / "list.json").write_text("[1]")
    with pytest.raises(DataError, match="a JSON list"):
        ql.load_fit(str(tmp_path / "list.json"))
    (tmp_path / "text.json").write_text("hello")
    with pytest.raises(DataError, match="not a saved fit"):
        ql.load_fit(str(tmp_path / "text.json"))
    with pytest.raises(DataError, match="does not exist"):
        fitted.save(str(tmp_path / "nowhere" / "fit.json"))


def test_comparison_ranks_the_true_law_first(grid_runs: Runs) -> None:
    ranking = ql.compare(grid_runs, ["chinchilla", "power_floor:compute", "bottleneck", "kaplan_steps"])
    assert ranking.laws[0].law == "chinchilla"
    assert ranking.laws[0].heldout_error is not None
    assert ranking.laws[0].heldout_error < 0.01
    assert "kaplan_steps" in ranking.refused
    assert ranking.to_dict()["laws"][0]["law"] == "chinchilla"
    with pytest.raises(InputError, match="held_out"):
        ql.compare(grid_runs, held_out=1.5)
    with pytest.raises(DataError, match="no law can be fitted"):
        ql.compare(grid_runs, ["kaplan_steps"])


def test_the_held_out_runs_are_the_dearest(grid_runs: Runs) -> None:
    ranking = ql.compare(grid_runs, ["chinchilla"], held_out=0.25)
    assert ranking.n_held_out == pytest.approx(9, abs=3)
    assert "compute" in ranking.held_out


def test_few_draws_are_said_to_be_few(grid_runs: Runs) -> None:
    with pytest.warns(DataWarning, match="bootstrap = 10: the ends of 95 % intervals"):
        found = ql.fit(grid_runs, bootstrap=10)
    assert any("take at least 40" in text for text in found.warnings)
    with pytest.warns(DataWarning, match="take at least 200"):
        ql.fit(grid_runs, bootstrap=40, levels=(99.0,))


def test_sizes_are_taken_as_people_write_them(grid_runs: Runs) -> None:
    found = ql.fit(grid_runs)
    assert found.predict(params="7B", tokens="1.4T").value == found.predict(params=7e9, tokens=1.4e12).value
    assert ql.plan(found, compute="1e21").params.value == ql.plan(found, compute=1e21).params.value
    with pytest.raises(InputError, match="params = 'seven' is no number; write it like"):
        found.predict(params="seven", tokens=1e9)
    with pytest.raises(InputError, match="params = None: give one number"):
        found.predict(params=None, tokens=1e9)  # pyright: ignore[reportArgumentType]
