"""What loss curves cannot separate: b - a, parameters per quantum and samples per quantum, once one of them is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from scipy import special

from quantal.errors import InputError, LawError
from quantal.estimate import Estimate
from quantal.laws.law import Floats, Law
from quantal.laws.quantized import QuantizedLaw
from quantal.theory import PowerLoss, Zipf


class Fitted(Protocol):
    """A fit, as `quantal.fit` makes it."""

    @property
    def law(self) -> Law: ...
    @property
    def theta(self) -> Floats: ...
    @property
    def draws(self) -> Floats | None: ...
    @property
    def levels(self) -> Sequence[float]: ...


def derived_quantities(
    fit: Fitted,
    *,
    unlearned_minus_learned: float | None = None,
    params_per_quantum: float | None = None,
    tau: float | None = None,
) -> dict[str, Estimate]:
    r"""The quantities behind the amplitudes of a fitted Zipf law, from the one of them that is given.

    A = (b-a) c^gamma / (gamma Z) and B = (b-a) Z^{-1/(gamma+1)} tau^beta / gamma, with Z = zeta(gamma+1) and
    beta = gamma/(gamma+1): two equations for three unknowns.

    Args:
        fit: of a law that `quantized_law` made of Zipf's infinite law, with gamma.
        unlearned_minus_learned: b - a, in the unit of the loss.
        params_per_quantum: c.
        tau: data that a quantum's own samples must amount to, in the unit of the data: the hard threshold of the same amplitude.

    Returns:
        An estimate for each of the three, with intervals from the fit's draws; unknown ones say why.

    Raises:
        InputError: none or several are given, one is not above zero, or the law has no term that it enters.
        LawError: the fit is of another law.

    Source: theory of the quantization model, prefactors of the three exponents (Michaud et al. 2023, section 2).

    >>> import numpy as np, quantal as ql
    >>> from quantal.laws.quantized import quanta_law
    >>> n = np.geomspace(1e5, 1e9, 9)
    >>> found = ql.fit({"params": n, "loss": 1.7 + 50 * n**-0.4}, quanta_law("zipf", ("params",)))
    >>> round(derived_quantities(found, params_per_quantum=1000.0)["unlearned_minus_learned"].value, 3)
    3.919
    """
    law = fit.law
    if not _is_plain_zipf(law):
        raise LawError(
            f"{law.name}: amplitudes are read for infinitely many Zipf quanta of constant cost and loss; "
            "fit quantized_joint, zipf:params or zipf:tokens"
        )
    given = {
        "unlearned_minus_learned": unlearned_minus_learned,
        "params_per_quantum": params_per_quantum,
        "tau": tau,
    }
    known = {name: float(value) for name, value in given.items() if value is not None}
    if len(known) != 1:
        raise InputError(
            f"given {', '.join(known) or 'none'} of b - a, parameters per quantum and tau: give exactly one, such as params_per_quantum=1e4"
        )
    ((name, value),) = known.items()
    if not (np.isfinite(value) and value > 0):
        raise InputError(f"{name} = {value!r}: must be finite and above zero; write for example {name}=1.0")
    needed = {"params_per_quantum": "A", "tau": "B"}.get(name)
    if needed and needed not in law.parameter_names:
        raise InputError(f"{law.name} has no amplitude {needed}, which {name} enters; give unlearned_minus_learned")
    point = _solved(law, fit.theta[None, :], name, value)
    draws = None if fit.draws is None else _solved(law, fit.draws, name, value)
    return {key: _estimate(key, name, point, draws, fit.levels) for key in given}


def _is_plain_zipf(law: Law) -> bool:
    if not (isinstance(law, QuantizedLaw) and law.model is not None and law.tied):
        return False
    frequencies, gap = law.model.frequencies, law.model.gap
    constant = law.capacity.growth == 0 and law.rule.omega == 1 and law.rule.growth == 0
    infinite = isinstance(frequencies, Zipf) and not np.isfinite(frequencies.count)
    return infinite and constant and not isinstance(gap, PowerLoss)


def _solved(law: Law, theta: Floats, name: str, value: float) -> dict[str, Any]:
    """The logarithms (R,) of those that the amplitudes fix."""
    p = dict(zip(law.parameter_names, theta.T, strict=True))
    gamma = p["gamma"]
    log_z, beta = np.log(special.zeta(gamma + 1.0)), gamma / (gamma + 1.0)
    size = np.log(p["A"]) + np.log(gamma) + log_z if "A" in p else None
    data = np.log(p["B"]) + np.log(gamma) + log_z / (gamma + 1.0) if "B" in p else None
    log_value = np.full(len(theta), np.log(value))
    match name:
        case "params_per_quantum":
            gap = size - gamma * log_value  # type: ignore[operator]
        case "tau":
            gap = data - beta * log_value  # type: ignore[operator]
        case _:
            gap = log_value
    out = {"unlearned_minus_learned": gap}
    if size is not None:
        out["params_per_quantum"] = (size - gap) / gamma
    if data is not None:
        out["tau"] = (data - gap) / beta
    return out


def _estimate(
    key: str, given: str, point: dict[str, Any], draws: dict[str, Any] | None, levels: Sequence[float]
) -> Estimate:
    if key not in point:
        return Estimate(None, {}, "the law has no term that it enters")
    log_value = float(point[key][0])
    if abs(log_value) > 700:
        return Estimate(None, {}, f"e^{log_value:.4g} is beyond the range of a float64")
    if key == given:
        return Estimate(float(np.exp(log_value)), {}, "given")
    if draws is None:
        return Estimate(float(np.exp(log_value)), {}, "no draws: fit with a bootstrap")
    with np.errstate(over="ignore"):
        return Estimate.from_draws(float(np.exp(log_value)), np.exp(draws[key]), tuple(levels))
