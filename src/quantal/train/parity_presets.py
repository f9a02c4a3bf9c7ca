"""What a study of multitask sparse parity trains: a laptop's version and the published ones, as sweeps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from quantal.errors import InputError, did_you_mean
from quantal.train.parity_config import ParityConfig

PARITY_PRESETS = ("quick", "fig2-short", "fig2", "fig10")
_GAMMA = 0.4


@dataclass(frozen=True)
class ParityPreset:
    """Trainings on a stream (`sizes`, for exponents in N and S) and on finite data (`data`, for the exponent in D).

    step_window holds the steps between which the exponent in S is measured; None takes all from where the loss is below 0.95 bits.
    """

    name: str
    about: str
    sizes: tuple[ParityConfig, ...]
    data: tuple[ParityConfig, ...]
    step_window: tuple[float, float] | None = None

    @property
    def configs(self) -> tuple[ParityConfig, ...]:
        """All trainings, the longest first."""
        return tuple(sorted((*self.sizes, *self.data), key=work, reverse=True))


def work(config: ParityConfig) -> float:
    """Floating-point operations of the matrix products of a training (for finite data the most there may be): 4 n W B a step."""
    return 4.0 * config.bits * sum(net.width for net in config.nets) * config.batch_size * config.steps


def parity_preset(name: str, seed: int = 0) -> ParityPreset:
    """The preset of that name; `seed` shifts the seeds of all its trainings.

    Raises:
        InputError: there is none of that name.

    >>> [len(config.nets) for config in parity_preset("fig2").sizes]
    [15, 15]
    """
    if name not in PARITY_PRESETS:
        raise InputError(f"there is no preset {name!r} of the parity study. {did_you_mean(name, PARITY_PRESETS)}")
    made = {"quick": _quick, "fig2": _fig2, "fig2-short": _fig2_short, "fig10": _fig10}
    return made[name](seed)


def _quick(seed: int) -> ParityPreset:
    seeds = range(3 * seed, 3 * seed + 3)
    shared = {"bits": 32, "gamma": _GAMMA, "batch_size": 2000, "learning_rates": (3e-3,)}
    sizes = [
        ParityConfig(tasks=300, k=2, widths=_spaced(6, 188, 10), steps=5000, seed=one, net_seeds=(one,), evaluate_every=50, **shared)
        for one in seeds
    ]  # fmt: skip
    data = [
        ParityConfig(
            tasks=200,
            k=3,
            widths=(200,),
            steps=3000,
            samples=size,
            seed=one,
            net_seeds=(one,),
            evaluate_every=25,
            **shared,
        )
        for one in seeds
        for size in _spaced(2e3, 2e5, 9)
    ]
    return ParityPreset("quick", "a laptop's version, in minutes", tuple(sizes), tuple(data))


def _fig2(seed: int, steps: int = 200_000) -> ParityPreset:
    widths = _spaced(10, 500, 30)
    sizes = [ParityConfig(widths=half, steps=steps, seed=seed, net_seeds=(seed,)) for half in _halves(widths)]
    data = [_finite(size, _GAMMA, seed, steps) for size in _spaced(1e4, 5e6, 30)]
    return ParityPreset("fig2", "the published main figure", tuple(sizes), tuple(data), step_window=(500.0, 15_000.0))


def _fig2_short(seed: int) -> ParityPreset:
    found = _fig2(seed, 40_000)
    return ParityPreset(
        "fig2-short", "the published main figure with a fifth of its steps", found.sizes, found.data, found.step_window
    )


def _fig10(seed: int) -> ParityPreset:
    gammas = np.round(np.arange(0.1, 0.85, 0.1), 2)
    sizes = [
        ParityConfig(gamma=float(gamma), widths=_spaced(10, 300, 20), steps=100_000, seed=one, net_seeds=(one,))
        for gamma in gammas
        for one in range(3 * seed, 3 * seed + 3)
    ]
    finer = np.round(np.arange(0.1, 0.81, 0.05), 2)
    data = [_finite(size, float(gamma), seed, 100_000) for gamma in finer for size in _spaced(1e4, 5e6, 25)]
    about = "the published exponents against gamma"
    return ParityPreset("fig10", about, tuple(sizes), tuple(data), step_window=(500.0, 15_000.0))


def _finite(samples: int, gamma: float, seed: int, steps: int) -> ParityConfig:
    return ParityConfig(
        gamma=gamma,
        samples=samples,
        batch_size=min(20_000, samples),
        widths=(500,),
        steps=steps,
        seed=seed,
        net_seeds=(seed,),
    )


def _spaced(low: float, high: float, count: int) -> tuple[int, ...]:
    return tuple(dict.fromkeys(np.rint(np.geomspace(low, high, count)).astype(int).tolist()))


def _halves(widths: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Two sets of about the same sum, for two processes."""
    first: list[int] = []
    second: list[int] = []
    for width in sorted(widths, reverse=True):
        (first if sum(first) <= sum(second) else second).append(width)
    return tuple(sorted(first)), tuple(sorted(second))
