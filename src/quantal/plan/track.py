"""track(run, fit) -> Tracking: is the run in progress on its forecast, and when would we know?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from quantal.errors import DataError, InputError, LawError
from quantal.estimate import Estimate
from quantal.fit import Fit
from quantal.laws.law import Floats

AHEAD, SETTLED = 1.96, 0.01
LATE = 0.3
"""Share of a run that is left out at its start: warm-up, and what no law of finished runs describes."""
FEWEST = 5


@dataclass(frozen=True)
class Tracking:
    """How a run in progress stands against the forecast of its end.

    ``forecast`` is the law's loss at the end (params, tokens), ``projected`` where the run's own curve is going, with a
    95 % interval. ``verdict`` is "on", "above" or "below" its forecast, or "too early"; ``known_at`` are the tokens at
    which the projection's interval is expected to be narrower than that of the forecast, None where it is so already.
    """

    params: float
    tokens: float
    planned_tokens: float
    loss: float
    forecast: Estimate
    projected: Estimate
    verdict: str
    reason: str
    known_at: float | None

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            name: value.to_dict() if isinstance(value, Estimate) else value for name, value in vars(self).items()
        } | {"share_done": self.tokens / self.planned_tokens}

    def __repr__(self) -> str:
        lines = [f"{self.verdict}: {self.reason}"]
        lines.append(f"  forecast of the end   {self.forecast!r}")
        lines.append(f"  the run is going to   {self.projected!r}")
        if self.known_at is not None:
            lines.append(
                f"  known well enough at  {self.known_at:.3g} tokens ({100 * self.known_at / self.planned_tokens:.0f} % of the run)"
            )
        return "\n".join(lines)


def track(fit: Fit, params: float, tokens: Any, loss: Any, planned_tokens: float) -> Tracking:
    r"""Compare the curve of a run in progress with the forecast of a fitted law.

    The curve, past its first 30 %, is extrapolated to its end as loss = a + b (tokens / planned)^{-beta}, beta that of the
    law where it has one, by least squares; the interval holds the scatter of the points, taken as correlated in blocks.
    The forecast's interval holds the law's draws and the scatter of its runs. A schedule that has yet to anneal
    lowers the end further than the curve shows, so "above" is said only when the law itself, taken at the tokens so
    far, is exceeded too.

    Args:
        tokens, loss: the run's points so far (n,), tokens rising.
        planned_tokens: tokens at the end of the run.

    Raises:
        LawError: the law does not read params and tokens.
        DataError: the points are no curve.
        InputError: params or planned_tokens are not above zero.

    >>> import numpy as np, quantal as ql
    >>> n = np.repeat([1e6, 1e7, 1e8, 1e9], 4); d = np.tile([1e8, 1e9, 1e10, 1e11], 4)
    >>> found = ql.fit({"params": n, "tokens": d, "loss": 1.7 + 400 * n**-0.34 + 2000 * d**-0.37}, "chinchilla")
    >>> seen = np.geomspace(1e9, 5e9, 40)
    >>> track(found, 1e8, seen, 1.7 + 400 * 1e8**-0.34 + 2000 * seen**-0.37, 1e10).verdict
    'on'
    >>> track(found, 1e8, seen, 2.0 + 400 * 1e8**-0.34 + 2000 * seen**-0.37, 1e10).verdict
    'above'
    """
    if set(fit.law.input_names) != {"params", "tokens"}:
        raise LawError(
            f"{fit.law.name} reads {', '.join(fit.law.input_names)}: tracking needs a law in params and tokens"
        )
    for name, value in (("params", params), ("planned_tokens", planned_tokens)):
        if not (math.isfinite(value) and value > 0):
            raise InputError(f"{name} = {value!r}: must be finite and above zero")
    at, y = np.asarray(tokens, dtype=float), np.asarray(loss, dtype=float)
    if at.shape != y.shape or at.ndim != 1:
        raise DataError(
            f"tokens of shape {at.shape} and loss of shape {y.shape}: give one loss for each count of tokens"
        )
    good = np.isfinite(y) & (y > 0) & np.isfinite(at) & (at > 0)
    at, y = at[good], y[good]
    if len(at) < FEWEST or np.any(np.diff(at) <= 0):
        raise DataError(f"{len(at)} points of a curve: at least {FEWEST} are needed, at rising tokens")
    forecast, sd = _forecast(fit, params, planned_tokens)
    end, spread = _projected(fit, at, y, planned_tokens)
    projected = Estimate(end, {95.0: (end - AHEAD * spread, end + AHEAD * spread)})
    now = float(fit.law.value({"params": np.array([params]), "tokens": at[-1:]}, fit.theta)[0])
    gap, both = end - float(forecast.value or 0.0), AHEAD * math.hypot(sd, spread)
    done = at[-1] / planned_tokens
    known_at = (
        None
        if spread <= max(sd, SETTLED * end)
        else min(planned_tokens, at[-1] * (spread / max(sd, SETTLED * end)) ** 0.5)
    )
    if spread > 5 * max(sd, SETTLED * end):
        verdict, reason = "too early", f"{100 * done:.0f} % of the run says little of its end"
    elif gap > both and float(y[-1]) > now:
        verdict, reason = "above", f"going to end {gap:.3g} above its forecast, more than chance explains"
    elif gap < -both:
        verdict, reason = "below", f"going to end {-gap:.3g} below its forecast, more than chance explains"
    else:
        verdict, reason = "on", f"{100 * done:.0f} % done, and within what chance explains of its forecast"
    return Tracking(
        float(params),
        float(at[-1]),
        float(planned_tokens),
        float(y[-1]),
        forecast,
        projected,
        verdict,
        reason,
        known_at,
    )


def _forecast(fit: Fit, params: float, tokens: float) -> tuple[Estimate, float]:
    """The law's loss at the end, and its standard deviation: of the draws, where there are any, and the runs' scatter."""
    value, draws = fit.curve(params=np.array([params]), tokens=np.array([tokens]))
    mean = float(value[0])
    scatter = 1.4826 * float(np.median(np.abs(fit.residuals))) * (mean if fit.objective.residual == "log" else 1.0)
    sd = math.hypot(scatter, 0.0 if draws is None else float(np.std(draws[:, 0])))
    return Estimate(mean, {95.0: (mean - AHEAD * sd, mean + AHEAD * sd)}), sd


def _projected(fit: Fit, at: Floats, y: Floats, planned: float) -> tuple[float, float]:
    """Where the curve is going at the planned tokens, and the standard deviation of that."""
    names = fit.law.parameter_names
    power = next((float(fit.theta[names.index(one)]) for one in ("beta", "alpha_D") if one in names), 0.3)
    late = at >= LATE * at[-1]
    if late.sum() < FEWEST:
        late[-FEWEST:] = True
    x, values = (at[late] / planned) ** -power, y[late]
    design = np.stack([np.ones_like(x), x - 1.0], axis=-1)
    found, *_ = np.linalg.lstsq(design, values, rcond=None)
    r = values - design @ found
    lag = float((r[1:] * r[:-1]).sum() / max(float((r * r).sum()), 1e-300))
    fewer = (1 - max(lag, 0.0)) / (1 + max(lag, 0.0))
    count = max(len(x) * fewer, 2.5)
    noise = float((r * r).sum()) / len(x) * count / (count - 2)
    inverse = np.linalg.pinv(design.T @ design / len(x)) / count
    return float(found[0]), math.sqrt(max(noise * float(inverse[0, 0]), 0.0))
