"""Models of quanta as laws: their values against exact sums, their derivatives, and that they fit, compare, forecast and plan."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

import quantal as ql
import quantal.theory as qt
from quantal.errors import ExtrapolationWarning, InputError, LawError, QuantalWarning
from quantal.laws import derived_quantities, get_law, quantized_law

GAMMA = 0.4
S, BETA = GAMMA + 1.0, GAMMA / (GAMMA + 1.0)
N, D = (axis.ravel() for axis in np.meshgrid([300.0, 3000.0, 3e4], [1e5, 1e7, 1e9]))
RULES = (qt.Poisson(1), qt.Poisson(3), qt.Exponential(2.0), qt.HardThreshold(3.0))


def half(rule: qt.LearningRule) -> float:
    """The expected count at which a quantum is learned with chance 1/2."""
    return rule.window.inverse(0.5)


def power_amplitudes(normaliser: float, rule: qt.LearningRule, gamma: float = GAMMA) -> dict[str, float]:
    """E, A, B and gamma of Zipf's law with b - a = 1 and one parameter a quantum (theory: the three prefactors)."""
    s = gamma + 1.0
    moment = float(rule.window.mellin(gamma / s))
    return {"E": 0.0, "A": 1 / (gamma * normaliser), "B": normaliser ** (-1 / s) / s * moment, "gamma": gamma}


def zipf(rule: qt.LearningRule) -> tuple[qt.Frequencies, dict[str, float]]:
    return qt.Zipf(GAMMA), power_amplitudes(float(special.zeta(S)), rule)


def zipf_finite(rule: qt.LearningRule) -> tuple[qt.Frequencies, dict[str, float]]:
    count = 1e5
    normaliser = float(special.zeta(S) - special.zeta(S, count + 1))
    return qt.Zipf(GAMMA, count=count), power_amplitudes(normaliser, rule) | {"K": count}


def mandelbrot(rule: qt.LearningRule) -> tuple[qt.Frequencies, dict[str, float]]:
    return qt.Mandelbrot(GAMMA, shift=1000.0), power_amplitudes(float(special.zeta(S, 1001.0)), rule) | {"q": 1000.0}


def geometric(rule: qt.LearningRule) -> tuple[qt.Frequencies, dict[str, float]]:
    rate = 1e-3
    return qt.Geometric(rate), {
        "E": 0.0,
        "A": 1.0,
        "B": float(rule.window.mellin(1.0)) / rate,
        "scale": 1 / rate,
    }


def lognormal(rule: qt.LearningRule) -> tuple[qt.Frequencies, dict[str, float]]:
    sigma, count = 2.0, 1e6
    first = half(rule) * count * math.exp(-(sigma**2) / 2)
    return qt.LogNormal(sigma, count=count), {"E": 0.0, "A": 1.0, "sigma": sigma, "K": count, "D_0": first}


def stretched(rule: qt.LearningRule) -> tuple[qt.Frequencies, dict[str, float]]:
    theta, scale = 0.5, 1000.0
    first = half(rule) * scale * math.gamma(1 / theta) / theta
    return qt.Stretched(theta, scale=scale), {"E": 0.0, "A": 1.0, "theta": theta, "scale": scale, "D_0": first}


def cutoff(rule: qt.LearningRule) -> tuple[qt.Frequencies, dict[str, float]]:
    law = qt.Cutoff(GAMMA, cutoff=1e4)
    normaliser = math.exp(-1e-4) / float(law.pmf(1.0))
    return law, {
        "E": 0.0,
        "A": 1e4**-GAMMA / (GAMMA * normaliser),
        "gamma": GAMMA,
        "N_c": 1e4,
        "D_c": half(rule) * normaliser * 1e4**S * math.e,
    }


ALL = (zipf, zipf_finite, mandelbrot, geometric, lognormal, stretched, cutoff)


@pytest.mark.parametrize("rule", RULES, ids=repr)
@pytest.mark.parametrize("made", ALL)
def test_in_size_and_data_together_it_is_the_exact_sum(made, rule: qt.LearningRule) -> None:
    """To the relative gamma/(2n) of continuous ranks, and for laws without a power tail to half a percent."""
    frequencies, parameters = made(rule)
    model = qt.QuantaModel(frequencies)
    found = quantized_law(model, "params", "tokens", rule=rule)(params=N, tokens=D, **parameters)
    exact = np.asarray(model.loss(params=N, samples=D, rule=rule))
    assert np.all(np.abs(found - exact) <= 5e-3 * exact + 1e-7)


@pytest.mark.parametrize("made", ALL)
@pytest.mark.parametrize("rule", [qt.Poisson(1), qt.Poisson(3)], ids=repr)
def test_in_one_resource_it_is_the_exact_sum(made, rule: qt.LearningRule) -> None:
    frequencies, parameters = made(rule)
    model, n, d = qt.QuantaModel(frequencies), np.geomspace(3e2, 3e4, 5), np.geomspace(1e5, 1e9, 5)
    in_size = quantized_law(model, "params")
    some = {name: parameters[name] for name in in_size.parameter_names}
    assert in_size(params=n, **some) == pytest.approx(np.asarray(model.loss(params=n)), rel=4e-3, abs=1e-7)
    in_data = quantized_law(model, "tokens", rule=rule)
    parameters = {"D_0": half(rule) * float(special.zeta(S, 1001.0)) * 1000.5**S} | parameters
    if made is zipf_finite:
        normaliser = float(special.zeta(S) - special.zeta(S, 1e5 + 1))
        parameters["K"] = half(rule) * normaliser * (1e5 + 0.5) ** S
    some = {name: parameters[name] for name in in_data.parameter_names}
    assert in_data(tokens=d, **some) == pytest.approx(np.asarray(model.loss(samples=d, rule=rule)), rel=1e-3, abs=1e-7)


@pytest.mark.parametrize("gamma", [0.1, 0.34, 1.0])
def test_the_poisson_joint_law_has_the_closed_form(gamma: float) -> None:
    """L = E + L_N + L_D Q(beta, u) with u = [Gamma(1 + beta) L_N / L_D]^(1/beta)."""
    beta = gamma / (gamma + 1)
    law = quantized_law(qt.QuantaModel(qt.Zipf(gamma)), "params", "tokens")
    by_size, by_data = 300.0 * N**-gamma, 500.0 * D**-beta
    u = (math.gamma(1 + beta) * by_size / by_data) ** (1 / beta)
    expected = 1.7 + by_size + by_data * special.gammaincc(beta, u)
    assert law(params=N, tokens=D, E=1.7, A=300.0, B=500.0, gamma=gamma) == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize(("gamma", "factor"), [(0.1, 1.043), (0.4, 1.128), (1.0, 1.210)])
def test_where_both_limits_cost_the_same(gamma: float, factor: float) -> None:
    """At L_N = L_D the loss is 1.043, 1.128, 1.210 times L_N; the larger limit alone would give 1, their sum 2."""
    beta, x = gamma / (gamma + 1), 1e6
    model = qt.QuantaModel(qt.Zipf(gamma))
    at = {"params": np.array([x]), "tokens": np.array([x]), "E": 0.0, "A": x**gamma, "B": x**beta, "gamma": gamma}
    assert quantized_law(model, "params", "tokens")(**at)[0] == pytest.approx(factor, abs=5e-4)
    hard = quantized_law(model, "params", "tokens", rule=qt.HardThreshold(1.0))
    assert hard(**at)[0] == pytest.approx(1.0)


@pytest.mark.parametrize("kind", ["zipf", "zipf_finite", "mandelbrot", "geometric", "lognormal", "stretched", "cutoff"])
@pytest.mark.parametrize("rule", [None, qt.Poisson(3), qt.Hill(2.0)], ids=repr)
def test_derivatives_are_those_of_finite_differences(kind: str, rule: qt.LearningRule | None) -> None:
    example = get_law(f"{kind}:params,tokens").model
    law = quantized_law(example, "params", "tokens", rule=rule)
    usual = {
        "E": 1.7, "A": 30.0, "B": 40.0, "gamma": 0.37, "K": 3e7, "q": 2e4, "scale": 3e5, "D_0": 3e3, "theta": 0.6,
        "sigma": 2.3, "N_c": 1e6, "D_c": 1e9,
    }  # fmt: skip
    theta = np.array([usual[name] for name in law.parameter_names])
    inputs = {"params": np.array([1e4, 1e5, 1e6]), "tokens": np.array([1e6, 3e8, 1e7])}
    gradient, hessian = law.gradient(inputs, theta), law.hessian(inputs, theta)
    for i, size in enumerate(theta):
        step = 1e-5 * size
        up, down = (theta + sign * step * (np.arange(len(theta)) == i) for sign in (1, -1))
        slope = (law.value(inputs, up) - law.value(inputs, down)) / 2e-5
        assert gradient[:, i] * size == pytest.approx(slope, rel=2e-5, abs=2e-7), law.parameter_names[i]
        curve = (law.gradient(inputs, up) - law.gradient(inputs, down)) / (2 * step)
        assert hessian[:, i] * size * theta == pytest.approx(curve * size * theta, rel=3e-4, abs=3e-5)


TRUTH = {"rule": qt.Poisson(3), "capacity": qt.Capacity(10.0)}


def simulated() -> ql.Runs:
    """Simulated runs whose loss is measured to 1e-4, b - a = 7.3."""
    sizes, samples = np.geomspace(1e4, 1e8, 6)[:, None], np.geomspace(1e7, 1e13, 7)
    runs = ql.simulate(qt.QuantaModel(qt.Zipf(0.5), 1.7, 9.0), params=sizes, samples=samples, seed=1, **TRUTH)
    noise = np.exp(np.random.default_rng(0).normal(0, 1e-4, len(runs)))
    return ql.read_runs({"params": runs["params"], "tokens": runs["tokens"], "loss": runs["loss"] * noise})


@pytest.fixture(scope="module")
def fitted() -> ql.Fit:
    law = quantized_law(qt.QuantaModel(qt.Zipf(0.4)), "params", "tokens", rule=qt.Poisson(3))
    return ql.fit(simulated(), law, bootstrap=60)


def test_it_fits_simulated_runs(fitted: ql.Fit) -> None:
    assert fitted.converged
    for name, truth in (("gamma", 0.5), ("E", 1.7)):
        low, high = fitted.parameters[name].interval()
        assert low < truth < high
        assert high / low < 1.02


def test_it_forecasts(fitted: ql.Fit) -> None:
    model = qt.QuantaModel(qt.Zipf(0.5), 1.7, 9.0)
    exact = model.loss(params=1e9, samples=1e14, **TRUTH)
    with pytest.warns(ExtrapolationWarning, match=r"2\.0 decades beyond"):
        found = ql.forecast(fitted, params=1e9, tokens=1e14)
    assert found.loss.value == pytest.approx(exact, rel=1e-4)


def test_it_plans_with_the_exponents_of_the_theory(fitted: ql.Fit) -> None:
    plan = ql.plan(fitted, compute=1e18)
    assert plan.params_exponent.value == pytest.approx(1 / 2.5, abs=2e-3)
    u = qt.marginal_count(0.5, qt.Poisson(3))
    model = qt.QuantaModel(qt.Zipf(0.5))
    marginal = plan.tokens.value * float(model.frequencies.pmf(plan.params.value / 10.0))
    assert marginal == pytest.approx(u, rel=0.05)


def test_it_is_compared_with_other_laws(fitted: ql.Fit) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QuantalWarning)
        found = ql.compare(fitted.runs, [fitted.law, "chinchilla", "quanta"])
    assert found.laws[0].law == fitted.law.name


def test_a_registered_name_is_the_same_law() -> None:
    law = quantized_law(qt.QuantaModel(qt.Zipf(0.7)), "params", "tokens")
    at = {"params": 1e6, "tokens": 1e9, "E": 1.0, "A": 10.0, "B": 20.0, "gamma": 0.3}
    assert law.name == "quantized_joint"
    assert law(**at) == get_law("quantized_joint")(**at)
    assert get_law("zipf:params,samples").input_names == ("params", "samples")


def test_growing_costs_change_the_exponents() -> None:
    """n ~ N^nu, losses that go as rank^-eps and needs that grow as rank^delta: the generalised exponents of the theory."""
    model = qt.QuantaModel(qt.Zipf(0.4), 0.0, qt.PowerLoss(1.0, 0.2))
    law = quantized_law(
        model, "params", "tokens", rule=qt.Costlier(qt.Poisson(), 0.5), capacity=qt.Capacity(1.0, growth=0.25)
    )
    at = {"E": 0.0, "A": 1.0, "B": 1.0, "gamma": 0.4}
    alpha, beta = 0.6 / 1.25, 0.6 / 1.9
    low, high = (law(params=n, tokens=1e300, **at) for n in (1e3, 1e6))
    assert math.log(low / high) / math.log(1e3) == pytest.approx(alpha, rel=1e-6)
    low, high = (law(params=1e300, tokens=d, **at) for d in (1e3, 1e6))
    assert math.log(low / high) / math.log(1e3) == pytest.approx(beta, rel=1e-6)


def test_free_exponents() -> None:
    law = quantized_law(qt.QuantaModel(qt.Zipf(0.4)), "params", "tokens", tied=False)
    assert law.parameter_names == ("E", "A", "B", "alpha", "beta")
    assert law(params=1e9, tokens=1e300, E=0.0, A=2.0, B=1.0, alpha=0.5, beta=0.1) == pytest.approx(2 * 1e9**-0.5)


def test_what_curves_cannot_separate_follows_from_one_of_them(fitted: ql.Fit) -> None:
    """The truth is b - a = 7.3, 10 params a quantum, and the hard threshold equivalent to three samples."""
    beta = 1 / 3
    tau = (beta * float(qt.Poisson(3).window.mellin(beta))) ** (1 / beta)
    truth = {"unlearned_minus_learned": 7.3, "params_per_quantum": 10.0, "tau": tau}
    for name, value in truth.items():
        found = derived_quantities(fitted, **{name: value})
        assert found[name].reason == "given"
        for other in truth:
            assert found[other].value == pytest.approx(truth[other], rel=0.1)
            if other != name:
                low, high = found[other].interval()
                assert low < found[other].value < high


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "given none of b - a"),
        ({"tau": 1.0, "params_per_quantum": 2.0}, "give exactly one"),
        ({"tau": -1.0}, "tau = -1.0: must be finite and above zero"),
        ({"tau": math.nan}, "tau = nan"),
    ],
)
def test_exactly_one_is_to_be_given(fitted: ql.Fit, given: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        derived_quantities(fitted, **given)


def test_other_laws_have_no_derived_quantities(grid_runs: ql.Runs) -> None:
    with pytest.raises(LawError, match="fit quantized_joint"):
        derived_quantities(ql.fit(grid_runs, "chinchilla"), tau=1.0)


@pytest.mark.parametrize(
    ("model", "inputs", "options", "message"),
    [
        (qt.QuantaModel(qt.Zipf(0.4)), (), {}, "inputs of no name"),
        (qt.QuantaModel(qt.Zipf(0.4)), ("compute",), {}, "'compute': a model of quanta is limited by size"),
        (qt.QuantaModel(qt.Zipf(0.4)), ("tokens", "steps"), {}, "or by one of each"),
        (qt.QuantaModel(qt.Empirical([3, 2, 1])), ("tokens",), {}, "no law with parameters to fit"),
        (qt.QuantaModel(qt.Geometric(0.1, count=10)), ("tokens",), {}, "Geometric \\(infinite\\)"),
        (qt.QuantaModel(qt.Zipf(0.4), 0.0, qt.InformationLoss()), ("tokens",), {}, "constant losses"),
        (qt.QuantaModel(qt.Geometric(0.1)), ("params",), {"capacity": qt.Capacity(1.0, growth=0.5)}, "no closed law"),
        (qt.QuantaModel(qt.Geometric(0.1)), ("params",), {"tied": False}, "exponents of their own exist"),
        (qt.QuantaModel(qt.Zipf(0.4)), ("tokens",), {"rule": qt.Poisson(500)}, "write HardThreshold"),
    ],
)
def test_what_is_no_law_is_refused(model, inputs, options, message: str) -> None:
    with pytest.raises(LawError, match=message):
        quantized_law(model, *inputs, **options)


@settings(max_examples=60, deadline=None)
@given(
    gamma=st.floats(0.02, 3.0),
    params=st.floats(1.0, 1e13),
    tokens=st.floats(1.0, 1e16),
    tau=st.sampled_from([1, 2, 3, 10, 100]),
)
def test_the_joint_loss_lies_between_the_larger_limit_and_the_sum(
    gamma: float, params: float, tokens: float, tau: int
) -> None:
    law = quantized_law(qt.QuantaModel(qt.Zipf(0.4)), "params", "tokens", rule=qt.Poisson(tau))
    beta = gamma / (gamma + 1)
    by_size, by_data = 100.0 * params**-gamma, 50.0 * tokens**-beta
    found = float(law(params=params, tokens=tokens, E=1.0, A=100.0, B=50.0, gamma=gamma)) - 1.0
    assert max(by_size, by_data) * (1 - 1e-9) - 1e-12 <= found <= (by_size + by_data) * (1 + 1e-9) + 1e-12
