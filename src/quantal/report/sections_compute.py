"""Compute on the page: IsoFLOP curves, the loss surface, forecast and plans, the three approaches."""

from __future__ import annotations

from quantal.plan import Plan
from quantal.report.analysis import Analysis, dearest
from quantal.report.charts_compute import (
    approaches_compared,
    forecast_along,
    forecast_fan,
    isoflop_curves,
    loss_surface,
    regret,
)
from quantal.report.charts_fit import called, title
from quantal.report.figure import shown
from quantal.report.markup import Html, element, joined, table
from quantal.report.sections_answer import chosen_plan
from quantal.report.words import decades, estimate_parts, power, sized

FEWEST_BUDGETS = 2


def forecast(found: Analysis) -> Html:
    """The fan and the table of plans, or of points along the one input."""
    if found.leading in found.plans:
        plans = found.plans[found.leading]
        others = [name for name in found.plans if name != found.leading]
        return joined(
            element(
                "p",
                "A budget is counted as 6 × params × tokens FLOPs and split so that the law’s loss is lowest. Intervals are of the "
                "parameters: they hold only while the law keeps its shape.",
            ),
            shown(forecast_fan(found.lead, plans, found.level)),
            _plan_table(found, plans),
            shown(regret(chosen_plan(found), found.level)),
            [
                element(
                    "details",
                    element("summary", f"The same budgets by {title(found.fits[name])}"),
                    _plan_table(found, found.plans[name]),
                )
                for name in others
            ],
        )
    if not found.outlooks:
        return element("p", f"No forecast: {found.absent.get('plan', 'the leading law reads more than one column')}.")
    name = next(iter(found.outlooks[0].at))
    role = found.runs.column(name).role
    rows = []
    for one in found.outlooks:
        value, ends = estimate_parts(one.value, found.level)
        rows.append((sized(one.at[name], role), value, ends, decades(one.decades_beyond)))
    points = [(one.at[name], one.value) for one in found.outlooks]
    return joined(
        element("p", f"These runs carry laws in one input, so the forecast goes along {name}."),
        shown(forecast_along(found.lead, points, found.level)),
        table(
            f"{found.settings.target} by {title(found.lead)}",
            (name, found.settings.target, f"{found.level:g} % interval", "how far"),
            rows,
            numeric=(0, 1, 2),
        ),
    )


def _plan_table(found: Analysis, plans: tuple[Plan, ...]) -> Html:
    top = dearest(found.lead.runs)
    rows = []
    for one in plans:
        cells: list[Html | str] = [
            element("span", power(one.compute), element("br"), element("small", _times(one.compute / top)))
        ]
        for estimate, role in (
            (one.params, "params"),
            (one.tokens, "tokens"),
            (one.tokens_per_param, ""),
            (one.loss, ""),
        ):
            value, ends = estimate_parts(estimate, found.level, role)
            cells.append(element("span", value, element("br"), element("small", ends)))
        rows.append([*cells, decades(one.decades_beyond)])
    level = f"{found.level:g} %"
    return table(
        f"Compute-optimal plans by {called(plans[0].fit)}",
        ("budget (FLOPs)", "params", "tokens", "tokens per param", found.settings.target, "how far"),
        rows,
        numeric=range(5),
        note=f"Below each value its {level} interval.",
    )


def _times(ratio: float) -> str:
    return "the dearest run" if abs(ratio - 1) < 1e-9 else f"{ratio:.3g} × the dearest run"


def curves(found: Analysis) -> Html | None:
    """IsoFLOP curves with optima, where the runs hold budgets with several sizes."""
    if len(found.isoflops) < FEWEST_BUDGETS:
        return None
    return shown(isoflop_curves(found.lead, found.isoflops))


def surface(found: Analysis) -> Html:
    """The loss surface with runs, frontier and plans."""
    return shown(loss_surface(found.lead, [one.compute for one in found.plans[found.leading]]))


def approaches(found: Analysis) -> Html:
    """Approaches 1, 2 and 3 side by side."""
    rows = []
    for one in found.approaches:
        value, ends = estimate_parts(one.exponent, found.level)
        unknown = one.exponent.value is None
        rows.append((one.name, value, "" if unknown else ends, one.note))
    made = table(
        "Exponent a of the optimal size, N* ∝ Cᵃ",
        ("approach", "a", f"{found.level:g} % interval", "from"),
        rows,
        numeric=(1, 2),
    )
    return joined(
        element(
            "p",
            "Approach 1 takes the best run at each budget, approach 2 fits a parabola at each budget, approach 3 reads the fitted law "
            "(Hoffmann et al. 2022). Parabolas are biased unless both exponents are equal; the corrected row takes off the bias that the "
            "fitted law itself would show at these runs.",
        ),
        shown(approaches_compared(found.approaches)) if any(len(one.compute) for one in found.approaches) else None,
        made,
    )
