"""corpus_forecast(counts) -> CorpusForecast: the loss against data from the counts of a corpus alone, with no model trained."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from quantal.errors import DataError, InputError, QuantalWarning
from quantal.fit import fit
from quantal.fit.solver import Progress
from quantal.laws import Law, hold, quantized_law
from quantal.spectrum.curve import Floats
from quantal.spectrum.unseen import mass_estimate, unlearned_mass
from quantal.theory import Cutoff, Frequencies, LogNormal, Mandelbrot, Poisson, QuantaModel, Zipf
from quantal.theory.counts import CountHistogram, histogram

Regime = Literal["exact", "good-toulmin", "parametric"]

POINTS, PAST = 25, 0.2
COMPARABLE = 4.0
REDRAWS = 20
STARTS = 6
CANDIDATES: tuple[Frequencies, ...] = (
    Zipf(gamma=0.5),
    Zipf(gamma=0.5, count=1000),
    Mandelbrot(gamma=0.5, shift=10.0),
    LogNormal(sigma=2.0, count=1000),
    Cutoff(gamma=0.5, cutoff=1000.0),
)


@dataclass(frozen=True, eq=False)
class CorpusForecast:
    """Loss (m,) at samples (m,) with its standard error (m,), and by which of three ways each point was found.

    "exact": an unbiased estimator that needs no law, up to the corpus; "good-toulmin": its smoothed extrapolation, up to
    ``reach`` samples, where its error passes the tolerance; "parametric": a law of frequencies beyond.
    """

    samples: Floats
    loss: Floats
    error: Floats
    regimes: tuple[Regime, ...]
    total: float
    reach: float
    law: str
    notes: tuple[str, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "samples": self.samples.tolist(),
            "loss": self.loss.tolist(),
            "standard_error": self.error.tolist(),
            "regimes": list(self.regimes),
            "corpus": self.total,
            "reach": self.reach,
            "law": self.law,
            "notes": list(self.notes),
        }

    def __repr__(self) -> str:
        lines = [f"loss from counts alone; corpus of {self.total:g} samples, reach {self.reach:.3g}, then {self.law}"]
        for samples, loss, error, regime in zip(self.samples, self.loss, self.error, self.regimes, strict=True):
            lines.append(f"  {samples:10.3g}  {loss:.5g} +- {error:.2g}  {regime}")
        return "\n".join(lines)


def corpus_forecast(
    counts: ArrayLike | CountHistogram | Iterable[ArrayLike],
    at: ArrayLike | None = None,
    *,
    tau: int = 1,
    learned_loss: float = 0.0,
    unlearned_minus_learned: float = 1.0,
    frequencies: Frequencies | None = None,
    tolerance: float = 0.05,
    seed: int = 0,
    progress: Progress | None = None,
) -> CorpusForecast:
    r"""L(D) = a + (b-a) sum_k p_k P(Poisson(D p_k) < tau) from how often each item occurs in a corpus.

    Up to the corpus a random share of it stands for D samples, and the rest tells what they miss: unbiased. Somewhat beyond, the same
    series is continued and smoothed (Efron and Thisted 1976; Orlitsky, Suresh and Wu 2016). Further, the law of frequencies that best
    predicts the corpus from a fifth of it is continued, from where the series errs by half the tolerance; its error holds what other
    laws, nearly as good, would say, and by how much the law missed the corpus, for each factor of five beyond.

    Args:
        counts: how often each item (a word, a skill) occurs, whole numbers, shape (K,), zeros left out; or an iterator of such
            arrays, read chunk by chunk.
        at: samples; from a hundredth of the corpus to a hundred corpora unless given.
        tau: samples that an item takes to be learned.
        learned_loss, unlearned_minus_learned: a and b - a.
        frequencies: the law to continue with, in place of a fitted one.
        tolerance: the relative error of the loss above a at which the extrapolation is given up.
        progress: called with (laws fitted, laws in all).

    Raises:
        InputError: counts that are negative or no whole numbers, or another argument out of its range.
        DataError: fewer than 100 samples in all, or too few repeats to see a curve.

    >>> import quantal.theory as qt
    >>> seen = np.bincount(qt.Zipf(gamma=0.5).sample(200_000, seed=1).clip(max=10**7))
    >>> found = corpus_forecast(seen, [2e4, 2e5, 3e5, 2e7], frequencies=qt.Zipf(gamma=0.5))
    >>> found.regimes
    ('exact', 'exact', 'good-toulmin', 'parametric')
    """
    gap, threshold = _checked(tau, learned_loss, unlearned_minus_learned, tolerance)
    corpus = _Corpus(*_counted(counts), threshold)
    total = corpus.total
    samples = np.geomspace(total / 100, total * 100, 33) if at is None else np.atleast_1d(np.asarray(at, dtype=float))
    if not np.all(np.isfinite(samples) & (samples > 0)):
        raise InputError(f"at = {at!r}: samples are finite and above zero, such as [1e6, 1e7]")
    reach = corpus.reach(tolerance)
    loss, error = np.empty(len(samples)), np.empty(len(samples))
    name, notes = "nothing", []
    beyond = samples / total > reach
    for i in np.flatnonzero(~beyond):
        loss[i], error[i] = corpus.estimate(float(samples[i] / total))
    if beyond.any():
        if frequencies is None:
            loss[beyond], error[beyond], name = _fitted_law(
                corpus, samples[beyond], corpus.reach(0.5 * tolerance), np.random.default_rng(seed), progress
            )
        else:
            loss[beyond], error[beyond] = _given_law(corpus, samples[beyond], frequencies)
            name = repr(frequencies)
        notes.append(f"beyond {reach * total:.3g} samples the forecast is that of {name}")
    regimes = [
        "parametric" if far else "exact" if ratio <= 1.0 else "good-toulmin"
        for far, ratio in zip(beyond, samples / total, strict=True)
    ]
    return CorpusForecast(
        samples=samples,
        loss=learned_loss + gap * np.clip(loss, 0.0, 1.0),
        error=gap * error,
        regimes=tuple(regimes),  # type: ignore[arg-type]
        total=total,
        reach=reach * total,
        law=name,
        notes=tuple(notes),
    )


@dataclass(frozen=True, eq=False)
class _Corpus:
    """Different counts (M,), how many items have each (M,), their total, and tau."""

    sizes: Floats
    repeats: Floats
    total: float
    tau: int

    def estimate(self, ratio: float) -> tuple[float, float]:
        """The unlearned mass at ``ratio`` corpora, and its standard error."""
        return unlearned_mass(self.sizes, self.repeats, self.total, ratio, self.tau)

    def reach(self, tolerance: float) -> float:
        """The largest multiple of the corpus up to which the estimate's relative error stays below the tolerance."""
        reach = 1.0
        for ratio in np.geomspace(1.05, 20.0, 40):
            value, error = self.estimate(float(ratio))
            if not (value > 0 and error <= tolerance * value):
                break
            reach = float(ratio)
        return reach

    def points(self, repeats: Floats) -> tuple[Floats, Floats]:
        """Samples and unlearned mass at points up to the corpus, where it is above zero."""
        ratios = np.geomspace(max(1e-3, 10.0 / self.total), 1.0, POINTS)
        mass = np.array([mass_estimate(self.sizes, repeats, self.total, float(ratio), self.tau) for ratio in ratios])
        return ratios[mass > 0] * self.total, mass[mass > 0]

    def tied(self, law: Law, theta: Floats, samples: Floats, repeats: Floats, ratio: float) -> Floats:
        """A fitted law at samples (m,), scaled to the estimate at ``ratio`` corpora."""
        values = law.value({"tokens": np.concatenate([[ratio * self.total], samples])}, theta)
        return mass_estimate(self.sizes, repeats, self.total, ratio, self.tau) * values[1:] / values[0]


def _counted(counts: ArrayLike | CountHistogram | Iterable[ArrayLike]) -> tuple[Floats, Floats, float]:
    """Different counts (M,), how many items have each (M,), and their total."""
    found = histogram(counts)
    if found.total < 100:
        raise DataError(f"counts hold {found.total:g} samples in all; at least 100 are needed to see a curve")
    return found.values.astype(float), found.items.astype(float), found.total


def _checked(tau: int, learned: float, gap: float, tolerance: float) -> tuple[float, int]:
    if not (np.isfinite(tau) and tau >= 1 and tau == int(tau)):
        raise InputError(f"tau = {tau!r}: a number of samples is a whole number of at least 1, such as 3")
    if not (np.isfinite(learned) and np.isfinite(gap) and gap > 0):
        raise InputError(
            f"learned_loss = {learned!r}, unlearned_minus_learned = {gap!r}: both finite and b - a above zero, such as 1.7 and 7.3"
        )
    if not 0 < tolerance < 1:
        raise InputError(f"tolerance = {tolerance!r}: a relative error between 0 and 1, such as 0.05")
    return float(gap), int(tau)


def _given_law(corpus: _Corpus, samples: Floats, frequencies: Frequencies) -> tuple[Floats, Floats]:
    """The forecast (m,) of a given law, tied to the estimate at the corpus, and its error (m,)."""
    start, error = corpus.estimate(1.0)
    ends = np.concatenate([[corpus.total], samples])
    curve = np.asarray(QuantaModel(frequencies).loss(samples=ends, rule=Poisson(corpus.tau)))
    return start * curve[1:] / curve[0], error * curve[1:] / curve[0]


def _fitted_law(
    corpus: _Corpus, samples: Floats, tie: float, rng: np.random.Generator, progress: Progress | None
) -> tuple[Floats, Floats, str]:
    """The forecast (m,) of the law that predicts the corpus best from a fifth of it, its error (m,) and its name."""
    x, y = corpus.points(corpus.repeats)
    if len(y) < 12 or not np.ptp(y) > 0:
        raise DataError(
            "no item is seen often enough for a curve to be continued beyond the corpus; give at= within it"
        )
    past = x <= PAST * corpus.total
    scored = []
    for done, example in enumerate(CANDIDATES):
        if progress is not None:
            progress(done, len(CANDIDATES))
        law = hold(quantized_law(QuantaModel(example), "tokens", rule=Poisson(corpus.tau)), E=0.0)
        try:
            early = _fitted(law, x[past], y[past])
            whole = _fitted(law, x, y, early)
        except (DataError, InputError):
            continue
        miss = float(np.sqrt(np.mean(np.log(law.value({"tokens": x[~past]}, early) / y[~past]) ** 2)))
        name = type(example).__name__ + (" (finite)" if law.name.startswith("zipf_finite") else "")
        scored.append((miss, name, law, whole))
    scored.sort(key=lambda one: one[0])
    best_miss, name, law, theta = scored[0]
    forecast = corpus.tied(law, theta, samples, corpus.repeats, tie)
    others = [
        corpus.tied(other, found, samples, corpus.repeats, tie)
        for miss, _, other, found in scored
        if miss <= COMPARABLE * max(best_miss, 1e-3)
    ]
    spread = np.max([np.abs(other - forecast) for other in others], axis=0)
    redrawn = []
    for _ in range(REDRAWS):
        repeats = rng.poisson(corpus.repeats).astype(float)
        x_again, y_again = corpus.points(repeats)
        if len(y_again) >= 12:
            redrawn.append(corpus.tied(law, _fitted(law, x_again, y_again, theta), samples, repeats, tie))
    noise = np.std(redrawn, axis=0) if len(redrawn) > 1 else np.zeros(len(samples))
    missed = best_miss * forecast * np.log(samples / (tie * corpus.total)) / -np.log(PAST)
    return forecast, np.sqrt(noise**2 + spread**2 + missed**2), f"{name} frequencies, fitted to the corpus"


def _fitted(law: Law, x: Floats, y: Floats, start: Floats | None = None) -> Floats:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QuantalWarning)
        table = {"tokens": x, "loss": y}
        if start is None:
            return fit(table, law, objective="log_squares", starts=STARTS).theta
        return fit(table, law, objective="log_squares", starts=start[None, :]).theta
