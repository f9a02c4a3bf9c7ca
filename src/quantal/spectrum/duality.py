"""The duality of size and data: D(l) times -dL/dN at N(l) is the same at every loss l, whatever the frequencies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from quantal.errors import DataError, InputError
from quantal.estimate import Estimate
from quantal.fit import Fit
from quantal.spectrum.curve import Curve, Floats, loss_curve
from quantal.spectrum.recover import slopes
from quantal.theory import LearningRule, Poisson, QuantaModel

POISSON_SPREAD = 1.7


@dataclass(frozen=True, eq=False)
class DualityTest:
    """The product D(l) (-dL/dN)(N(l)) (m,) at levels l (m,) of the loss, in nats times tokens per parameter, over its mean.

    ``spread`` is its largest value over its smallest; ``trend`` the factor by which it changes from the highest level to the
    lowest. ``verdict`` compares ``trend`` with the factor 1.7 that a smooth rule (Poisson, tau = 1) allows; a hard threshold
    allows none.
    """

    levels: Floats
    product: Floats
    low: Floats
    high: Floats
    constant: float
    spread: float
    trend: Estimate
    verdict: str

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        arrays = {name: getattr(self, name).tolist() for name in ("levels", "product", "low", "high")}
        return {
            **arrays,
            "constant": self.constant,
            "spread": self.spread,
            "trend": self.trend.to_dict(),
            "verdict": self.verdict,
        }

    def __repr__(self) -> str:
        return f"DualityTest({len(self.levels)} levels, trend {self.trend!r}: {self.verdict})"


def duality_test(
    size_runs: Any,
    data_runs: Any,
    *,
    data: str = "tokens",
    levels: int | Sequence[float] = 8,
    noise: ArrayLike | None = None,
    draws: int = 200,
    seed: int = 0,
    target: str = "loss",
    columns: Mapping[str, str] | None = None,
) -> DualityTest:
    r"""Do a curve in size (ample data) and one in data (ample size) come from the same quanta, whatever their frequencies?

    Under a hard threshold D(l) = tau/p at the rarest learned quantum and -dL/dN = (b-a) p/c there, so that the product is
    (b-a) tau/c at every l. For Poisson learning (tau = 1) it is constant to within a factor 1.7 once half of what can be learned
    is learned (checked down to 2 % left, for power laws, stretched exponentials, log-normals and the geometric law); before, when
    hardly anything is learned, it falls. Intervals are of the noise.

    Args:
        size_runs: runs along params; data_runs: runs along ``data``.
        levels: how many levels, spread over the lower half of the losses that both curves reach; or the levels.
        noise: standard deviation of one loss; see `quantal.spectrum.loss_curve`.

    Raises:
        DataError: the runs are no curves, or reach no loss in common.
        InputError: levels or draws out of range.

    Source: theory of the quantization model, law-free duality.

    >>> import numpy as np
    >>> n, d = np.geomspace(1e4, 1e9, 26), np.geomspace(1e6, 1e13, 36)
    >>> test = duality_test({"params": n, "loss": 1 + 20 * n**-0.5}, {"tokens": d, "loss": 1 + 50 * d ** (-1 / 3)}, noise=1e-5)
    >>> abs(test.spread - 1) < 0.05
    True
    """
    size = loss_curve(size_runs, "params", noise=noise, target=target, columns=columns)
    tokens = loss_curve(data_runs, data, noise=noise, target=target, columns=columns)
    if draws < 20:
        raise InputError(f"draws = {draws}: an interval needs at least 20 noisy curves, such as 200")
    at = _levels(size, tokens, levels)
    rng = np.random.default_rng(seed)
    point = _product(size, tokens, at)
    if not np.all(np.isfinite(point)):
        raise DataError(
            f"{size.source}, {tokens.source}: the loss does not fall along both curves at every level; average replicates or choose levels"
        )
    many = np.array(
        [
            _product(
                size.with_loss(size.loss + size.noise * rng.standard_normal(len(size))),
                tokens.with_loss(tokens.loss + tokens.noise * rng.standard_normal(len(tokens))),
                at,
            )
            for _ in range(draws)
        ]
    )
    many = many[np.isfinite(many).all(axis=1)]
    constant = float(np.exp(np.log(point).mean()))
    low, high = (
        np.percentile(many, [2.5, 97.5], axis=0)
        if len(many) >= draws / 2
        else (np.zeros_like(point), np.full_like(point, np.inf))
    )
    trend = Estimate.from_draws(_trend(at, point), [_trend(at, row) for row in many])
    return DualityTest(
        levels=at,
        product=point / constant,
        low=low / constant,
        high=high / constant,
        constant=constant,
        spread=float(point.max() / point.min()),
        trend=trend,
        verdict=_verdict(trend),
    )


def duality_of_model(model: QuantaModel, levels: ArrayLike, rule: LearningRule | None = None) -> Floats:
    """D(l) p(N(l)) (m,) of a model at levels of its loss (m,): 1 for a hard threshold of tau = 1, near it for smooth rules.

    Args:
        levels: losses between the model's floor and ceiling.
        rule: Poisson() unless given.

    Raises:
        InputError: a level lies outside.

    >>> import quantal.theory as qt
    >>> model = qt.QuantaModel(qt.Geometric(rate=0.01))
    >>> duality_of_model(model, [0.5, 0.02]).round(2).tolist()
    [0.8, 1.0]
    """
    at = np.asarray(levels, dtype=float)
    if not np.all((at > model.floor) & (at < model.ceiling)):
        raise InputError(
            f"levels = {levels!r}: each lies between the floor {model.floor:g} and the ceiling {model.ceiling:g} of the model"
        )
    chosen = rule or Poisson()
    quanta = _solve(lambda log_n: model.loss_after(np.exp(log_n)), at)
    samples = _solve(lambda log_d: model.loss(samples=np.exp(log_d), rule=chosen), at)
    return np.exp(samples) * model.frequencies.pmf(np.maximum(np.exp(quanta) + 0.5, 1.0))


def duality_exponent(fit: Fit) -> Estimate:
    r"""The power of L - E with which a fitted law lets the product of the duality change: 1 + 1/alpha - 1/beta, 0 under the theory.

    Raises:
        InputError: the law has no alpha and beta.

    Source: theory of the quantization model; with L_N = A N^-alpha and L_D = B D^-beta.

    >>> import numpy as np, quantal as ql
    >>> n = np.repeat([1e6, 1e7, 1e8, 1e9], 4); d = np.tile([1e8, 1e9, 1e10, 1e11], 4)
    >>> runs = ql.read_runs({"params": n, "tokens": d, "loss": 1.7 + 400 * n**-0.5 + 2000 * d**-(1 / 3)})
    >>> round(abs(duality_exponent(ql.fit(runs, "chinchilla")).value), 3)
    0.0
    """
    names = fit.law.parameter_names
    if not {"alpha", "beta"} <= set(names):
        raise InputError(
            f"{fit.law.name} has no alpha and beta: fit chinchilla or kappa for the exponent of the duality"
        )
    a, b = names.index("alpha"), names.index("beta")
    value = 1 + 1 / float(fit.theta[a]) - 1 / float(fit.theta[b])
    if fit.draws is None:
        return Estimate(value, {}, "no draws: fit with a bootstrap")
    return Estimate.from_draws(value, 1 + 1 / fit.draws[:, a] - 1 / fit.draws[:, b], fit.levels)


def _levels(size: Curve, data: Curve, levels: int | Sequence[float]) -> Floats:
    # slopes are known between the middles of the first and of the last two sizes
    top = min(np.max(size.loss[1:]), np.max(data.loss))
    bottom = max(np.min(size.loss[:-1]), np.min(data.loss))
    if not bottom < top:
        raise DataError(
            f"{size.source} falls from {size.loss.max():.4g} to {size.loss.min():.4g} and {data.source} from {data.loss.max():.4g} to "
            f"{data.loss.min():.4g}: no loss is reached by both, so there is nothing to compare; add runs where they meet"
        )
    if np.ndim(levels) == 0:
        count = int(np.asarray(levels))
        if count < 2:
            raise InputError(f"levels = {levels!r}: at least 2 levels tell whether the product is constant, such as 8")
        share = (np.arange(count) + 0.5) / count
        return bottom + 0.5 * (top - bottom) * (1.0 - share)
    at = np.sort(np.asarray(levels, dtype=float))[::-1]
    if len(at) < 2 or not np.all((at > bottom) & (at < top)):
        raise InputError(
            f"levels = {levels!r}: at least two, each between {bottom:.6g} and {top:.6g}, which both curves reach"
        )
    return at


def _product(size: Curve, data: Curve, levels: Floats) -> Floats:
    """D(l) (-dL/dN)(N(l)), from curves made falling; nan where the slope is not."""
    middles, slope, _, _ = slopes(size)
    n = np.exp(np.interp(-levels, -_falling(size.loss), np.log(size.x)))
    d = np.exp(np.interp(-levels, -_falling(data.loss), np.log(data.x)))
    with np.errstate(invalid="ignore", divide="ignore"):
        steep = np.exp(np.interp(np.log(n), np.log(middles), np.log(np.where(slope > 0, slope, np.nan))))
    return d * steep / n


def _falling(loss: Floats) -> Floats:
    """The curve made to fall: least squares under that constraint, by pooling neighbours (Barlow et al. 1972)."""
    values: list[float] = []
    sizes: list[int] = []
    for one in loss:
        values.append(float(one))
        sizes.append(1)
        while len(values) > 1 and values[-2] <= values[-1]:
            total = sizes[-1] + sizes[-2]
            merged = (values[-1] * sizes[-1] + values[-2] * sizes[-2]) / total
            del values[-1], sizes[-1]
            values[-1], sizes[-1] = merged, total
    slightly = 1e-12 * max(float(np.ptp(loss)), 1e-300)
    return np.repeat(np.array(values, dtype=np.float64), sizes) - slightly * np.arange(len(loss))


def _trend(levels: Floats, product: Floats) -> float:
    """By which factor a straight line in the logarithm of the product changes from the highest level to the lowest."""
    slope = np.polyfit(levels, np.log(product), 1)[0]
    return float(np.exp(slope * (levels[-1] - levels[0])))


def _verdict(trend: Estimate) -> str:
    ends = trend.interval(95.0)
    if ends is None:
        return "undecided: the noise leaves the product open"
    if ends[0] > POISSON_SPREAD or ends[1] < 1 / POISSON_SPREAD:
        return f"violated: the product changes by a factor {trend.value:.3g}, more than the {POISSON_SPREAD:g} that smooth learning allows"
    if ends[0] >= 1 / POISSON_SPREAD and ends[1] <= POISSON_SPREAD:
        return f"kept: the product is constant to within the factor {POISSON_SPREAD:g} that smooth learning allows"
    return f"undecided: the product changes by a factor between {ends[0]:.3g} and {ends[1]:.3g}"


def _solve(function: Any, target: Floats) -> Floats:
    """Where a falling function of ln x reaches the target (m,), by bisection from x = 1e-4 on."""
    below, above = np.full(target.shape, -10.0), np.full(target.shape, -10.0)
    while np.any(short := np.asarray(function(above)) > target):
        below, above = np.where(short, above, below), np.where(short, above + 4.0, above)
    for _ in range(55):
        middle = 0.5 * (below + above)
        larger = np.asarray(function(middle)) > target
        below, above = np.where(larger, middle, below), np.where(larger, above, middle)
    return 0.5 * (below + above)
