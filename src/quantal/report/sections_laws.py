"""The laws on the page: ranked, their parameters, their fit to the runs."""

from __future__ import annotations

from quantal.fit import Compared, Fit
from quantal.report.analysis import Analysis, vanished
from quantal.report.charts_fit import measured_against_predicted, parameter_intervals, residuals, title
from quantal.report.charts_table import law_ranking
from quantal.report.figure import shown
from quantal.report.markup import Html, element, joined, table
from quantal.report.mathml import mathml
from quantal.report.words import estimate_parts, number, percent, power, symbol

MARKS = {"determined": "●", "weakly determined": "◐", "not determined": "○"}


def ranking(found: Analysis) -> Html:
    """The laws by held-out error, with their formulas, and those that could not be fitted."""
    rows = []
    for place, one in enumerate(found.comparison.laws, start=1):
        error = "unknown" if one.heldout_error is None else percent(one.heldout_error)
        name = element("span", title(one.fit), element("br"), element("code", one.law))
        rows.append((name, error, power(one.objective), str(one.parameters), str(place), mathml(one.fit.law.formula)))
    made = table(
        "Laws and their errors",
        ("law", "held-out error", "objective", "parameters", "rank", "formula"),
        rows,
        numeric=(1, 2, 3, 4),
        note=f"Held out are {found.comparison.held_out}. The objective is the {found.settings.objective}, over all runs.",
    )
    others = None
    if found.comparison.refused:
        items = [element("li", element("code", name), " ", text) for name, text in found.comparison.refused.items()]
        others = element("details", element("summary", "Laws that these runs do not carry"), element("ul", items))
    return joined(
        element(
            "p",
            "Each law was fitted to the cheaper runs and asked for the dearest ones, which it had not seen. A law that does well here "
            "has some claim to be believed further out; a good fit to all runs alone has none.",
        ),
        shown(law_ranking(found.comparison)),
        made,
        others,
    )


def parameters(found: Analysis) -> Html:
    """Parameters with intervals and verdicts, the leading law's first; those without a bootstrap folded away."""
    shown_fits = list(found.fits.values())
    others = [one for one in found.comparison.laws if one.law not in found.fits]
    parts = [_parameter_table(found, one) for one in shown_fits]
    with_exponents = [one for one in shown_fits if any(not p.bounds.scale for p in one.law.parameters)]
    return joined(
        element(
            "p",
            "An amplitude counts as determined when its interval spans less than a factor of two, an exponent when the interval is "
            "narrower than 30 % of its value.",
        ),
        shown(parameter_intervals(with_exponents, found.level)) if with_exponents else None,
        parts,
        [_folded(found, one) for one in others],
    )


def _parameter_table(found: Analysis, fit: Fit) -> Html:
    rows = []
    for parameter in fit.law.parameters:
        estimate = fit.parameters[parameter.name]
        verdict = fit.verdicts[parameter.name]
        cells: list[Html | str] = [
            element("i", symbol(parameter.name)),
            element("span", parameter.meaning, class_="long"),
        ]
        if vanished(found.runs, fit.target, parameter.name, estimate):
            upper = [estimate.interval(level) for level in found.settings.levels]
            cells += ["0", *("—" if one is None or fit.draws is None else f"0 to {number(one[1], 3)}" for one in upper)]
            cells += [
                element(
                    "span",
                    MARKS["not determined"],
                    " the fit went to zero: these runs ask for no such term",
                    class_="long",
                )
            ]
        else:
            values = [estimate_parts(estimate, level) for level in found.settings.levels]
            cells += [values[0][0], *(ends for _, ends in values), _verdict(verdict.word, verdict.reason)]
        rows.append(cells)
    kind = (
        "sandwich" if fit.draws is None else f"{fit.resample} bootstrap ({len(fit.draws):,} resamples, {fit.interval})"
    )
    levels = [f"{level:g} % interval" for level in found.settings.levels]
    numeric = range(2, 3 + len(levels))
    made = table(
        title(fit),
        ("", "meaning", "value", *levels, "verdict"),
        rows,
        numeric=numeric,
        note=f"{fit.status[:1].upper()}{fit.status[1:]}. Intervals by {kind}.",
    )
    return joined(made, element("p", f"Source: {fit.law.source}.", class_="source") if fit.law.source else None)


def _verdict(word: str, reason: str) -> Html:
    return element("span", f"{MARKS[word]} ", element("b", word), f": {reason}", class_="long")


def _folded(found: Analysis, one: Compared) -> Html:
    head = element("summary", title(one.fit), " ", element("code", one.law))
    return element("details", head, _parameter_table(found, one.fit))


def against_runs(found: Analysis) -> Html:
    """Measured against predicted, and the residuals of the leading law against each of its inputs."""
    lead = found.lead
    names = [one.name for one in lead.law.inputs if not one.series]
    return joined(
        shown(measured_against_predicted(lead)),
        element("div", [shown(residuals(lead, name)) for name in names], class_="pair"),
    )
