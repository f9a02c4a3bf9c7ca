"""Everything that a report says, computed: laws ranked, fits with intervals, plans, approaches, the quantization reading."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from quantal.errors import DataError, InputError, LawError, QuantalWarning
from quantal.estimate import Estimate
from quantal.fit import (
    Comparison,
    Fit,
    Influence,
    Objective,
    Outliers,
    QuantizationReading,
    compare,
    fit,
    outliers,
    quantization_reading,
)
from quantal.fit.result import check_target
from quantal.laws import Law, default_laws, get_law
from quantal.plan import Approach, IsoFlop, Plan, approaches, isoflops, plan
from quantal.report.words import power, symbol
from quantal.runs import Runs

TIMES = (1.0, 10.0, 100.0)
MANY = 3000
READ_FROM = ("chinchilla", "kappa")


@dataclass(frozen=True)
class Settings:
    """What was asked for, as it stands on the page and in its data."""

    bootstrap: int
    seed: int
    levels: tuple[float, ...]
    objective: str
    target: str
    drop_highest_loss: int
    where: str | None = None

    def to_dict(self) -> dict[str, Any]:
        return vars(self) | {"levels": list(self.levels)}


@dataclass(frozen=True, eq=False)
class Outlook:
    """The value of a law in one input at one point, with its interval from the draws."""

    law: str
    at: Mapping[str, float]
    value: Estimate
    decades_beyond: float

    def to_dict(self) -> dict[str, Any]:
        out = {"law": self.law, "at": dict(self.at), "value": self.value.to_dict()}
        return out | {"decades_beyond": self.decades_beyond}


@dataclass(frozen=True, eq=False)
class Analysis:
    """What a page is made of. ``leading`` names the law that forecasts; ``fits`` are those with bootstrap draws.

    ``absent`` says, for each part that these runs do not carry, why not.
    """

    runs: Runs
    settings: Settings
    comparison: Comparison
    fits: Mapping[str, Fit]
    leading: str
    plans: Mapping[str, tuple[Plan, ...]]
    outlooks: tuple[Outlook, ...]
    approaches: tuple[Approach, ...]
    isoflops: tuple[IsoFlop, ...]
    reading: QuantizationReading | None
    outliers: Outliers
    influence: Influence | None
    warnings: tuple[str, ...]
    absent: Mapping[str, str] = field(default_factory=dict)

    @property
    def lead(self) -> Fit:
        """The fit of the leading law."""
        return self.fits[self.leading]

    @property
    def level(self) -> float:
        """The level in percent of the intervals that are shown where there is room for one."""
        return max(self.settings.levels)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "runs": self.runs.source,
            "n_runs": len(self.runs),
            "settings": self.settings.to_dict(),
            "leading_law": self.leading,
            "comparison": self.comparison.to_dict(),
            "fits": {name: one.to_dict() for name, one in self.fits.items()},
            "plans": {name: [one.to_dict() for one in many] for name, many in self.plans.items()},
            "outlooks": [one.to_dict() for one in self.outlooks],
            "approaches": [one.to_dict() for one in self.approaches],
            "reading": None if self.reading is None else self.reading.to_dict(),
            "absent": dict(self.absent),
            "warnings": list(self.warnings),
        }


def analyse(
    runs: Runs,
    settings: Settings,
    *,
    chosen: Sequence[str | Law] | None = None,
    objective: str | Objective = "huber",
    leads: Law | None = None,
    known: Fit | None = None,
    compute: Sequence[float] | None = None,
    progress: Any = None,
) -> Analysis:
    """Do all that a report needs on runs whose rows were chosen already.

    ``leads`` is the law that forecasts whatever its rank, ``known`` a fit of it to these runs that is taken as it is.

    Raises:
        DataError: no law can be fitted to these runs.
        InputError: a budget is not above six FLOPs, or these runs cannot be planned for.
    """
    steps = _Steps(progress)
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always", QuantalWarning)
        ranked = compare(
            runs,
            _candidates(runs, chosen, leads, settings.target),
            target=settings.target,
            objective=objective,
            criteria=False,
            seed=settings.seed,
            progress=steps.of(0, 40),
        )
        leading = _leading(ranked, leads)
        names = _detailed(ranked, leading)
        fits: dict[str, Fit] = {}
        for i, name in enumerate(names):
            if known is not None and name == known.law.name:
                fits[name] = known
                continue
            law = next(one.fit.law for one in ranked.laws if one.law == name)
            fits[name] = fit(
                runs,
                law,
                target=settings.target,
                objective=objective,
                bootstrap=settings.bootstrap,
                levels=settings.levels,
                seed=settings.seed,
                progress=steps.of(40 + 50 * i // len(names), 50 // len(names)),
            )
        absent: dict[str, str] = {}
        reading = _reading(fits, settings.levels, ranked, absent)
        before = leading
        if leads is None:
            leading = _unless_rejected(leading, reading, fits, ranked)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", QuantalWarning)
            plans = _plans(fits, leading, compute, absent)
        outlooks = _outlooks(fits[leading], compute) if leading not in plans else ()
        ways, groups = _ways(fits, leading, plans, settings, absent)
        lead = fits[leading]
        far = outliers(lead.residuals)
        influence = None
        if lead.n_runs <= MANY:
            influence = lead.influence(5)
        else:
            absent["influence"] = f"refitting without each of {lead.n_runs:,} runs was left out"
    steps.tell(100)
    told = [str(one.message) for one in heard if issubclass(one.category, QuantalWarning)]
    if leading != before:
        told.insert(
            0,
            f"{before} predicts the dearest runs best, but it ties the exponents, which these runs reject: {leading} forecasts and "
            "plans in its place",
        )
    for one in heard:
        if not issubclass(one.category, QuantalWarning):
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
    return Analysis(
        runs,
        settings,
        ranked,
        fits,
        leading,
        plans,
        outlooks,
        ways,
        groups,
        reading,
        far,
        influence,
        tuple(dict.fromkeys([*told, *_own_warnings(runs, fits, plans.get(leading, ()))])),
        absent,
    )


class _Steps:
    """Progress of the whole, from the progress of its parts, in percent."""

    def __init__(self, progress: Any) -> None:
        self.progress = progress

    def tell(self, done: int) -> None:
        if self.progress is not None:
            self.progress(done, 100)

    def of(self, first: int, share: int) -> Any:
        return lambda done, total: self.tell(first + share * done // max(total, 1))


def _candidates(runs: Runs, chosen: Sequence[str | Law] | None, leads: Law | None, target: str) -> list[str | Law]:
    """The laws to rank: those asked for, else those of the default set that these runs carry, else power laws of any number."""
    check_target(runs, target)
    found: list[str | Law] = list(chosen) if chosen else []
    if not found:
        found = [one for one in default_laws() if {*one.input_names, target} <= set(runs.names)]
    if not found:
        numbers = [c.name for c in runs.columns if c.role in ("value", "batch_size") and c.name != target]
        found = [f"{kind}:{name}" for name in numbers for kind in ("power_floor", "power")]
    if not found:
        raise DataError(
            f"{runs.source}: no column of numbers beside {target!r} to explain it by, among {', '.join(runs.names)}. "
            "Name the columns with --column, as in --column params=HEADER"
        )
    if leads is not None and leads.name not in [get_law(one).name for one in found]:
        found.insert(0, leads)
    return found


def _leading(ranked: Comparison, leads: Law | None) -> str:
    """The law that forecasts: the one asked for, else the best-ranked one that can split a budget, else the best-ranked."""
    if leads is not None and leads.name in [one.law for one in ranked.laws]:
        return leads.name
    scored = [one for one in ranked.laws if one.heldout_error is not None] or list(ranked.laws)
    joint = [one for one in scored if set(one.fit.law.input_names) == {"params", "tokens"}]
    return (joint or scored)[0].law


def _unless_rejected(
    leading: str, reading: QuantizationReading | None, fits: Mapping[str, Fit], ranked: Comparison
) -> str:
    """The leading law, or the best-ranked with exponents of their own where it ties them and the runs reject that."""
    if reading is None or reading.exponents != "rejected" or "gamma" not in fits[leading].law.parameter_names:
        return leading
    free = [
        one.law for one in ranked.laws if one.law in fits and {"alpha", "beta"} <= {*fits[one.law].law.parameter_names}
    ]
    return free[0] if free else leading


def _detailed(ranked: Comparison, leading: str) -> list[str]:
    """The laws with a bootstrap: the leading one, those that the quantization reading needs, and the best-ranked."""
    known = [one.law for one in ranked.laws]
    wanted = [leading, *(name for name in READ_FROM if name in known), known[0]]
    return list(dict.fromkeys(wanted))


def dearest(runs: Runs) -> float:
    """The largest 6 N D among the runs."""
    return float(np.max(6.0 * runs["params"] * runs["tokens"]))


def _plans(
    fits: Mapping[str, Fit], leading: str, compute: Sequence[float] | None, absent: dict[str, str]
) -> dict[str, tuple[Plan, ...]]:
    out: dict[str, tuple[Plan, ...]] = {}
    for name, one in fits.items():
        if set(one.law.input_names) != {"params", "tokens"}:
            continue
        budgets = [times * dearest(one.runs) for times in TIMES] if not compute else list(compute)
        try:
            out[name] = tuple(plan(one, float(c)) for c in budgets)
        except LawError as error:
            absent[f"plan by {name}"] = str(error)
    if leading not in out:
        absent["plan"] = f"a budget is split between params and tokens, and {leading} does not read both"
        reads_compute = fits[leading].law.input_names == ("compute",)
        if compute and not reads_compute:
            raise InputError(
                f"compute = {float(compute[0]):g}: these runs carry no law in params and tokens, nor one in compute that leads "
                f"(it is {leading}), so no budget can be planned for; leave --compute out"
            )
    return out


def _outlooks(lead: Fit, compute: Sequence[float] | None) -> tuple[Outlook, ...]:
    if len(lead.law.inputs) != 1 or lead.law.inputs[0].series:
        return ()
    name = lead.law.input_names[0]
    top = float(np.max(lead.runs[name]))
    points = list(compute) if compute and name == "compute" else [times * top for times in TIMES]
    return tuple(
        Outlook(lead.law.name, {name: x}, lead.predict(levels=None, **{name: x}), lead.decades_beyond(**{name: x}))
        for x in points
    )


def _ways(
    fits: Mapping[str, Fit],
    leading: str,
    plans: Mapping[str, tuple[Plan, ...]],
    settings: Settings,
    absent: dict[str, str],
) -> tuple[tuple[Approach, ...], tuple[IsoFlop, ...]]:
    if leading not in plans:
        absent["approaches"] = absent["plan"]
        return (), ()
    lead = fits[leading]
    if lead.n_runs > MANY:
        absent["approaches"] = f"the three approaches are compared for at most {MANY:,} runs"
        return (), ()
    return approaches(lead, seed=settings.seed), isoflops(lead)


def _reading(
    fits: Mapping[str, Fit], levels: tuple[float, ...], ranked: Comparison, absent: dict[str, str]
) -> QuantizationReading | None:
    if "chinchilla" not in fits:
        absent["reading"] = "it is read from a fit of chinchilla, which " + (
            f"these runs do not carry: {ranked.refused['chinchilla']}"
            if "chinchilla" in ranked.refused
            else "was not fitted here"
            if {"params", "tokens"} <= set(ranked.laws[0].fit.runs.names)
            else "needs runs with params and tokens"
        )
        return None
    return quantization_reading(fits["chinchilla"], fits.get("kappa"), levels)


def vanished(runs: Runs, target: str, name: str, estimate: Estimate) -> bool:
    """Whether a fitted floor E went to zero: it is less than a millionth of the lowest target."""
    return name == "E" and estimate.value is not None and 0 <= estimate.value < 1e-6 * float(np.min(runs[target]))


def _own_warnings(runs: Runs, fits: Mapping[str, Fit], plans: Sequence[Plan]) -> list[str]:
    """What fitting did not say: the plan's warnings, parameters that the runs leave open, another count of FLOPs."""
    told = []
    if plans:
        last = plans[-1]
        told += [f"at {power(last.compute)} FLOPs, {text}" for text in last.warnings if text not in last.fit.warnings]
    for one in fits.values():
        loose = [name for name, verdict in one.verdicts.items() if verdict.word == "not determined"]
        if loose:
            label = one.law.title or one.law.name
            names = ", ".join(symbol(name) for name in loose)
            told.append(f"{label}: these runs do not determine {names}; the parameters say why")
    if plans and "compute" in runs and runs.column("compute").derived is None:
        ratio = float(np.median(runs["compute"] / (6.0 * runs["params"] * runs["tokens"])))
        if not 0.9 < ratio < 1.1:
            told.append(
                f"budgets on this page count 6 params tokens FLOPs; the compute column of these runs holds {ratio:.2f} times "
                "as much in the median (embeddings and attention, most likely)"
            )
    return told
