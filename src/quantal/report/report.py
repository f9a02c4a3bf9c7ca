"""report(runs, path) -> Report: the main job in one call, with one page that needs no network."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from quantal.errors import InputError, QuantalWarning
from quantal.estimate import check_levels
from quantal.fit import Comparison, Fit, Objective, QuantizationReading, is_saved_fit, load_fit
from quantal.fit.objective import objective as find_objective
from quantal.laws import Law
from quantal.plan import Plan
from quantal.report.analysis import Analysis, Settings, analyse
from quantal.report.chart import write_text
from quantal.report.page import report_page
from quantal.runs import read_runs

SCHEMA = "quantal.report/1"


@dataclass(frozen=True, eq=False)
class Report:
    """What a report found, and where its page is. ``notes`` are its warnings; ``analysis`` holds all the rest."""

    path: str
    comparison: Comparison
    fits: Mapping[str, Fit]
    plans: Mapping[str, tuple[Plan, ...]]
    reading: QuantizationReading | None
    notes: tuple[str, ...]
    analysis: Analysis = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON, schema ``quantal.report/1``."""
        return {"schema": SCHEMA, "path": self.path} | self.analysis.to_dict()

    def summary(self) -> Any:
        """The findings as a rich renderable: laws ranked, parameters of the leading law, plans, the reading, warnings."""
        from quantal.report.summary import summary

        return summary(self.analysis)

    def __repr__(self) -> str:
        found = self.analysis
        lines = [f"Report on {len(found.runs)} runs of {found.runs.source}: {self.path}"]
        lines += [f"  {one.law:20s} held-out error {one.heldout_error!r}" for one in self.comparison.laws[:3]]
        lines += [f"  {one!r}" for one in self.plans.get(found.leading, ())]
        return "\n".join(lines)


def report(
    runs: Any,
    path: str | os.PathLike[str] = "report.html",
    *,
    laws: Sequence[str | Law] | None = None,
    bootstrap: int = 1000,
    seed: int = 0,
    compute: Sequence[float] | float | None = None,
    levels: Sequence[float] = (95.0,),
    where: str | None = None,
    columns: Mapping[str, str] | None = None,
    drop_highest_loss: int = 0,
    objective: str | Objective = "huber",
    target: str | None = None,
    progress: Any = None,
) -> Report:
    """Fit and rank every law that the runs carry, forecast, plan, and write it all as one self-contained page.

    Args:
        runs: whatever `read_runs` takes, or a `Fit` (or the path of a saved one), whose law then leads.
        path: where the page goes; it appears whole or not at all.
        laws: laws to rank; every registered law that the runs carry unless given.
        bootstrap: resamples for the leading law and those of the quantization reading; other laws get sandwich intervals.
        compute: budgets in FLOPs (6 params tokens) to plan for; 1, 10 and 100 times the dearest run unless given.
        progress: called with (done, total) as the work goes on.

    Raises:
        DataError: no law can be fitted to these runs.
        InputError: an argument is out of its range, or the path cannot be written.

    >>> import numpy as np, quantal as ql, tempfile
    >>> n = np.repeat([1e6, 1e7, 1e8, 1e9], 4); d = np.tile([1e8, 1e9, 1e10, 1e11], 4)
    >>> table = {"params": n, "tokens": d, "loss": 1.7 + 400 * n**-0.34 + 2000 * d**-0.37}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     found = ql.report(table, f"{folder}/report.html", laws=["chinchilla", "power:compute"], bootstrap=50)
    >>> found.analysis.leading
    'chinchilla'
    """
    place = os.fspath(path)
    check_levels(levels)
    if bootstrap < 0 or bootstrap == 1:
        raise InputError(f"bootstrap = {bootstrap}: give 0 for none, or the number of resamples, such as 1000")
    check_place(place)
    budgets = _budgets(compute)
    rule = find_objective(objective)
    given = runs if isinstance(runs, Fit) else None
    if isinstance(runs, str | os.PathLike) and is_saved_fit(os.fspath(runs)):
        given = load_fit(os.fspath(runs))
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always", QuantalWarning)
        table = read_runs(runs if given is None else given.runs, where=where, columns=columns)
    known = given
    if given is not None:
        rule, target = given.objective, target or given.target
        chosen_anew = where or columns or drop_highest_loss or target != given.target
        if chosen_anew or given.draws is None or not set(levels) <= set(given.levels):
            known = None
    name = target or "loss"
    if drop_highest_loss:
        table = table.drop_highest(drop_highest_loss, name)
    settings = Settings(
        bootstrap=bootstrap,
        seed=seed,
        levels=tuple(float(level) for level in levels),
        objective=rule.describe(),
        target=name,
        drop_highest_loss=drop_highest_loss,
        where=where,
    )
    leads = None if given is None else given.law
    found = analyse(
        table, settings, chosen=laws, objective=rule, leads=leads, known=known, compute=budgets, progress=progress
    )
    said = [str(one.message) for one in heard]
    found = replace(found, warnings=tuple(dict.fromkeys([*said, *found.warnings])))
    write_text(place, report_page(found))
    return Report(place, found.comparison, found.fits, found.plans, found.reading, found.warnings, found)


def check_place(path: str) -> None:
    """Raise InputError before any work when the page could not be written there."""
    from pathlib import Path

    folder = Path(path).parent
    if Path(path).is_dir() or not path:
        raise InputError(f"{path!r} is a folder: name the page in it, such as {Path(path) / 'report.html'}")
    if not folder.is_dir():
        raise InputError(f"{path!r}: the folder {str(folder)!r} does not exist; make it first, or choose another place")


def _budgets(compute: Sequence[float] | float | None) -> tuple[float, ...] | None:
    if compute is None:
        return None
    many = (compute,) if isinstance(compute, int | float) else tuple(compute)
    for one in many:
        if not (one == one and 6 < one < float("inf")):
            raise InputError(f"compute = {one!r}: a budget in FLOPs, finite and above six, such as 5.76e23")
    return tuple(float(one) for one in sorted(many)) or None
