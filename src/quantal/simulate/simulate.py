"""simulate(model, ...) -> Runs."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from quantal.errors import InputError, did_you_mean
from quantal.runs import Runs
from quantal.simulate.data_sets import draw_samples
from quantal.simulate.draws import loss_law
from quantal.simulate.setting import Floats, Setting, threshold
from quantal.theory import Binomial, Capacity, GradientFlow, LearningRule, Poisson, QuantaModel

MOST_SAMPLES = 1e18
FEW_SAMPLES = 1000


def simulate(
    model: QuantaModel,
    *,
    params: ArrayLike | None = None,
    samples: ArrayLike | None = None,
    steps: ArrayLike | None = None,
    rule: LearningRule = Poisson(),  # noqa: B008
    step_rule: LearningRule = GradientFlow(),  # noqa: B008
    capacity: Capacity = Capacity(),  # noqa: B008
    draw: str | None = None,
    replicates: int = 1,
    seed: int = 0,
) -> Runs:
    """Runs of the quantization model with the noise that real runs have because each draws its own data.

    Each run draws a data set, the quanta that pass the learning rule are learned, and the loss follows. Far below the boundary all
    quanta are learned, far above none; around it quanta of nearly equal frequency are drawn in blocks, as one binomial or Poisson
    number, so that the cost does not grow with the number of samples. The mean loss is exact to about 1e-9 and its variance to the
    share that the runs' notes state. A data set of exactly D samples is a stream on the condition that it holds D: the number of
    samples that a draw implies is taken back at the slope of the loss, a normal correction that is exact to relative order 1/D in
    mean and variance; up to 1,000 samples are drawn one by one.

    Args:
        model: the quanta, and the loss before and after each is learned.
        params: model sizes, with `capacity` the quanta that fit; no more are learned.
        samples: data set sizes, up to 1e18, under `rule`. Rules that are a chance (Poisson, Binomial, RepeatedEpochs) scatter; a hard
            threshold or a share (Exponential, Hill) gives every run the same loss.
        steps: training steps, under `step_rule`. In a single epoch of batches B give samples = steps * B instead.
        draw: "stream", a Poisson number of samples, or "fixed", exactly D; unless given, "fixed" for Binomial and else "stream".
        replicates: runs at each point; params, samples and steps broadcast.
        seed: the same seed gives the same runs.

    Returns:
        Runs with a row a run, replicates of a point next to each other: params, tokens (the samples) and steps as given, replicate
        (from 1), learned (how many quanta were learned; absent where infinitely many are), and loss in nats.

    Raises:
        InputError: no limit given, an amount out of range, replicates < 1, or a rule that does not go with the draw.

    Source: Michaud et al. 2023 (arXiv 2303.13506), section 2; Poisson conditioning as in Barbour, Holst, Janson 1992, chapter 6.

    >>> import quantal.theory as qt
    >>> model = qt.QuantaModel(qt.Zipf(gamma=0.5))
    >>> runs = simulate(model, samples=1e12, replicates=1000)
    >>> error = runs["loss"].std() / 1000**0.5
    >>> bool(abs(runs["loss"].mean() - model.loss(samples=1e12)) < 4 * error)
    True
    """
    points, names = _grid(params, samples, steps)
    count = _whole("replicates", replicates, 1)
    way = _draw(draw, rule)
    base = Setting(model, None, None, None, rule, step_rule, capacity, way)
    rows: dict[str, list[Floats]] = {name: [] for name in (*names, "replicate", "learned", "loss")}
    errors = []
    for point, source in zip(points, np.random.SeedSequence(_whole("seed", seed, 0)).spawn(len(points)), strict=True):
        rng = np.random.default_rng(source)
        loss, learned, error = _runs(base.limited(*point), count, rng)
        errors.append(error)
        for name, amount in zip(("params", "tokens", "steps"), point, strict=True):
            if amount is not None:
                rows[name].append(np.full(count, amount))
        rows["replicate"].append(np.arange(1.0, count + 1.0))
        rows["learned"].append(learned)
        rows["loss"].append(loss)
    table = {name: np.concatenate(parts) for name, parts in rows.items()}
    if not np.all(np.isfinite(table["learned"])):
        del table["learned"]
    units = {"tokens": "samples", "loss": "nats", "learned": "quanta"}
    runs = Runs.from_columns(table, source=f"simulation, seed {seed}", units=units)
    return replace(runs, notes=(_described(base), f"variance of the loss exact to a relative {max(errors):.1e}"))


def _runs(setting: Setting, replicates: int, rng: np.random.Generator) -> tuple[Floats, Floats, float]:
    fixed = setting.counts_samples and setting.draw == "fixed"
    if fixed:
        size = setting.samples or 0.0
        _ = threshold(setting.rule)
        if size != math.floor(size):
            raise InputError(
                f"samples = {size!r} with draw='fixed': a data set holds a whole number of samples; write samples={size:.0f}"
            )
        if size <= FEW_SAMPLES:
            return *draw_samples(setting, replicates, rng), 0.0
    law = loss_law(setting)
    return *law.draw(replicates, rng, fixed), law.variance_error


def _grid(
    params: ArrayLike | None, samples: ArrayLike | None, steps: ArrayLike | None
) -> tuple[list[tuple[float | None, float | None, float | None]], list[str]]:
    """Every point of the amounts given, which broadcast, and the names of the columns that hold them."""
    given: dict[str, Floats] = {}
    for name, values, example in (("params", params, "1e9"), ("samples", samples, "1e9"), ("steps", steps, "1e5")):
        if values is not None:
            given[name] = _amounts(name, values, example)
    if not given:
        raise InputError(
            "no limit given: every quantum would be learned; write for example simulate(model, samples=1e9)"
        )
    try:
        shape = np.broadcast_shapes(*(one.shape for one in given.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {one.shape}" for name, one in given.items())
        raise InputError(f"shapes {shapes} do not broadcast: give equal shapes, or one column and one row") from None
    flat = {name: np.broadcast_to(one, shape).ravel().tolist() for name, one in given.items()}
    size = math.prod(shape)
    if size == 0:
        raise InputError("no amounts given: an array is empty; write for example samples=[1e6, 1e7]")
    columns = [flat.get(name, [None] * size) for name in ("params", "samples", "steps")]
    names = [{"samples": "tokens"}.get(name, name) for name in given]
    return list(zip(*columns, strict=True)), names


def _amounts(name: str, values: ArrayLike, example: str) -> Floats:
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise InputError(
            f"{name} = {values!r}: it must be a number or an array of numbers; write {name}={example}"
        ) from None
    most = MOST_SAMPLES if name == "samples" else math.inf
    bad = ~(np.isfinite(array) & (array >= 0) & (array <= most))
    if np.any(bad):
        limit = f"at least 0 and at most {most:g}" if math.isfinite(most) else "finite and at least 0"
        raise InputError(
            f"{name} = {float(array[bad].flat[0])!r}: it must be {limit}; write for example {name}={example}"
        )
    return array


def _whole(name: str, value: Any, lowest: int) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < lowest:
        raise InputError(f"{name} = {value!r}: it must be a whole number >= {lowest}; write {name}={max(lowest, 100)}")
    return int(value)


def _draw(draw: str | None, rule: LearningRule) -> str:
    if draw is None:
        return "fixed" if isinstance(rule, Binomial) else "stream"
    if draw not in ("stream", "fixed"):
        raise InputError(
            f"draw = {draw!r}: it must be 'stream' (a Poisson number of samples) or 'fixed' (exactly D). "
            f"{did_you_mean(str(draw), ('stream', 'fixed'))}"
        )
    return draw


def _described(setting: Setting) -> str:
    return f"quantization model of {setting.model.frequencies!r}, {setting.rule!r}, draw {setting.draw!r}"
