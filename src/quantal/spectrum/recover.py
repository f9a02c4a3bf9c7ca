"""recover_frequencies(runs) -> RecoveredFrequencies: how often each quantum is used, read from a loss curve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from quantal.errors import DataError, InputError
from quantal.estimate import Estimate
from quantal.spectrum.curve import Curve, Floats, loss_curve
from quantal.spectrum.inversion import chosen_smoothing, design, fit_mixture, frequency_grid
from quantal.theory import Capacity, GradientFlow, LearningRule, Poisson
from quantal.theory.emergence import rule_width

PER_DECADE = 8
EXACT = 1e-7


@dataclass(frozen=True, eq=False)
class RecoveredFrequencies:
    """Rank (M,) and frequency (M,) of quanta as a curve tells them, most frequent first, with a 95 % interval (M,) on each side.

    ``resolution`` is the distance in decades (of frequency, or of size) below which details mean nothing. ``rank`` counts from
    the first quantum that the curve still shows; ``units`` says what rank and frequency are in.
    """

    resource: str
    method: str
    rank: Floats
    frequency: Floats
    low: Floats
    high: Floats
    resolution: float
    floor: Estimate
    misfit: float
    units: str
    notes: tuple[str, ...]
    draws: Floats = field(repr=False)

    @property
    def gamma(self) -> Estimate:
        """The exponent of frequency = rank^-(gamma+1) along the curve, from the draws; a straight line in the logarithms."""
        inside = slice(len(self.rank) // 4, max(len(self.rank) // 4 + 3, 3 * len(self.rank) // 4))
        log_rank = np.log(self.rank[inside])
        with np.errstate(divide="ignore", invalid="ignore"):
            lines = np.log(np.vstack([self.frequency[None, inside], self.draws[:, inside]]))
        kept = np.asarray(np.isfinite(lines).all(axis=1))
        if not bool(kept[0]) or np.ptp(log_rank) == 0:
            return Estimate(None, {}, "the frequencies do not fall along the curve")
        slopes = -np.polyfit(log_rank, lines[kept].T, 1)[0] - 1.0
        return Estimate.from_draws(float(slopes[0]), slopes[1:])

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        arrays = {name: getattr(self, name).tolist() for name in ("rank", "frequency", "low", "high")}
        return {
            "resource": self.resource,
            "method": self.method,
            **arrays,
            "resolution_decades": self.resolution,
            "gamma": self.gamma.to_dict(),
            "floor": self.floor.to_dict(),
            "misfit": self.misfit,
            "units": self.units,
            "notes": list(self.notes),
        }

    def __repr__(self) -> str:
        lines = [f"{len(self.rank)} frequencies from a loss curve in {self.resource}, by {self.method}"]
        lines.append(f"  ranks {self.rank[0]:.3g} to {self.rank[-1]:.3g}, resolution {self.resolution:.2f} decades")
        lines.append(f"  gamma along the curve {self.gamma!r}")
        return "\n".join(lines + [f"  {note}" for note in self.notes])


def recover_frequencies(
    runs: Any,
    input: str = "tokens",
    *,
    rule: LearningRule | None = None,
    unlearned_minus_learned: float | None = None,
    capacity: Capacity | None = None,
    noise: ArrayLike | None = None,
    span: float | None = None,
    draws: int = 200,
    seed: int = 0,
    target: str = "loss",
    where: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> RecoveredFrequencies:
    r"""Frequencies of quanta from a loss curve, without a law of frequencies.

    In size p(n) = -(dL/dN) c/(b-a) at n = N/c. In data L(D) = E + (b-a) sum_k p_k h(D p_k): the masses at each frequency are
    found by non-negative least squares, smoothed as far as the noise allows, and counted into ranks. Intervals are of the noise
    alone, by refitting curves drawn from the fit; smoothing and the width of h limit the resolution.

    Args:
        runs: a curve's runs, with the other resources held or ample.
        input: "params", or "tokens", "samples" or "steps".
        rule: how quanta are learned from data; Poisson() (GradientFlow() for steps) unless given.
        unlearned_minus_learned: b - a; unless given, what the curve shows is taken as the whole, so that it sums to one.
        capacity: parameters per quantum; without it ranks are in parameters and frequencies per parameter.
        noise: standard deviation of one loss; see `quantal.spectrum.loss_curve`.
        span: in size, decades over which each slope is taken; between neighbours unless given.
        draws: how many noisy curves are refitted.

    Raises:
        DataError: too few different amounts, another resource that varies, or a loss that never falls.
        InputError: an argument is out of its range.

    Source: theory of the quantization model, inverse problem; Provencher 1982 (CONTIN) for regularised non-negative inversion.

    >>> import numpy as np, quantal.theory as qt
    >>> d = np.geomspace(1e2, 1e7, 41)
    >>> loss = qt.QuantaModel(qt.Zipf(gamma=0.5)).loss(samples=d)
    >>> found = recover_frequencies({"samples": d, "loss": loss}, "samples", noise=1e-4, unlearned_minus_learned=1.0)
    >>> bool(abs(found.gamma.value - 0.5) < 0.1), round(found.resolution, 2)
    (True, 1.34)
    """
    curve = loss_curve(runs, input, noise=noise, target=target, where=where, columns=columns)
    if unlearned_minus_learned is not None and not (
        np.isfinite(unlearned_minus_learned) and unlearned_minus_learned > 0
    ):
        raise InputError(
            f"unlearned_minus_learned = {unlearned_minus_learned!r}: b - a is finite and above zero, such as 7.3"
        )
    if draws < 2:
        raise InputError(f"draws = {draws}: at least 2 noisy curves give an interval, such as 200")
    rng = np.random.default_rng(seed)
    if curve.resource == "params":
        if rule is not None:
            raise InputError("rule: size knows no learning rule; leave it out, or give input='tokens'")
        return _from_size(curve, unlearned_minus_learned, capacity, span, draws, rng)
    if span is not None or capacity is not None:
        raise InputError(f"span and capacity belong to input='params', not to {curve.resource!r}")
    chosen = rule or (GradientFlow() if curve.resource == "steps" else Poisson())
    return _from_data(curve, chosen, unlearned_minus_learned, draws, rng)


def _from_size(
    curve: Curve, gap: float | None, capacity: Capacity | None, span: float | None, draws: int, rng: np.random.Generator
) -> RecoveredFrequencies:
    if span is not None and not (np.isfinite(span) and span > 0):
        raise InputError(f"span = {span!r}: the decades over which a slope is taken are above zero, such as 0.3")
    at, slope, error, width = slopes(curve, span)
    notes = [_noise_note(curve)]
    falling = slope > 0
    if not falling.any():
        raise DataError(f"{curve.source}: the loss falls nowhere with {curve.resource}; no quantum is learned along it")
    if not falling.all():
        notes.append(
            f"at {int(np.sum(~falling))} of {len(at)} sizes the loss does not fall; a longer span= would average over them"
        )
    at, slope, error = at[falling], slope[falling], error[falling]
    total = gap if gap is not None else curve.loss[0] - curve.loss[-1]
    density = slope / at / total
    relative = error / slope
    rank, units = at, "rank in parameters, frequency per parameter"
    if capacity is not None:
        rank = capacity.quanta(at)
        # d n / d N: quanta that one more parameter holds
        cost = (capacity.params(rank * 1.0001) - capacity.params(rank / 1.0001)) / (rank * (1.0001 - 1 / 1.0001))
        density, units = density * cost, "rank and frequency of quanta"
    if gap is None:
        notes.append("b - a is not given: what this curve shows is taken as the whole")
    many = density * (1.0 + relative * rng.standard_normal((draws, len(at))))
    reach = 1.959963984540054 * relative * density
    return RecoveredFrequencies(
        resource=curve.resource,
        method="derivative",
        rank=rank,
        frequency=density,
        low=np.maximum(density - reach, 0.0),
        high=density + reach,
        resolution=width,
        floor=Estimate(None, {}, "a curve in size does not tell its floor without a law"),
        misfit=0.0,
        units=units,
        notes=tuple(notes),
        draws=many,
    )


def slopes(curve: Curve, span: float | None = None) -> tuple[Floats, Floats, Floats, float]:
    """-dL/d ln x (m,) at the geometric middle (m,) of each window, its standard error (m,), and the windows' width in decades."""
    y = np.log(curve.x)
    at, slope, error, widths = [], [], [], []
    for start in range(len(y) - 1):
        end = (
            start + 2
            if span is None
            else int(np.searchsorted(y, y[start] + span * np.log(10) * (1 + 1e-9), side="right"))
        )
        end = max(end, start + 2)
        if span is not None and end == len(y) and at and y[end - 1] - y[start] < 0.999 * span * np.log(10):
            break
        u = y[start:end] - y[start:end].mean()
        weights = -u / np.sum(u * u)
        at.append(np.exp(y[start:end].mean()))
        slope.append(float(weights @ curve.loss[start:end]))
        error.append(float(np.sqrt(np.sum((weights * curve.noise[start:end]) ** 2))))
        widths.append((y[end - 1] - y[start]) / np.log(10))
    return np.array(at), np.array(slope), np.array(error), float(np.median(widths))


def _from_data(
    curve: Curve, rule: LearningRule, gap: float | None, draws: int, rng: np.random.Generator
) -> RecoveredFrequencies:
    noise = np.maximum(curve.noise, EXACT * float(np.ptp(curve.loss)))
    frequency = frequency_grid(curve.x, rule, PER_DECADE)
    matrix = design(curve.x, frequency, rule)
    smoothing = chosen_smoothing(matrix, frequency, curve.loss, noise)
    best = fit_mixture(matrix, frequency, curve.loss, noise, smoothing)
    if not best.mass.sum() > 0:
        raise DataError(f"{curve.source}: the loss falls nowhere with {curve.resource}; no quantum is learned along it")
    many = [
        fit_mixture(matrix, frequency, best.values + noise * rng.standard_normal(len(curve)), noise, smoothing)
        for _ in range(draws)
    ]
    rank = _ranks(frequency, best.mass, gap)
    half, late = (rule.window.inverse(rule.window.at_zero * left) for left in (0.5, 0.05))
    shown = (best.mass > 0) & (frequency * curve.x[-1] >= half) & (frequency * curve.x[0] <= late)
    if shown.sum() < 2:
        peak = frequency[int(np.argmax(best.mass))]
        raise DataError(
            f"{curve.source}: under {rule!r} nearly all quanta of this curve have one frequency, {peak:.3g}, so there is no spectrum; "
            f"try another rule=, see mixture_test, or measure over more {curve.resource}"
        )
    log_rank = np.log(rank[shown])
    sampled = np.array([_at_ranks(log_rank, frequency, _ranks(frequency, one.mass, gap)) for one in many])
    low, high = np.percentile(sampled, [2.5, 97.5], axis=0)
    misfit = float(np.sqrt(np.mean((curve.loss - best.values) ** 2)))
    notes = [
        _noise_note(curve),
        f"quanta used more often than {frequency[0]:.3g} a {curve.resource.removesuffix('s')} were learned before the first measurement: "
        "ranks count from there",
    ]
    if best.chi_square > len(curve) + 3.0 * np.sqrt(2.0 * len(curve)):
        notes.append(
            f"no mixture under {rule!r} fits within the noise (chi-square {best.chi_square:.0f} of {len(curve)} points); see mixture_test"
        )
    if gap is None:
        notes.append("b - a is not given: what this curve shows is taken as the whole")
    return RecoveredFrequencies(
        resource=curve.resource,
        method="inversion",
        rank=rank[shown],
        frequency=frequency[shown],
        low=np.minimum(low, frequency[shown]),
        high=np.maximum(high, frequency[shown]),
        resolution=rule_width(rule),
        floor=Estimate.from_draws(best.floor, [one.floor for one in many]),
        misfit=misfit,
        units=f"rank of quanta, frequency in 1/{curve.resource}",
        notes=tuple(notes),
        draws=sampled,
    )


def _ranks(frequency: Floats, mass: Floats, gap: float | None) -> Floats:
    """The rank (M,) at the middle of each frequency's quanta, whose number is mass / (b - a) / p."""
    counts = mass / (gap if gap is not None else max(mass.sum(), 1e-300)) / frequency
    return np.cumsum(counts) - 0.5 * counts


def _at_ranks(log_rank: Floats, frequency: Floats, ranks: Floats) -> Floats:
    seen = ranks > 0
    if seen.sum() < 2:
        return np.full(len(log_rank), np.nan)
    return np.exp(np.interp(log_rank, np.log(ranks[seen]), np.log(frequency[seen])))


def _noise_note(curve: Curve) -> str:
    origin = {"given": "as given", "replicates": "from replicates"}.get(
        curve.noise_source, "from the curve's roughness"
    )
    return f"noise of a loss {float(np.median(curve.noise)):.3g}, {origin}"
