"""Claims about networks on multitask sparse parity: measured exponents against the pure power law and against the exact finite sum."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from quantal.reproduce.claim import Claim, Verdict, judged
from quantal.reproduce.parity_measure import (
    LEARNED_BELOW,
    LN2,
    SEEN_BELOW,
    DataStudy,
    Measured,
    SizeStudy,
    bootstrap,
    by_ratio,
    exponent,
    finite_losses,
    learned_at,
)

Floats = NDArray[np.float64]


def size_claims(study: SizeStudy, seed: int, window: tuple[float, float] | None) -> list[Claim]:
    """Exponents in N and S, the order and times of learning, counts against size, and how bimodal losses are."""
    return [
        _alpha_n(study, seed),
        _alpha_s(study, seed, window),
        *_times(study, seed),
        _counts(study, seed),
        _bimodal(study, seed),
    ]


def data_claims(study: DataStudy, seed: int) -> list[Claim]:
    """The exponent in D, and the tasks that are learned against D."""
    return [_alpha_d(study, seed), _data_counts(study, seed)]


def _alpha_n(study: SizeStudy, seed: int) -> Claim:
    x = study.params
    finite = exponent(x, finite_losses(study.p, "params", x, study.final.mean(axis=0) @ study.p))
    found = bootstrap(study.final, lambda losses: exponent(x, losses @ study.p), seed)
    return _exponent(
        "alpha_N",
        study.law.gamma,
        finite,
        found,
        f"{x.size} widths, last loss; published networks were too flat as well",
    )


def step_positions(study: SizeStudy, window: tuple[float, float] | None) -> NDArray[np.int64]:
    """The evaluations that the exponent in S is measured on: those in the window, or all from where the loss is below 0.95 bits."""
    loss = study.curve.mean(axis=0) @ study.p
    low, high = window or (float(study.steps[np.argmax(loss < SEEN_BELOW)]), float(study.steps[-1]))
    return by_ratio(study.steps, low, min(high, float(study.steps[-1])))


def _alpha_s(study: SizeStudy, seed: int, window: tuple[float, float] | None) -> Claim:
    at = step_positions(study, window)
    x = study.steps[at]
    finite = exponent(x, finite_losses(study.p, "steps", x, study.curve[:, at].mean(axis=0) @ study.p))
    found = bootstrap(study.curve[:, at], lambda losses: exponent(x, losses @ study.p), seed)
    about = f"width {study.widths[-1]:g}, steps {x[0]:,.0f} to {x[-1]:,.0f}"
    return _exponent("alpha_S", _in_data(study.law.gamma), finite, found, about)


def _alpha_d(study: DataStudy, seed: int) -> Claim:
    at = np.flatnonzero(study.best.mean(axis=0) @ study.p < SEEN_BELOW)
    x = study.samples[at]
    about = "early stopping, from where the loss is below 0.95 bits"
    if x.size < 3:
        return _unknown(f"alpha_D ({about})", _both(_in_data(study.law.gamma), math.nan))
    finite = exponent(x, finite_losses(study.p, "samples", x, study.best[:, at].mean(axis=0) @ study.p))
    found = bootstrap(study.best[:, at], lambda losses: exponent(x, losses @ study.p), seed)
    return _exponent("alpha_D", _in_data(study.law.gamma), finite, found, f"{x.size} data sets, {about}")


def _times(study: SizeStudy, seed: int) -> list[Claim]:
    ranks = np.arange(1.0, study.p.size + 1)

    def spearman(curve: Floats) -> float:
        times = learned_at(study.steps, curve)
        seen = np.isfinite(times)
        return _rank_correlation(ranks[seen], times[seen]) if seen.sum() > 2 else math.nan

    def power(curve: Floats) -> float:
        times = learned_at(study.steps, curve)
        seen = np.isfinite(times)
        return exponent(study.p[seen], times[seen])

    order = _over_seeds(study.curve, spearman, seed)
    order = Measured(order.value, (max(-1.0, order.interval[0]), min(1.0, order.interval[1])))
    steeper = _over_seeds(study.curve, power, seed)
    count = round(float(np.mean([np.isfinite(learned_at(study.steps, one)).sum() for one in study.curve])))
    about = f"width {study.widths[-1]:g}; the {count} tasks learned"
    text = f"tasks are learned in the order of their frequency: Spearman correlation of step and rank at least 0.9 ({about})"
    verdict: Verdict = "holds" if order.value >= 0.9 else "fails"
    return [
        _ruled(text, order, verdict, 1.0),
        _judged(
            f"steps to learn a task go as 1/frequency: their exponent ({about}; published networks gave 0.81)",
            {"finite": 1.0, "pure": 1.0},
            steeper,
        ),
    ]


def _counts(study: SizeStudy, seed: int) -> Claim:
    found = _count_exponent(study.params, study.final, seed)
    return _judged(
        "learned tasks grow in proportion to the params: their exponent (widths that learn at least one)",
        {"finite": 1.0, "pure": 1.0},
        found,
    )


def _data_counts(study: DataStudy, seed: int) -> Claim:
    gamma = study.law.gamma
    wanted = math.nan if gamma is None else 1 / (1 + gamma)
    return _judged(
        "learned tasks grow as samples to the power 1/(1+gamma) (data sets that teach at least one)",
        {"finite": wanted, "pure": wanted},
        _count_exponent(study.samples, study.best, seed),
    )


def _count_exponent(x: Floats, losses: Floats, seed: int) -> Measured:
    counts = (losses < LEARNED_BELOW).sum(axis=-1).mean(axis=0)
    at = np.flatnonzero(counts >= 1)

    def measure(one: Floats) -> float:
        learned = one.sum(axis=-1)
        return -exponent(x[at], np.maximum(learned, 0.5)) if at.size > 2 else math.nan

    return bootstrap((losses[:, at] < LEARNED_BELOW).astype(float), measure, seed)


def _bimodal(study: SizeStudy, seed: int) -> Claim:
    share = study.final / LN2

    def middle(one: Floats) -> float:
        return float(np.mean((one > 0.25) & (one < 0.75)))

    at = (study.final < LEARNED_BELOW).any(axis=(0, 1))
    found = _over_seeds(share[..., at] if at.any() else share, middle, seed)
    low, high = found.interval
    verdict: Verdict = "holds" if high < 0.5 else "fails" if low > 0.5 else "undecided"
    text = (
        "losses of single tasks are bimodal: less than half lie between a quarter and three quarters of ln 2 "
        f"(all widths; the {int(at.sum())} tasks that some network learns)"
    )
    return _ruled(text, found, verdict, 0.0)


def _over_seeds(values: Floats, measure: Callable[[Floats], float], seed: int) -> Measured:
    """The mean over seeds of a measure of each, for what a mean curve would blur; tasks and seeds resampled."""
    rng = np.random.default_rng(seed)
    single = [bootstrap(one[None], measure, int(rng.integers(2**32))) for one in values]
    kept = [one for one in single if math.isfinite(one.value) and all(math.isfinite(end) for end in one.interval)]
    if not kept:
        return Measured(math.nan, (math.nan, math.nan))
    centre = float(np.mean([one.value for one in kept]))
    within = float(np.mean([(one.interval[1] - one.interval[0]) ** 2 for one in kept])) / len(kept) / (2 * 1.96) ** 2
    between = float(np.var([one.value for one in kept], ddof=1)) / len(kept) if len(kept) > 1 else 0.0
    half = 1.96 * math.sqrt(max(within, between))
    return Measured(centre, (centre - half, centre + half))


def _rank_correlation(x: Floats, y: Floats) -> float:
    from scipy.stats import spearmanr

    return float(np.asarray(spearmanr(x, y)[0]))


def _exponent(name: str, pure: float | None, finite: float, found: Measured, about: str) -> Claim:
    return _judged(f"{name} ({about})", _both(pure, finite), found)


def _judged(claim: str, predicted: dict[str, float], found: Measured) -> Claim:
    if not all(math.isfinite(one) for one in (found.value, *found.interval)):
        return _unknown(claim, predicted)
    rivals = {name: value for name, value in predicted.items() if name == "finite" or value != predicted["finite"]}
    return replace(judged(claim, rivals, found.value, interval=found.interval), predicted=predicted)


def _ruled(claim: str, found: Measured, verdict: Verdict, ideal: float) -> Claim:
    """A claim whose rule is in its text, beside what the hypothesis says at its strictest."""
    predicted = {"finite": ideal, "pure": ideal}
    if not all(math.isfinite(one) for one in (found.value, *found.interval)):
        return _unknown(claim, predicted)
    return Claim(claim, predicted, found.value, found.interval, None, verdict)


def _unknown(claim: str, predicted: dict[str, float]) -> Claim:
    return Claim(f"{claim}: too few to measure", predicted, None, None, None, "undecided")


def _both(pure: float | None, finite: float) -> dict[str, float]:
    return {"finite": finite, "pure": math.nan if pure is None else pure}


def _in_data(gamma: float | None) -> float | None:
    return None if gamma is None else gamma / (1 + gamma)
