"""Laws simulated at their designs and fitted again: how often intervals cover, and what verdicts say."""

from __future__ import annotations

import warnings

import numpy as np
from designs import Design

import quantal as ql
from quantal.errors import QuantalWarning

SIMULATIONS = 500
LEVEL = 90.0


def recover(design: Design, count: int) -> dict[str, tuple[int, int, int]]:
    """For each fitted parameter: simulations whose 90 % interval holds it, all whose verdict is 'determined', and all."""
    rule = ql.objective("gaussian", residual="linear" if design.objective == "squares" else "log")
    law = design.fitted
    truth = np.array([design.parameters[name] for name in law.parameter_names])
    out = {name: [0, 0, 0] for name in law.parameter_names}
    for seed in range(count):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", QuantalWarning)
            found = ql.fit(
                design.simulate(seed),
                law,
                objective=rule,
                starts=truth[None, :] if seed else 16,
                levels=(LEVEL,),
                seed=seed,
            )
        for name, value in zip(law.parameter_names, truth, strict=True):
            tally = out[name]
            tally[2] += 1
            if found.verdicts[name].word != "determined":
                continue
            tally[1] += 1
            low, high = found.parameters[name].intervals[LEVEL]
            tally[0] += low <= value <= high
    return {name: (a, b, c) for name, (a, b, c) in out.items()}
