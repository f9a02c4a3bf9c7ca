"""Power laws that the model tends to: exponents, prefactors, and the conditions under which they hold."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from quantal.errors import InputError
from quantal.theory.arguments import Floats, amounts, choice, number, plain
from quantal.theory.capacity import Capacity
from quantal.theory.losses import ConstantLoss, InformationLoss, PowerLoss, RankLoss
from quantal.theory.resources import broadcast_limits, unlearned_mass
from quantal.theory.rules import LearningRule

if TYPE_CHECKING:
    from quantal.theory.frequencies import Frequencies
    from quantal.theory.quanta import QuantaModel

_FORMS = ("exact", "naive", "midpoint")


@dataclass(frozen=True, repr=False)
class Exponents:
    """Exponents of the loss above its floor in each resource; None where there is no power law, with the reason in `conditions`."""

    params: float | None
    samples: float | None
    steps: float | None
    compute: float | None
    conditions: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain data: params, samples, steps, compute, conditions."""
        return {
            "params": self.params,
            "samples": self.samples,
            "steps": self.steps,
            "compute": self.compute,
            "conditions": list(self.conditions),
        }

    def __repr__(self) -> str:
        values = [(name, getattr(self, name)) for name in ("params", "samples", "steps", "compute")]
        return "Exponents(" + ", ".join(f"{n}={v:.6g}" if v is not None else f"{n}=None" for n, v in values) + ")"


@dataclass(frozen=True)
class PowerTerm:
    """One term amplitude * resource^-exponent of the loss above its floor; amplitude None where no closed form is known."""

    resource: str
    amplitude: float | None
    exponent: float
    conditions: tuple[str, ...] = ()

    def at(self, amount: ArrayLike) -> Any:
        """The term's value in nats at amounts > 0, any shape.

        Raises:
            InputError: no amplitude is known, or an amount is not > 0.
        """
        x = amounts(self.resource, amount, "1e9")
        if self.amplitude is None or np.any(x == 0):
            raise InputError(
                f"{self.resource} = {amount!r}: the asymptote needs amounts > 0 and a known amplitude ({self.conditions})"
            )
        return plain(self.amplitude * x**-self.exponent)

    def to_dict(self) -> dict[str, Any]:
        """Plain data: resource, amplitude, exponent, conditions."""
        return {
            "resource": self.resource,
            "amplitude": self.amplitude,
            "exponent": self.exponent,
            "conditions": list(self.conditions),
        }


def power_law(frequencies: Frequencies) -> tuple[float, float, float]:
    """(gamma, Z, shift) of frequencies (k + shift)^-(gamma+1) / Z.

    Raises:
        InputError: the frequencies are no power law.
    """
    from quantal.theory.zipf import Mandelbrot, Zipf

    if isinstance(frequencies, Zipf):
        return frequencies.gamma, frequencies.normaliser, 0.0
    if isinstance(frequencies, Mandelbrot):
        return frequencies.gamma, frequencies.normaliser, frequencies.shift
    raise InputError(
        f"{frequencies!r} is no power law and has no power-law asymptote; use form='exact', or local_exponent for the slope at a scale"
    )


def _gap_power(gap: RankLoss) -> tuple[float, float] | None:
    """(scale, eps) where the gap is scale * k^-eps."""
    match gap:
        case ConstantLoss(value):
            return value, 0.0
        case PowerLoss(scale, exponent, 0.0):
            return scale, exponent
    return None


def _integral(x: Floats, last: float, power: float) -> Floats:
    """Integral of y^-(power+1) from x to last."""
    if power == 0:
        return np.log(last / x)
    end = 0.0 if math.isinf(last) and power > 0 else last**-power
    return (x**-power - end) / power


def asymptote(model: QuantaModel, n: Floats, form: str) -> Floats:
    """The loss above its floor after n quanta, by the integral from n (naive) or n + 1/2 (midpoint); see `QuantaModel.loss_after`."""
    choice("form", form, _FORMS)
    gamma, z, shift = power_law(model.frequencies)
    half = 0.5 if form == "midpoint" else 0.0
    x, last = n + half + shift, model.frequencies.count + half + shift
    if np.any(x <= 0):
        raise InputError(
            f"n = 0 with form={form!r}: the asymptote is infinite there; write n >= 1, form='midpoint' or form='exact'"
        )
    gap, simple = model.gap, _gap_power(model.gap)
    if simple is not None and (simple[1] == 0 or shift == 0):
        return simple[0] / z * np.where(x < last, _integral(np.minimum(x, last), last, gamma + simple[1]), 0.0)
    if isinstance(gap, InformationLoss) and math.isinf(last):
        s, constant = gamma + 1, math.log(z) - math.log(gap.constant)
        return x**-gamma / (gamma * z) * (s * (np.log(x) + 1 / gamma) + constant)
    raise InputError(f"b - a = {gap!r} with {model.frequencies!r} has no asymptote of this form; use form='exact'")


def asymptote_error(model: QuantaModel, n: Floats, form: str) -> Floats:
    """See `QuantaModel.asymptote_error`."""
    choice("form", form, _FORMS)
    if form == "exact":
        return np.zeros_like(n)
    gamma, _, shift = power_law(model.frequencies)
    simple = _gap_power(model.gap)
    if simple is None or (simple[1] != 0 and shift != 0):
        raise InputError(
            f"b - a = {model.gap!r}: the asymptote's error is known where b - a is constant or a power of rank; "
            "use form='exact'"
        )
    half = 0.5 if form == "midpoint" else 0.0
    x, last, power = n + half + shift, model.frequencies.count + half + shift, gamma + simple[1]
    if np.any(x <= 0) or np.any(x >= last):
        raise InputError(f"n = {n!r}: the asymptote's error needs 0 < n < count; write for example n=10")
    scale, order = (0.5, power + 1) if form == "naive" else ((power + 1) / 24, power + 2)
    at_end = 0.0 if math.isinf(last) else last**-order
    return scale * (x**-order - at_end) / _integral(x, last, power)


def params_term(model: QuantaModel, capacity: Capacity = Capacity()) -> PowerTerm:  # noqa: B008
    """A N^-alpha, the loss above its floor of large models with all the data they need.

    alpha = nu (gamma + eps), A = scale / ((gamma+eps) Z) * ((1+growth)/c)^-alpha, where b - a = scale * k^-eps.

    Raises:
        InputError: the frequencies are no power law, or b - a is no power of rank.

    >>> import quantal.theory as qt
    >>> term = params_term(qt.QuantaModel(qt.Zipf(gamma=1.0)), Capacity(params_per_quantum=100))
    >>> round(term.amplitude * np.pi**2 / 6, 9), term.exponent
    (100.0, 1.0)
    """
    gamma, z, _ = power_law(model.frequencies)
    scale, eps = _required_power(model)
    exponent = (gamma + eps) * capacity.nu
    _require_decay(gamma + eps)
    amplitude = scale / ((gamma + eps) * z) * ((1 + capacity.growth) / capacity.params_per_quantum) ** -exponent
    conditions = ("many quanta fit (n >> 1 + shift)", *_finite_condition(model.frequencies))
    return PowerTerm("params", amplitude, exponent, conditions)


def resource_term(model: QuantaModel, rule: LearningRule, resource: str = "samples") -> PowerTerm:
    """B D^-beta (or in steps), the loss above its floor with much data and every quantum within reach.

    Universality: any rule h(u), u = D p, that falls faster than u^-beta gives beta = (gamma+eps)/(omega (gamma+1+delta)), and
    B = scale / (Z sigma) * Z^(omega beta) M_h(beta), sigma = omega (gamma+1+delta), M_h its Mellin transform; for the plain model
    B = (b-a) Z^(-1/(gamma+1)) M_h / (gamma+1). A rule that falls as u^-q with q < beta gives the exponent q.

    Raises:
        InputError: the frequencies are no power law, or b - a is no power of rank.

    >>> import quantal.theory as qt
    >>> model = qt.QuantaModel(qt.Zipf(gamma=0.4))
    >>> ratio = (model.loss(samples=1e8) - model.floor) / resource_term(model, qt.Poisson()).at(1e8)
    >>> bool(abs(ratio - 1) < 1e-6)
    True
    >>> resource_term(model, qt.Hill(power=0.2)).exponent
    0.2
    """
    choice("resource", resource, ("samples", "steps"))
    gamma, z, shift = power_law(model.frequencies)
    scale, eps = _required_power(model)
    _require_decay(gamma + eps)
    sigma = rule.omega * (gamma + 1 + rule.growth)
    number("gamma + 1 + growth", sigma, above=0, example="1.4, a rule whose growth exceeds -(gamma + 1)")
    beta, window = (gamma + eps) / sigma, rule.window
    ends = (*(("quanta beyond the shift are learned",) if shift else ()), *_finite_condition(model.frequencies))
    if beta >= window.decay:
        slow = f"h falls as u^-{window.decay:g}, no faster than u^-{beta:g}: the rule sets the exponent, not the frequencies"
        return PowerTerm(resource, None, window.decay, (slow, *ends))
    amplitude = scale / (z * sigma) * z ** (rule.omega * beta) * window.mellin(beta)
    faster = f"h falls faster than u^-{beta:g}"
    return PowerTerm(resource, amplitude, beta, (faster, "amount * p_1 is large", *ends))


def exponents(model: QuantaModel, rule: LearningRule, step_rule: LearningRule, capacity: Capacity) -> Exponents:
    """See `QuantaModel.exponents`."""
    frequencies, gap = model.frequencies, model.gap
    try:
        gamma, _, _ = power_law(frequencies)
    except InputError:
        return _other_exponents(frequencies)
    simple, notes = _gap_power(gap), list(_finite_condition(frequencies))
    if isinstance(gap, InformationLoss):
        simple = (1.0, 0.0)
        notes.append("b - a = -ln(C p_k): a factor ln n lies on top, and a local exponent is 20 to 30 % smaller")
    if simple is None:
        return Exponents(None, None, None, None, (f"b - a = {gap!r} is no power of rank: read local_exponent",))
    if gamma + simple[1] <= 0:
        return Exponents(
            None, None, None, None, (f"gamma + eps = {gamma + simple[1]:g} <= 0: no power law; read local_exponent",)
        )
    values = {}
    for name, r in (("samples", rule), ("steps", step_rule)):
        beta = (gamma + simple[1]) / (r.omega * (gamma + 1 + r.growth))
        values[name] = min(beta, r.window.decay)
        if beta >= r.window.decay:
            notes.append(
                f"{name}: the rule falls only as u^-{r.window.decay:g}, which sets the exponent instead of {beta:.6g}"
            )
    a, b = (gamma + simple[1]) * capacity.nu, values["samples"]
    return Exponents(a, b, values["steps"], a * b / (a + b), tuple(notes))


def local_exponent(
    model: QuantaModel,
    resource: str,
    at: ArrayLike,
    rule: LearningRule,
    step_rule: LearningRule,
    capacity: Capacity,
    span: float,
) -> Any:
    """See `QuantaModel.local_exponent`."""
    choice("resource", resource, ("quanta", "params", "samples", "steps"))
    number("span", span, above=1, example="1.05")
    x = amounts(resource, at, "1e6")
    if np.any(x == 0):
        raise InputError(f"{resource} = 0: a log-log slope needs amounts > 0; write for example at=1e6")
    step = math.log(span)
    points = (x[..., None] * np.exp(step * np.array([-2.0, -1.0, 1.0, 2.0]))).ravel()
    if resource == "quanta":
        excess = model.gap.mass(model.frequencies, np.minimum(points, model.frequencies.count))
    else:
        given = {name: points if name == resource else None for name in ("params", "samples", "steps")}
        quanta, limits, _ = broadcast_limits(**given, rule=rule, step_rule=step_rule, capacity=capacity)
        excess = unlearned_mass(model.gap, model.frequencies, quanta, limits)
    if np.any(excess <= 0):
        raise InputError(
            f"{resource} = {at!r}: nothing is left to learn there, so there is no slope; give smaller amounts"
        )
    log = np.log(excess).reshape((*x.shape, 4))
    return plain(np.asarray(-(log @ np.array([1.0, -8.0, 8.0, -1.0])) / (12 * step)))


@dataclass(frozen=True)
class JointLaw:
    """The closed joint law of params and samples for power-law frequencies: L = floor + A N^-alpha + B D^-beta share(u).

    share is the part of the window's Mellin transform beyond u, the expected count of the last quantum that fits. For the Poisson
    rule with tau = 1, or the exponential, share = Q(beta, u), u = [Gamma(1+beta) L_N / L_D]^(1/beta), L_N = A N^-alpha, L_D = B D^-beta.
    Neither the sum (Chinchilla) nor the larger of the two: where L_N = L_D the loss is 1.04 to 1.21 L_N for gamma from 0.1 to 1.

    >>> import quantal.theory as qt
    >>> model = qt.QuantaModel(qt.Zipf(gamma=0.4))
    >>> law = joint_law(model)
    >>> exact = model.loss(params=1e5, samples=1e7)
    >>> bool(abs(law.loss(1e5, 1e7) / exact - 1) < 1e-5)
    True
    """

    floor: float
    params: PowerTerm
    samples: PowerTerm
    rule: LearningRule
    gamma: float

    def marginal_count(self, params: ArrayLike, samples: ArrayLike) -> Any:
        """u, the expected count of the last quantum that fits: (gamma M_h L_N / ((gamma+1) L_D))^(1/beta)."""
        beta = self.samples.exponent
        ratio = np.asarray(self.params.at(params)) / np.asarray(self.samples.at(samples))
        return plain(np.asarray((beta * self.rule.window.mellin(beta) * ratio) ** (1 / beta)))

    def loss(self, params: ArrayLike, samples: ArrayLike) -> Any:
        """Asymptotic expected loss in nats; params and samples broadcast."""
        beta, window = self.samples.exponent, self.rule.window
        u = np.asarray(self.marginal_count(params, samples))
        share = np.vectorize(lambda lower: window.mellin(beta, float(lower)), otypes=[float])(u) / window.mellin(beta)
        return plain(np.asarray(self.floor + self.params.at(params) + self.samples.at(samples) * share))


def joint_law(model: QuantaModel, rule: LearningRule | None = None, capacity: Capacity = Capacity()) -> JointLaw:  # noqa: B008
    """The closed asymptotic law in params and samples; rule Poisson(tau=1) unless given.

    Raises:
        InputError: no power law, costs or gaps that depend on rank, a finite count, or a rule too slow for the universality theorem.
    """
    from quantal.theory.rules import Poisson

    rule = rule or Poisson()
    gamma, _, _ = power_law(model.frequencies)
    plain_model = isinstance(model.gap, ConstantLoss) and rule.growth == 0 and rule.omega == 1 and capacity.growth == 0
    if not plain_model or math.isfinite(model.frequencies.count):
        raise InputError(
            f"joint_law of {model!r}, {rule!r}, {capacity!r}: it holds for constant a and b, costs that do not depend on rank "
            "and infinitely many quanta; write model.loss(params=..., samples=...)"
        )
    rule.window.mellin(gamma / (gamma + 1))
    return JointLaw(model.floor, params_term(model, capacity), resource_term(model, rule), rule, gamma)


def _required_power(model: QuantaModel) -> tuple[float, float]:
    simple = _gap_power(model.gap)
    if simple is None:
        raise InputError(
            f"b - a = {model.gap!r} is no power of rank: there is no pure power law; use model.loss or local_exponent"
        )
    return simple


def _require_decay(power: float) -> None:
    number("gamma + eps", power, above=0, example="0.4")


def _finite_condition(frequencies: Frequencies) -> tuple[str, ...]:
    if math.isinf(frequencies.count):
        return ()
    return (f"far fewer than the {frequencies.count:g} quanta are learned, (n/K)^gamma << 1",)


def _other_exponents(frequencies: Frequencies) -> Exponents:
    name = type(frequencies).__name__
    if math.isinf(frequencies.count):
        note = f"{name}: faster than any power of params; 1/samples, up to logarithms; and so in compute"
        return Exponents(None, 1.0, 1.0, 1.0, (note,))
    return Exponents(
        None, None, None, None, (f"{name} over {frequencies.count:g} quanta is no power law: read local_exponent",)
    )
