"""Designs of the laws that are tried where none is named, and of the laws of quanta; see `designs`."""

from __future__ import annotations

import numpy as np
from designs import JOINT, D, Design, N

_STEPS = {"params": np.repeat(N, 6), "steps": np.tile(np.geomspace(1e3, 1e6, 6), 6)}
_CURVE = np.geomspace(1e6, 1e12, 40)
_HOFFMANN = {"E": 1.69, "A": 406.4, "B": 410.7, "alpha": 0.34, "beta": 0.28}
_QUANTA = {"E": 1.7, "A": 400.0, "B": 400.0, "gamma": 0.4}
_POWERS = {"params": N, "tokens": D, "compute": np.geomspace(1e18, 1e22, 9), "steps": np.geomspace(1e3, 1e6, 9)}

THEORY_DESIGNS = [
    Design("chinchilla", JOINT, _HOFFMANN),
    Design("kappa", JOINT, _HOFFMANN | {"kappa": 1.3}),
    Design("bottleneck", JOINT, _HOFFMANN),
    Design("kaplan", JOINT, {"N_c": 6.4e13, "D_c": 1.8e13, "alpha_N": 0.076, "alpha_D": 0.103}),
    Design("kaplan_steps", _STEPS, {"N_c": 6.5e13, "S_c": 2.1e3, "alpha_N": 0.077, "alpha_S": 0.76}),
    Design("quanta", JOINT, _QUANTA),
    Design("quanta_kappa", JOINT, _QUANTA | {"kappa": 1.3}),
    Design("quanta_bottleneck", JOINT, _QUANTA),
    *(
        Design(f"power_floor:{name}", {name: np.repeat(x, 3)}, {"E": 1.5, "A": 1.2 * float(x[0]) ** 0.3, "alpha": 0.3})
        for name, x in _POWERS.items()
    ),
    *(
        Design(f"power:{name}", {name: np.repeat(x, 3)}, {"A": 4.0 * float(x[0]) ** 0.1, "alpha": 0.1})
        for name, x in _POWERS.items()
    ),
    Design("quantized_joint", JOINT, _QUANTA),
    Design("quantized_joint_free", JOINT, _HOFFMANN),
    Design("zipf:tokens", {"tokens": _CURVE}, {"E": 1.7, "B": 200.0, "gamma": 0.4}),
    Design("zipf_finite:tokens", {"tokens": _CURVE}, {"E": 1.7, "B": 200.0, "gamma": 0.4, "K": 1e10}),
    Design("mandelbrot:tokens", {"tokens": _CURVE}, {"E": 1.7, "B": 200.0, "gamma": 0.4, "D_0": 1e8}),
    Design("geometric:tokens", {"tokens": _CURVE}, {"E": 1.7, "B": 3e6}),
    Design("stretched:tokens", {"tokens": _CURVE}, {"E": 1.7, "A": 3.0, "theta": 0.5, "D_0": 1e8}),
    Design("lognormal:tokens", {"tokens": _CURVE}, {"E": 1.7, "A": 3.0, "sigma": 3.0, "D_0": 1e8}),
    Design("cutoff:tokens", {"tokens": _CURVE}, {"E": 1.7, "A": 3.0, "gamma": 0.4, "D_c": 1e10}),
]
