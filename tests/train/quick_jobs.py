"""Jobs that tests of sweeps run: a real gradient descent, and ones that misbehave on purpose."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from quantal.errors import InputError


@dataclass(frozen=True)
class Descent:
    """Least squares by gradient descent; `seconds` stretches it, `trap` is a folder where it leaves a mark each time it begins."""

    width: int
    seed: int = 0
    steps: int = 40
    seconds: float = 0.0
    trap: str = ""

    @property
    def cost(self) -> float:
        return self.steps * (1 + self.seconds)


def descend(config: Descent, *, progress: Callable[[int, int | None], None] | None = None) -> dict[str, Any]:
    rng = np.random.default_rng([config.width, config.seed])
    a, b = rng.normal(size=(50, config.width)), rng.normal(size=50)
    if config.trap:
        mark = Path(config.trap) / f"{config.width}-{config.seed}-{time.time_ns()}"
        mark.write_text(str(os.getpid()))
    x, losses = np.zeros(config.width), []
    for step in range(config.steps):
        residual = a @ x - b
        losses.append(float(residual @ residual))
        x -= 0.005 * a.T @ residual
        time.sleep(config.seconds / config.steps)
        if progress is not None:
            progress(step + 1, config.steps)
    return {"loss": losses[-1], "width": config.width, "losses": np.array(losses)}


def die_once(config: Descent) -> dict[str, Any]:
    """The first time that it begins it kills its own process."""
    mark = Path(config.trap) / f"died-{config.width}"
    if not mark.exists():
        mark.write_text("")
        os.kill(os.getpid(), signal.SIGKILL)
    return descend(config)


def raise_always(config: Descent) -> dict[str, Any]:
    raise RuntimeError(f"no good at width {config.width}")


def refuse(config: Descent) -> dict[str, Any]:
    raise InputError(f"width = {config.width}: never")
