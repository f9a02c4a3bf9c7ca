"""Laws simulated at their designs and fitted again: how often intervals cover, and what verdicts say."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from designs import DESIGNS, Design
from theory_designs import THEORY_DESIGNS
from undetermined import NOISE

import quantal as ql
from quantal.errors import QuantalWarning

SIMULATIONS = 500
LEVEL = 90.0
ALL = (*DESIGNS, *THEORY_DESIGNS)


def recover(design: Design, count: int) -> dict[str, tuple[int, int, int]]:
    """For each fitted parameter: simulations whose 90 % interval holds it, all whose verdict is 'determined', and all."""
    law = design.fitted
    truth = np.array([design.parameters[name] for name in law.parameter_names])
    out = {name: [0, 0, 0] for name in law.parameter_names}
    for found in _fits(design, count):
        for name, value in zip(law.parameter_names, truth, strict=True):
            tally = out[name]
            tally[2] += 1
            if found.verdicts[name].word != "determined":
                continue
            tally[1] += 1
            low, high = found.parameters[name].intervals[LEVEL]
            tally[0] += bool(low <= value <= high)
    return {name: (a, b, c) for name, (a, b, c) in out.items()}


def undetermined(design: Design, count: int) -> int:
    """In how many simulations of the law's undetermined design the verdict says so, of the parameter that is not."""
    noise, parameter = NOISE[design.law]
    found = _fits(replace(design, noise=noise), count)
    return sum(one.verdicts[parameter].word != "determined" for one in found)


def _fits(design: Design, count: int) -> Iterator[ql.Fit]:
    rule = ql.objective("gaussian", residual="linear" if design.objective == "squares" else "log")
    truth = np.array([design.parameters[name] for name in design.fitted.parameter_names])
    for seed in range(count):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", QuantalWarning)
            yield ql.fit(
                design.simulate(seed),
                design.fitted,
                objective=rule,
                starts=truth[None, :] if seed else 16,
                levels=(LEVEL,),
                seed=seed,
            )
