"""What a run costs: FLOPs by named counts, hours and money from a machine's throughput."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from quantal.errors import InputError, did_you_mean


@dataclass(frozen=True)
class Hardware:
    """An accelerator: dense half-precision FLOPs per second at its peak, by its maker's data sheet."""

    name: str
    peak: float
    source: str


HARDWARE = {
    one.name: one
    for one in (
        Hardware("h100", 9.89e14, "NVIDIA H100 SXM data sheet, BF16 dense"),
        Hardware("a100", 3.12e14, "NVIDIA A100 data sheet, BF16 dense"),
        Hardware("v100", 1.25e14, "NVIDIA V100 SXM2 data sheet, FP16 tensor"),
        Hardware("rtx4090", 1.65e14, "NVIDIA Ada architecture paper, FP16 tensor with FP32 accumulation, dense"),
        Hardware("rtx3090", 7.1e13, "NVIDIA Ampere architecture paper, FP16 tensor with FP32 accumulation, dense"),
        Hardware("tpu-v4", 2.75e14, "Google TPU v4 documentation, BF16"),
    )
}


@dataclass(frozen=True)
class Cost:
    """FLOPs of a job, and the hours (wall and accelerator) and money that they take at a share of the peak."""

    flops: float
    hours: float
    device_hours: float
    money: float | None
    hardware: str
    count: int
    utilisation: float

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return dict(vars(self))

    def __repr__(self) -> str:
        machine = f"{self.count} {self.hardware} at {100 * self.utilisation:.0f} % of the peak"
        text = f"{self.flops:.3g} FLOPs: {self.hours:.3g} hours on {machine}"
        return text if self.money is None else f"{text}, {self.money:,.2f} in money"


def cost(
    flops: float,
    hardware: str | float = "a100",
    *,
    count: int = 1,
    utilisation: float = 0.4,
    price: float | None = None,
) -> Cost:
    """Hours and money of ``flops`` on ``count`` devices of ``hardware``, a name of `HARDWARE` or FLOPs per second at peak.

    ``utilisation`` is the share of the peak that training reaches (0.3 to 0.5 is usual), ``price`` money an hour and device.

    Raises:
        InputError: the hardware is unknown, or a number is out of its range.

    >>> cost(5.2e18, "rtx4090", utilisation=0.365, price=0.5)
    5.2e+18 FLOPs: 24 hours on 1 rtx4090 at 36 % of the peak, 11.99 in money
    """
    if isinstance(hardware, str) and hardware not in HARDWARE:
        raise InputError(
            f"hardware {hardware!r} is unknown. {did_you_mean(hardware, HARDWARE)} Or give its peak in FLOPs per second."
        )
    peak = HARDWARE[hardware].peak if isinstance(hardware, str) else float(hardware)
    for name, value, most in (
        ("flops", flops, math.inf),
        ("count", count, math.inf),
        ("utilisation", utilisation, 1.0),
        ("hardware", peak, math.inf),
    ):
        if not (math.isfinite(value) and 0 < value <= most):
            raise InputError(
                f"{name} = {value!r}: must be above zero{' and at most 1' if most == 1 else ' and finite'}"
            )
    device_hours = flops / (peak * utilisation) / 3600
    return Cost(
        flops=float(flops),
        hours=device_hours / count,
        device_hours=device_hours,
        money=None if price is None else device_hours * price,
        hardware=hardware if isinstance(hardware, str) else f"devices of {peak:.3g} FLOPs per second",
        count=count,
        utilisation=utilisation,
    )
