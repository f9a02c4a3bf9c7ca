"""Two recipes under one law: joint fits with parameters shared or separate, weighed by AICc, and each recipe's draws."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from quantal.errors import QuantalWarning
from quantal.fit import Fit, fit
from quantal.fit.objective import Objective
from quantal.laws import Law
from quantal.laws.by_group import by_group
from quantal.laws.law import Floats
from quantal.runs import Runs

LEAST_WEIGHT = 0.02
SAME = "all shared"


@dataclass(frozen=True)
class Sharing:
    """One way of sharing parameters between recipes: which, how many there are in all, and AICc over the best way's."""

    name: str
    shared: tuple[str, ...]
    parameters: int
    aicc: float
    excess: float

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "shared": list(self.shared),
            "n_parameters": self.parameters,
            "aicc_excess": self.excess,
        }


def joint_fits(
    law: Law, both: Runs, parts: Mapping[str, Runs], pair: tuple[str, str], share: Sequence[str] | None, rule: Objective,
    target: str | None, bootstrap: int, level: float, seed: int, progress: Callable[[int, int], None],
) -> tuple[Fit, Fit, tuple[Floats, Floats], tuple[Sharing, ...]]:  # fmt: skip
    """The joint fit under the best sharing, that which shares least, each recipe's draws over all ways of sharing, and these ways by AICc.

    Each way gives draws by its Akaike weight. Sharing everything is only reported: it would say that no difference can be.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QuantalWarning)
        alone = [fit(parts[label], law, target=target, objective=rule, seed=seed).theta for label in pair]
        fits: dict[str, Fit] = {}
        for name, shared in _ways(law, share).items():
            joined = by_group(law, pair, shared)
            starts = _starts(law, joined, alone, pair)
            fits[name] = fit(both, joined, target=target, objective=rule, starts=starts)
        scores = {name: (one.criteria or {})["aicc"] for name, one in fits.items()}
        usable = [name for name in fits if name != SAME]
        low = min(scores[name] for name in usable)
        weights = np.exp(-0.5 * np.array([scores[name] - low for name in usable]))
        weights /= weights.sum()
        drawn: list[tuple[Floats, Floats]] = []
        for name, weight in zip(usable, weights, strict=True):
            if weight < LEAST_WEIGHT:
                continue
            one = fits[name]
            done = sum(len(a) for a, _ in drawn)

            def tell(count: int, _total: int, before: int = done) -> None:
                progress(before + count, bootstrap)

            again = fit(
                both, one.law, target=target, objective=rule, starts=one.theta[None, :], seed=seed, progress=tell,
                bootstrap=max(2, round(weight * bootstrap)),
            )  # fmt: skip
            fits[name] = again
            assert again.draws is not None
            drawn.append(own_parameters(law, again.law, again.draws, pair))
    best = min(scores.values())
    ways = [
        Sharing(
            name, tuple(p for p in law.parameter_names if p in one.law.parameter_names), len(one.law.parameters),
            scores[name], scores[name] - best,
        )
        for name, one in fits.items()
    ]  # fmt: skip
    draws = np.concatenate([a for a, _ in drawn]), np.concatenate([b for _, b in drawn])
    joint, widest = fits[min(usable, key=lambda name: scores[name])], fits[usable[0]]
    return joint, widest, draws, tuple(sorted(ways, key=lambda one: one.aicc))


def _ways(law: Law, share: Sequence[str] | None) -> dict[str, tuple[str, ...]]:
    names = law.parameter_names
    if share is not None:
        return {"shared as given" if share else "all separate": tuple(share)}
    exponents = tuple(p.name for p in law.parameters if not p.bounds.scale)
    ways = {"all separate": (), "exponents shared": exponents, SAME: names}
    if "E" in names:
        ways["floor shared"] = ("E",)
        ways["exponents and floor shared"] = ("E", *exponents)
    return {name: shared for name, shared in ways.items() if name == "all separate" or shared}


def _starts(law: Law, joined: Law, alone: list[Floats], pair: tuple[str, str]) -> Floats:
    """Starts of the joint fit: the separate fits, with shared parameters from either, and from their geometric mean."""
    rows = []
    for weight in (0.0, 0.5, 1.0):
        row = []
        for i, p in enumerate(law.parameters):
            a, b = alone[0][i], alone[1][i]
            middle = p.bounds.natural((1 - weight) * p.bounds.free(a) + weight * p.bounds.free(b))
            row += [float(middle)] if p.name in joined.parameter_names else [a, b]
        rows.append(row)
    return np.array(rows)


def own_parameters(law: Law, joined: Law, theta: Floats, pair: tuple[str, str]) -> tuple[Floats, Floats]:
    """Each recipe's own parameters (R, P) from the joint law's (R, Q)."""
    names = joined.parameter_names
    a, b = ([names.index(p if p in names else f"{p}[{label}]") for p in law.parameter_names] for label in pair)
    return theta[:, a], theta[:, b]
