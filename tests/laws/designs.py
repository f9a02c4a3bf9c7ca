"""A sensible design for every law of the zoo: runs that determine it, parameters to simulate with, and what is fitted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from quantal.laws import Law, get_law, hold


@dataclass(frozen=True)
class Design:
    """Inputs (n,), parameters by name, those of them that are held, the objective, and the noise (in log, or absolute)."""

    law: str
    inputs: Mapping[str, np.ndarray]
    parameters: Mapping[str, float]
    held: tuple[str, ...] = ()
    objective: str = "log_squares"
    noise: float = 1e-4
    tolerance: float = 0.05

    @property
    def fitted(self) -> Law:
        law = get_law(self.law)
        return hold(law, **{name: self.parameters[name] for name in self.held}) if self.held else law

    @property
    def theta(self) -> np.ndarray:
        return np.array([self.parameters[name] for name in get_law(self.law).parameter_names])

    def simulate(self, seed: int) -> dict[str, np.ndarray]:
        """The inputs with the law's target, noise added."""
        law = get_law(self.law)
        y = law.value(self.inputs, self.theta)
        error = np.random.default_rng(seed).normal(0.0, self.noise, len(y))
        return {**self.inputs, law.target.name: y + error if self.objective == "squares" else y * np.exp(error)}


def _grid(**axes: np.ndarray) -> dict[str, np.ndarray]:
    made = np.meshgrid(*axes.values(), indexing="ij")
    return {name: one.ravel() for name, one in zip(axes, made, strict=True)}


def _schedules() -> dict[str, np.ndarray]:
    """Cosine, linear, constant and warm-up-stable-decay schedules of 400 steps, measured along the way."""
    t = np.arange(400) / 400
    warm = np.minimum(1.0, np.arange(1, 401) / 20)
    shapes = (
        0.1 + 0.45 * (1 + np.cos(np.pi * t)), 1 - 0.9 * t, np.ones(400), np.where(t < 0.7, 1.0, 1.0 - (t - 0.7) / 0.35),
        np.where(t < 0.5, 1.0, 0.3), 0.5 * np.ones(400),
    )  # fmt: skip
    at = np.array([40, 80, 120, 160, 200, 220, 240, 280, 300, 320, 340, 360, 380, 400])
    schedule = np.repeat(np.stack([warm * shape * 3e-4 * 1e3 for shape in shapes]), len(at), axis=0)
    return {"steps": np.tile(at, len(shapes)).astype(float), "schedule": schedule}


X = np.geomspace(1e2, 1e8, 40)
LONG = np.geomspace(1.0, 1e9, 120)
N, D = np.geomspace(1e7, 1e10, 6), np.geomspace(1e9, 1e12, 6)
JOINT = _grid(params=N, tokens=D)
_rng = np.random.default_rng(11)

DESIGNS = [
    Design("m1", {"x": X}, {"beta": 5.0, "c": 0.3}),
    Design("m2", {"x": X}, {"E": 0.2, "beta": 5.0, "c": 0.3}),
    Design("m3", {"x": X}, {"beta": 5.0, "gamma": 1e-6, "c": 0.3}),
    Design("m4", {"x": X}, {"E": 0.05, "E_0": 1.0, "beta": 30.0, "c": 0.4, "alpha": 0.8}),
    Design("shifted_power", {"x": X}, {"E": 0.2, "A": 50.0, "x0": 1e4, "alpha": 0.4}),
    Design("power_cutoff", {"x": X}, {"E": 0.2, "A": 5.0, "x_c": 1e6, "alpha": 0.2}),
    Design("bnsl1", {"x": LONG}, {"a": 0.1, "b": 5.0, "c0": 0.1, "c1": 0.3, "d1": 1e4, "f1": 0.5}),
    Design(
        "bnsl2", {"x": LONG},
        {"a": 0.1, "b": 5.0, "c0": 0.05, "c1": 0.4, "d1": 1e3, "f1": 0.4, "c2": -0.3, "d2": 1e6, "f2": 0.6},
        noise=1e-5, tolerance=0.1,
    ),
    Design(
        "bnsl3", {"x": np.geomspace(1.0, 1e12, 200)},
        {
            "a": 0.02, "b": 5.0, "c0": 0.05, "c1": 0.3, "d1": 1e3, "f1": 0.4, "c2": -0.3, "d2": 1e6, "f2": 0.5,
            "c3": 0.25, "d3": 1e9, "f3": 0.4,
        },
        noise=1e-6, tolerance=0.1,
    ),
    Design("kaplan_params", {"params": N}, {"N_c": 8.8e13, "alpha_N": 0.076}),
    Design("kaplan_tokens", {"tokens": D}, {"D_c": 5.4e13, "alpha_D": 0.095}),
    Design("kaplan_compute", {"compute": np.geomspace(1e18, 1e22, 9)}, {"C_c": 2.68e28, "alpha_C": 0.05}),
    Design("critical_batch", {"loss": np.linspace(2.0, 6.0, 20)}, {"B_star": 2e8, "alpha_B": 0.21}),
    Design(
        "kaplan_training",
        _grid(params=np.geomspace(1e6, 1e9, 4), steps=np.geomspace(1e3, 1e5, 4), batch_size=np.geomspace(1e4, 1e7, 5)),
        {"N_c": 6e13, "alpha_N": 0.08, "S_c": 2e3, "alpha_S": 0.7, "B_star": 2e8, "alpha_B": 0.2},
        tolerance=0.1,
    ),
    Design(
        "rosenfeld", _grid(params=np.geomspace(1e3, 1e9, 9), tokens=np.geomspace(1e3, 1e9, 9)),
        {"eps_0": 0.9, "eta": 0.01, "b": 0.5, "c": 1e-4, "alpha": 0.5, "beta": 0.4},
    ),
    Design(
        "farseer", _grid(params=np.geomspace(1e6, 1e11, 12), tokens=np.geomspace(1e8, 1e13, 12)),
        {
            "alpha": 0.12, "beta": -0.1, "gamma": 0.17, "a1": -0.12, "b1": 0.42, "a2": 88.0, "b2": -5.3,
            "a3": -0.02, "b3": -0.1,
        },
        noise=1e-7, tolerance=0.3,
    ),
    Design(
        "data_constrained", _grid(params=np.geomspace(1e7, 1e10, 6), tokens=np.geomspace(1e9, 1e12, 6),
              unique_tokens=np.geomspace(1e8, 1e11, 4)),
        {"E": 1.87, "A": 521.0, "B": 1488.0, "alpha": 0.353, "beta": 0.34, "R_N": 5.31, "R_D": 15.4},
    ),
    Design("fine_tuning", {"finetune_examples": np.geomspace(1e1, 1e6, 30)}, {"E": 1.0, "B": 300.0, "D_l": 100.0, "beta": 0.6}),
    Design(
        "clark", _grid(params=np.geomspace(1e7, 1e10, 6), num_experts=np.array([1.0, 2, 4, 8, 16, 32, 64, 128, 256, 512])),
        {"a": -0.082, "b": -0.108, "c": 0.009, "d": 1.104, "E_s": 1.847, "E_m": 314.478},
        tolerance=0.1,
    ),
    Design("overtraining", JOINT, {"E": 1.51, "a": 141.0, "b": 190.0, "eta": 0.121}),
    Design("downstream_error", {"loss": np.linspace(2.0, 5.0, 30)}, {"epsilon": 0.85, "k": 2.0, "gamma": 0.7}, noise=1e-5),
    Design(
        "overtraining_error", JOINT,
        {"E": 1.84, "a": 212.0, "b": 367.0, "eta": 0.136, "epsilon": 0.86, "k": 2.2, "gamma": 0.73},
        held=("epsilon", "k", "gamma"),
    ),
    Design("ladder_loss", JOINT, {"E": 0.5, "A": 40.0, "B": 100.0, "alpha": 0.25, "beta": 0.3}),
    Design("ladder_accuracy", {"bpb": np.linspace(0.3, 2.0, 30)}, {"a": -0.7, "L_0": 0.9, "k": 5.0, "b": 0.97}),
    Design(
        "ladder", JOINT,
        {"E": 0.5, "A": 40.0, "B": 100.0, "alpha": 0.25, "beta": 0.3, "a": -0.7, "L_0": 0.9, "k": 5.0, "b": 0.97},
        held=("a", "L_0", "k", "b"),
    ),
    Design("emergence", {"x": X}, {"chance": 0.25, "top": 0.9, "x_half": 1e5, "k": 1.2}),
    Design(
        "observational:pc1,pc2", {"pc1": _rng.normal(0, 0.3, 60), "pc2": _rng.normal(0, 0.1, 60)},
        {"alpha": -0.3, "beta1": 4.0, "beta2": -2.0}, objective="squares",
    ),
    Design("capability", {"compute": np.geomspace(1e20, 1e24, 12)}, {"nu": -7.0, "theta": 0.3}, objective="squares"),
    Design("step_learning_rate", JOINT, {"c": 1.79, "p": -0.713, "q": 0.307}),
    Design("step_batch_size", {"tokens": D}, {"c": 0.58, "q": 0.571}),
    Design("annealing", _schedules(), {"L_0": 2.5, "A": 3.0, "C": 0.002, "alpha": 0.5}),
    Design(
        "multi_power", _schedules(),
        {"L_0": 2.5, "A": 3.0, "B": 1.0, "C": 0.3, "alpha": 0.5, "beta": 0.6, "gamma": 0.5},
        noise=1e-5, tolerance=0.1,
    ),
    Design(
        "vocabulary", _grid(params_non_vocab=np.geomspace(1e7, 1e10, 5), params_vocab=np.geomspace(1e6, 1e9, 5),
              tokens=np.geomspace(1e9, 1e12, 5)),
        {"E": 6.0, "A1": 30.0, "A2": 5.0, "B": 100.0, "alpha1": 0.2, "alpha2": 0.15, "beta": 0.25},
        objective="squares", tolerance=0.1,
    ),
    Design(
        "mixture:code,books", {"code": _rng.dirichlet((1, 1, 1), 60)[:, 0], "books": _rng.dirichlet((1, 1, 1), 60)[:, 1]},
        {"c": 1.5, "k": 1.0, "t1": -1.2, "t2": 0.5},
    ),
    Design(
        "precision",
        _grid(params=np.geomspace(3e7, 1e9, 4), tokens=np.geomspace(1e9, 1e11, 4), bits_weights=np.array([3.0, 6, 12]),
              bits_activations=np.array([3.0, 6, 12]), bits_kv=np.array([3.0, 6, 12])),
        {
            "E": 2.0, "A": 4299.0, "B": 1e4, "alpha": 0.4965, "beta": 0.45, "gamma_w": 2.6745, "gamma_a": 2.2102,
            "gamma_kv": 0.9578,
        },
    ),
    Design(
        "quantization_penalty", _grid(params=N, tokens=D, bits_post=np.array([3.0, 4, 6, 8])),
        {"C_T": 0.1, "gamma_D": 0.5068, "gamma_N": 0.3439, "gamma_post": 0.6},
    ),
]  # fmt: skip
