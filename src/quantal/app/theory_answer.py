"""What the sliders of the theory show: the loss in each resource, the staircase of quanta, and their emergence, as plain data."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quantal.app.theory_controls import Setting
from quantal.errors import InputError
from quantal.report.chart import plain
from quantal.theory import (
    Frequencies,
    GradientFlow,
    HardThreshold,
    LearningRule,
    PowerTerm,
    QuantaModel,
    learned_chance,
    params_term,
    resource_term,
    rule_width,
)

Floats = NDArray[np.float64]
_POINTS = 61
_DECADES = {"params": 8.0, "samples": 10.0, "steps": 10.0}
_STAIRS = 40
_FINE = 24
_RANKS = (1, 3, 10, 30, 100, 300, 1000)
_NOTHING_LEFT = 1e-14
_NEVER = 1e-200
_CLOSE = np.array([0.9, 0.97, 0.99, 0.997, 0.999, 0.9999])
_SHARES = (0.9, 0.5, 0.1)
_FLOW = GradientFlow(rate=0.5)


def theory_answer(setting: Setting) -> dict[str, Any]:
    """Everything that the view of the theory draws, for one position of its sliders.

    Losses are in nats. params are counted in the parameters of one quantum (c = 1), samples and steps as they are; steps follow gradient
    flow of rate 1/2, which leaves exp(-S p) of a quantum. A curve's `power_law` is null, with its `reason`, where there is none.

    >>> from quantal.app.theory_controls import read_setting
    >>> answer = theory_answer(read_setting({"gamma": "0.4"}))
    >>> answer["exponents"]["params"], len(answer["curves"]["samples"]["loss"])
    (0.4, 85)
    """
    model, rule = setting.model, setting.rule
    frequencies, gap = model.frequencies, model.ceiling - model.floor
    terms = {
        "params": lambda: params_term(model),
        "samples": lambda: resource_term(model, rule),
        "steps": lambda: resource_term(model, _FLOW, "steps"),
    }
    curves = {}
    for resource, term in terms.items():
        amount, left = _unlearned(frequencies, resource, rule if resource == "samples" else _FLOW)
        curves[resource] = _curve(amount, model.floor, gap * left, term)
    return {
        "setting": dict(setting.values),
        "floor": model.floor,
        "ceiling": model.ceiling,
        "frequencies": repr(model.frequencies),
        "rule": repr(rule),
        "exponents": model.exponents(rule=rule).to_dict(),
        "curves": curves,
        "staircase": _staircase(model, rule),
        "emergence": _emergence(model, rule),
    }


@lru_cache(maxsize=64)
def _unlearned(frequencies: Frequencies, resource: str, rule: LearningRule) -> tuple[Floats, Floats]:
    """A grid of one resource, and the share of all use that is unlearned there; what only scales it is left to who asks."""
    model, grid = QuantaModel(frequencies), np.logspace(0, _DECADES[resource], _POINTS)
    if resource == "params":
        grid = _to_the_last(grid, frequencies.count)
        return grid, np.asarray(model.loss(params=grid))
    if resource == "steps":
        return grid, np.asarray(model.loss(steps=grid, step_rule=rule))
    grid = _with_stairs(grid, model, rule)
    return grid, np.asarray(model.loss(samples=grid, rule=rule))


def _with_stairs(samples: Floats, model: QuantaModel, rule: LearningRule) -> Floats:
    """The grid with more points where the first quanta are learned one by one."""
    at = rule.amount(0.5, model.frequencies.pmf(_used(model, np.array([1.0, min(4.0, model.frequencies.count)]))))
    stairs = np.geomspace(at[0] / 2, at[-1], _FINE)
    return np.unique(np.concatenate([samples, stairs[stairs <= samples[-1]]]))


def _to_the_last(params: Floats, count: float) -> Floats:
    """The grid with points close to where the last of finitely many quanta fits."""
    return np.unique(np.concatenate([params, count * _CLOSE])) if count < params[-1] else params


def _curve(amount: Floats, floor: float, above: Floats, term: Callable[[], PowerTerm]) -> dict[str, Any]:
    shown = np.where(above > _NOTHING_LEFT * above[0], above, np.nan)
    found: dict[str, Any] = {
        "amount": plain(amount),
        "loss": plain(floor + above),
        "above": plain(shown),
        "power_law": None,
    }
    try:
        made = term()
        return found | {"power_law": plain(made.at(amount)), "exponent": made.exponent}
    except InputError as error:
        return found | {"exponent": None, "reason": str(error)}


def _staircase(model: QuantaModel, rule: LearningRule) -> dict[str, Any]:
    """The loss once 0, 1, 2 ... quanta are learned, and the samples at which the rule has half learned each of them."""
    ranks = _used(model, np.arange(1.0, min(_STAIRS, model.frequencies.count) + 1))
    at = rule.amount(0.5, model.frequencies.pmf(ranks), ranks)
    loss = model.loss_after(np.concatenate([[0.0], ranks]))
    frequencies = model.frequencies.pmf(ranks)
    return {"rank": plain(ranks), "frequency": plain(frequencies), "samples": plain(at), "loss": plain(loss)}


def _used(model: QuantaModel, ranks: Floats) -> Floats:
    """The ranks whose frequency a float64 can hold with room for the samples that they need."""
    return ranks[model.frequencies.pmf(ranks) > _NEVER]


def _emergence(model: QuantaModel, rule: LearningRule) -> dict[str, Any]:
    """How likely single quanta are learned after so many samples, and when each is learned by 10, 50 and 90 %."""
    samples = np.logspace(0, _DECADES["samples"], 2 * _POINTS - 1)
    ranks = _used(model, np.array([rank for rank in _RANKS if rank <= model.frequencies.count], dtype=float))
    p = model.frequencies.pmf(ranks)
    learned = learned_chance(model.frequencies, ranks, samples=samples, rule=rule)
    start, middle, end = (rule.amount(left, p, ranks) for left in _SHARES)
    quanta = [
        {
            "rank": int(rank),
            "frequency": float(p[i]),
            "learned": plain(learned[:, i]),
            "start": float(start[i]),
            "middle": float(middle[i]),
            "end": float(end[i]),
        }
        for i, rank in enumerate(ranks)
    ]
    width = 0.0 if isinstance(rule, HardThreshold) else rule_width(rule)
    return {"samples": plain(samples), "quanta": quanta, "width": width}
