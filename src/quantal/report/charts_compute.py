"""Charts of compute: IsoFLOP curves, the loss surface with its frontier, the forecast fan, approaches, regret."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from quantal.errors import InputError, LawError
from quantal.estimate import Estimate
from quantal.fit import Fit
from quantal.laws.law import Floats
from quantal.plan import Approach, IsoFlop, Plan, joint_form, optimum, wasted
from quantal.report.chart import Axis, Chart, Series, thinned
from quantal.report.charts_fit import called, run_hover, title, unit
from quantal.report.words import counted, number, percent, power, size, sized

FLOPS = "FLOPs, 6ND"


def isoflop_curves(fit: Fit, isoflops: Sequence[IsoFlop]) -> Chart:
    """Loss against model size at fixed budgets: runs, the fitted law, and where each is lowest."""
    groups = list(isoflops)
    logs = np.log10([one.compute for one in groups]) if groups else np.empty(0)
    spread = max(float(np.ptp(logs)), 1e-9) if len(logs) else 1.0
    parts, x, y, shade, budgets = [], [], [], [], []
    for one, at in zip(groups, logs, strict=True):
        reach = np.concatenate([one.params, frontier(fit, np.array([one.compute]))[1]])
        sizes = np.geomspace(float(reach.min()) / 1.3, float(reach.max()) * 1.3, 50)
        curve, _ = fit.curve(params=sizes, tokens=one.compute / 6 / sizes)
        place = (at - logs.min()) / spread
        parts.append(
            Series(
                "line",
                sizes,
                curve,
                colour=f"ramp:{place:.3f}",
                style="thin",
                hover={
                    "budget": (power(one.compute),) * 50,
                    "params": tuple(size(n) for n in sizes),
                    f"{fit.target} by the law": tuple(number(v) for v in curve),
                },
            )
        )
        x.append(one.params)
        y.append(one.loss)
        shade.append(np.full(len(one.params), at))
        budgets += [power(one.compute)] * len(one.params)
    if groups:
        nx, ny = np.concatenate(x), np.concatenate(y)
        hover = {
            "budget": tuple(budgets),
            "params": tuple(size(n) for n in nx),
            fit.target: tuple(number(v) for v in ny),
        }
        parts.append(
            Series("points", nx, ny, shade=np.concatenate(shade), shade_label="log10 budget (FLOPs)", hover=hover)
        )
        parts.append(_law_optima(fit, np.array([one.compute for one in groups])))
    inside = [one for one in groups if one.optimum is not None]
    if inside:
        parts.append(_parabola_optima(inside, fit.target))
    caption = (
        f"{counted(len(groups), 'budget')} with four or more sizes. Lines are {called(fit)} at each budget, diamonds its lowest point; "
        f"{len(inside)} of the budgets have a parabola with its minimum inside the sizes that were run (open circles)."
    )
    return Chart(
        "isoflops",
        "IsoFLOP curves",
        caption,
        Axis("params", log=True),
        Axis(fit.target, unit(fit.runs, fit.target), log=True),
        tuple(parts),
        alt=f"Loss against model size, one curve for each of {counted(len(groups), 'compute budget')}. {caption}",
        height=460,
    )


def loss_surface(fit: Fit, budgets: Sequence[float] = ()) -> Chart:
    """The law's loss over model size and data, the runs on it, and the compute-optimal frontier.

    Raises:
        InputError: the law does not read params and tokens.
    """
    require_joint(fit, "a loss surface")
    n, d = (np.asarray(fit.runs[name], dtype=float) for name in ("params", "tokens"))
    rows = thinned(len(n))
    found = [(c, optimum(fit.law, fit.theta[None, :], c)) for c in budgets]
    near = [(c, one) for c, one in found if _near(one.params[0], n) and _near(one.tokens[0], d)]
    budgets, best = [c for c, _ in near], [one for _, one in near]
    reach_n = np.concatenate([n, *[one.params for one in best]])
    reach_d = np.concatenate([d, *[one.tokens for one in best]])
    sizes, tokens = _span(reach_n, n), _span(reach_d, d)
    z, _ = fit.curve(params=np.tile(sizes, len(tokens)), tokens=np.repeat(tokens, len(sizes)))
    line = frontier(fit, np.geomspace(6 * sizes[0] * tokens[0], 6 * sizes[-1] * tokens[-1], 60 if closed(fit) else 24))
    keep = (line[1] > sizes[0]) & (line[1] < sizes[-1]) & (line[2] > tokens[0]) & (line[2] < tokens[-1])
    parts = [
        Series("contour", sizes, tokens, z=z.reshape(len(tokens), len(sizes)), name=title(fit), shade_label=fit.target),
        Series("points", n[rows], d[rows], name="runs", colour="ink", size=5.5, hover=run_hover(fit.runs, rows, fit)),
    ]
    if keep.any():
        hover = _frontier_hover(fit.target, line[:, keep])
        parts.append(
            Series("line", line[1][keep], line[2][keep], name="efficient frontier", colour="orange", hover=hover)
        )
    if best:
        parts.append(
            Series(
                "points",
                np.array([float(one.params[0]) for one in best]),
                np.array([float(one.tokens[0]) for one in best]),
                name="plans",
                colour="orange",
                style="diamond",
                size=11,
                hover=_frontier_hover(
                    fit.target,
                    np.array(
                        [
                            [c, float(one.params[0]), float(one.tokens[0]), float(one.loss[0])]
                            for c, one in zip(budgets, best, strict=True)
                        ]
                    ).T,
                ),
            )
        )
    caption = (
        f"Shading is the loss that {called(fit)} gives to a model of N parameters on D tokens; the bluer, the lower. "
        "The orange line is the lowest loss for its compute."
    )
    return Chart(
        "surface",
        "Loss surface and efficient frontier",
        caption,
        Axis("params", log=True, range=(float(sizes[0]), float(sizes[-1]))),
        Axis("tokens", log=True, range=(float(tokens[0]), float(tokens[-1]))),
        tuple(parts),
        alt=f"Contours of {fit.target} over params and tokens with {counted(len(n), 'run')}. {caption}",
        height=480,
    )


def forecast_fan(fit: Fit, plans: Sequence[Plan] = (), level: float = 95.0) -> Chart:
    """Loss at the compute-optimal split against compute, with the interval of the draws, runs and plans.

    Raises:
        InputError: the law does not read params and tokens.
    """
    require_joint(fit, "a forecast along compute (use forecast_along)")
    n, d = (np.asarray(fit.runs[name], dtype=float) for name in ("params", "tokens"))
    compute, loss = 6 * n * d, np.asarray(fit.runs[fit.target], dtype=float)
    rows = thinned(len(loss))
    top = max([float(compute.max()), *[one.compute for one in plans]])
    line = frontier(fit, np.geomspace(float(compute.min()), 1.6 * top, 60 if closed(fit) else 12))
    parts = []
    if fit.draws is not None:
        ends = np.array([_percentiles(optimum(fit.law, fit.draws, float(c)).loss, level) for c in line[0]])
        parts.append(Series("band", line[0], line[3], low=ends[:, 0], high=ends[:, 1], name=f"{level:g} % interval"))
    parts.append(
        Series("line", line[0], line[3], name="best split, by the law", hover=_frontier_hover(fit.target, line))
    )
    parts.append(
        Series(
            "points",
            compute[rows],
            loss[rows],
            name="runs",
            colour="muted",
            size=5.5,
            hover=run_hover(fit.runs, rows, fit),
        )
    )
    if plans:
        parts.append(_plan_points([(one.compute, one.loss) for one in plans], "compute", fit.target, level))
    caption = (
        f"The line is the loss of the compute-optimal split by {called(fit)}. The band holds the parameters' uncertainty, "
        "not a change of the law beyond the runs."
    )
    return Chart(
        "forecast",
        "Forecast",
        caption,
        Axis("compute", FLOPS, log=True),
        Axis(fit.target, unit(fit.runs, fit.target), log=bool(line[3].min() > 0)),
        tuple(parts),
        alt=f"{fit.target} against compute from {power(float(line[0][0]))} to {power(float(line[0][-1]))} FLOPs, falling to "
        f"{number(float(line[3][-1]))}. {caption}",
        height=460,
    )


def forecast_along(fit: Fit, points: Sequence[tuple[float, Estimate]] = (), level: float = 95.0) -> Chart:
    """The fan of a law in one input: its value along that input, with the interval of the draws.

    Raises:
        InputError: the law reads more than one input.
    """
    if len(fit.law.inputs) != 1:
        raise InputError(
            f"{fit.law.name} reads {', '.join(fit.law.input_names)}: a fan along one input needs a law in one"
        )
    name = fit.law.input_names[0]
    x, y = np.asarray(fit.runs[name], dtype=float), np.asarray(fit.runs[fit.target], dtype=float)
    rows = thinned(len(y))
    line = np.geomspace(float(x.min()), 1.6 * max([float(x.max()), *[at for at, _ in points]]), 60)
    values, draws = fit.curve(**{name: line})
    role = fit.runs.column(name).role
    parts = []
    if draws is not None:
        ends = np.array([_percentiles(column, level) for column in draws.T])
        parts.append(Series("band", line, values, low=ends[:, 0], high=ends[:, 1], name=f"{level:g} % interval"))
    hover = {name: tuple(sized(float(v), role) for v in line), fit.target: tuple(number(float(v)) for v in values)}
    parts.append(Series("line", line, values, name=title(fit), hover=hover))
    parts.append(
        Series("points", x[rows], y[rows], name="runs", colour="muted", size=6, hover=run_hover(fit.runs, rows, fit))
    )
    if points:
        parts.append(_plan_points(list(points), name, fit.target, level, role))
    caption = f"The line is {called(fit)}; the band holds its parameters' uncertainty."
    return Chart(
        "forecast",
        "Forecast",
        caption,
        Axis(name, unit(fit.runs, name), log=True),
        Axis(fit.target, unit(fit.runs, fit.target), log=bool(values.min() > 0)),
        tuple(parts),
        alt=f"{fit.target} against {name} up to {sized(float(line[-1]), role)}. {caption}",
        height=460,
    )


def regret(plan: Plan, level: float = 95.0) -> Chart:
    """The share of a budget that other model sizes would waste."""
    fit, best = plan.fit, float(plan.params.value or np.nan)
    sizes = best * np.geomspace(0.1, 10, 31)
    waste = wasted(fit.law, np.tile(fit.theta, (len(sizes), 1)), plan.compute, sizes)
    parts = []
    if fit.draws is not None and closed(fit):
        ends = np.array([_percentiles(wasted(fit.law, fit.draws, plan.compute, float(n)), level) for n in sizes])
        parts.append(Series("band", sizes, waste, low=ends[:, 0], high=ends[:, 1], name=f"{level:g} % interval"))
    hover = {"params": tuple(size(n) for n in sizes), "wasted": tuple(percent(w) for w in waste)}
    parts.append(Series("line", sizes, waste, name="wasted share of the budget", hover=hover))
    parts.append(
        Series(
            "points",
            np.array([best]),
            np.zeros(1),
            name="planned",
            colour="orange",
            style="diamond",
            size=12,
            hover={"params": (size(best),)},
        )
    )
    half, twice = wasted(fit.law, np.tile(fit.theta, (2, 1)), plan.compute, best * np.array([0.5, 2.0]))
    caption = (
        f"Training half the size with the same {power(plan.compute)} FLOPs wastes {percent(float(half))} of them, "
        f"twice the size {percent(float(twice))}."
    )
    return Chart(
        "regret",
        "What another size would cost",
        caption,
        Axis("params", log=True),
        Axis("wasted share of the budget", percent=True),
        tuple(parts),
        alt=f"Wasted share of a budget of {power(plan.compute)} FLOPs against model size. {caption}",
        height=360,
    )


def approaches_compared(found: Sequence[Approach], target: str = "loss") -> Chart:
    """Optimal size against compute by each of Chinchilla's approaches."""
    colours, marks = ("purple", "green", "gold", "blue"), ("circle", "square", "diamond", "circle")
    parts = []
    for one, colour, mark in zip(found, colours, marks, strict=False):
        if not len(one.compute):
            continue
        hover = {
            "compute": tuple(power(float(c)) for c in one.compute),
            "params": tuple(size(float(n)) for n in one.params),
        }
        if one.name.startswith("3"):
            parts.append(Series("line", one.compute, one.params, name=one.name, colour=colour, hover=hover))
        else:
            parts.append(
                Series("points", one.compute, one.params, name=one.name, colour=colour, style=mark, size=8, hover=hover)
            )
    given = [one for one in found if one.exponent.value is not None]
    told = "; ".join(f"{one.name} {one.exponent.value:.3f}" for one in given)
    return Chart(
        "approaches",
        "Optimal size against compute, three ways",
        "Where the approaches agree, the split does not hang on how it was read from the runs.",
        Axis("compute", FLOPS, log=True),
        Axis("optimal params", log=True),
        tuple(parts),
        alt=f"Compute-optimal model size against compute. Exponents: {told or 'none could be found'}.",
    )


def frontier(fit: Fit, compute: Floats) -> Floats:
    """Rows compute, params, tokens, loss (4, n) of the compute-optimal split; budgets without one are left out."""
    rows = []
    for c in compute:
        try:
            best = optimum(fit.law, fit.theta[None, :], float(c))
        except LawError:
            continue
        rows.append([float(c), float(best.params[0]), float(best.tokens[0]), float(best.loss[0])])
    return np.array(rows, dtype=float).reshape(-1, 4).T


def closed(fit: Fit) -> bool:
    """Whether the optimal split is a formula, and so cheap for every draw."""
    return joint_form(fit.law, fit.theta[None, :]) is not None


def require_joint(fit: Fit, what: str) -> None:
    """Raise InputError unless the law reads just params and tokens."""
    if set(fit.law.input_names) != {"params", "tokens"}:
        raise InputError(
            f"{fit.law.name} reads {', '.join(fit.law.input_names)}: {what} needs a law in params and tokens, such as chinchilla"
        )


def _law_optima(fit: Fit, compute: Floats) -> Series:
    line = frontier(fit, np.sort(compute))
    hover = _frontier_hover(fit.target, line)
    return Series(
        "points", line[1], line[3], name="lowest, by the law", colour="orange", style="diamond", size=9, hover=hover
    )


def _parabola_optima(inside: Sequence[IsoFlop], target: str) -> Series:
    at = np.array([one.optimum for one in inside], dtype=float)
    lowest = np.array(
        [np.polynomial.polynomial.polyval(np.log(n), one.coefficients) for n, one in zip(at, inside, strict=True)]
    )
    hover = {
        "budget": tuple(power(one.compute) for one in inside),
        "params": tuple(size(n) for n in at),
        target: tuple(number(v) for v in lowest),
    }
    return Series(
        "points", at, lowest, name="lowest, by parabola", colour="ink", style="circle-open", size=10, hover=hover
    )


def _frontier_hover(target: str, line: Floats) -> dict[str, tuple[str, ...]]:
    return {
        "compute": tuple(power(c) for c in line[0]),
        "params": tuple(size(n) for n in line[1]),
        "tokens": tuple(size(d) for d in line[2]),
        "tokens per param": tuple(number(d / n, 3) for n, d in zip(line[1], line[2], strict=True)),
        target: tuple(number(v) for v in line[3]),
    }


def _plan_points(
    points: Sequence[tuple[float, Estimate]], name: str, target: str, level: float, role: str = "compute"
) -> Series:
    ends = [one.interval(level) for _, one in points]
    hover = {
        name: tuple(sized(at, role) for at, _ in points),
        target: tuple(number(float(one.value or np.nan)) for _, one in points),
        f"{level:g} %": tuple("unknown" if e is None else f"{number(e[0])} to {number(e[1])}" for e in ends),
    }
    at, values = np.array([at for at, _ in points]), np.array([one.value for _, one in points], dtype=float)
    return Series("points", at, values, name="forecast", colour="orange", style="diamond", size=11, hover=hover)


def _percentiles(values: Floats, level: float) -> tuple[float, float]:
    finite = values[np.isfinite(values)]
    if not len(finite):
        return np.nan, np.nan
    low, high = np.percentile(finite, [50 - level / 2, 50 + level / 2])
    return float(low), float(high)


def _near(x: float, own: Floats) -> bool:
    """Whether a value lies within five decades of the runs, and so on a chart of them."""
    return bool(own.min() * 1e-5 < x < own.max() * 1e5)


def _span(reach: Floats, own: Floats) -> Floats:
    edge = max((float(own.max()) / float(own.min())) ** 0.08, 1.5)
    return np.geomspace(float(reach.min()) / edge, float(reach.max()) * edge, 48)
