"""A measured loss curve in one resource, with its noise: what the spectrum room works on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quantal.errors import DataError, InputError
from quantal.runs import read_runs

Floats = NDArray[np.float64]

LIMITS = ("params", "tokens", "samples", "steps")
FEWEST = 5


@dataclass(frozen=True, eq=False)
class Curve:
    """Loss (n,) at increasing amounts x (n,) of one resource; ``noise`` (n,) is the standard deviation of each loss.

    ``noise_source`` says where the noise comes from: "given", "replicates", or "roughness" of the curve.
    """

    resource: str
    x: Floats
    loss: Floats
    noise: Floats
    noise_source: str
    source: str

    def __len__(self) -> int:
        return len(self.x)

    @property
    def decades(self) -> float:
        """log10 of the largest amount over the smallest."""
        return float(np.log10(self.x[-1] / self.x[0]))

    def with_loss(self, loss: Floats) -> Curve:
        """The same amounts and noise with other losses."""
        return Curve(self.resource, self.x, loss, self.noise, self.noise_source, self.source)


def loss_curve(
    runs: Any,
    resource: str,
    *,
    noise: ArrayLike | None = None,
    target: str = "loss",
    where: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> Curve:
    """The loss against one resource, with replicates averaged.

    Args:
        runs: a `Curve`, `Runs`, or anything that `read_runs` takes.
        resource: "params", "tokens", "samples" (which `read_runs` calls tokens) or "steps".
        noise: standard deviation of one run's loss, a number or one a run; from replicates, or else from the roughness of
            the curve (its third differences), unless given.

    Raises:
        DataError: a column is missing or holds what has no logarithm, fewer than 5 different amounts, or another resource that varies.
        InputError: the resource is unknown, or noise is negative.

    >>> curve = loss_curve({"tokens": [1e6, 1e7, 1e8, 1e9, 1e10], "loss": [4.0, 3.4, 3.1, 3.0, 2.95]}, "tokens", noise=0.01)
    >>> len(curve), round(curve.decades, 1)
    (5, 4.0)
    """
    if isinstance(runs, Curve):
        return runs
    if resource not in LIMITS:
        raise InputError(f"resource = {resource!r}: a curve is a loss against one of {', '.join(LIMITS)}")
    table = read_runs(runs, where=where, columns=columns)
    if resource == "samples" and resource not in table and "tokens" in table:
        resource = "tokens"
    for name in (resource, target):
        if name not in table:
            raise DataError(f"{table.source}: there is no column {name!r} among {', '.join(table.names)}")
        values = np.asarray(table[name], dtype=float)
        bad = ~(np.isfinite(values) & ((values > 0) | (name == target)))
        if bad.any():
            row = int(table.rows[int(np.flatnonzero(bad)[0])])
            raise DataError(
                f"{table.source}, row {row}, column {name!r}: {float(values[bad][0])!r} cannot lie on a curve; leave it out with where="
            )
    for other in LIMITS:
        if other in table and other != resource and (other == "params" or resource == "params"):
            values = np.asarray(table[other], dtype=float)
            if values.max() > 1.01 * values.min():
                raise DataError(
                    f"{table.source}: {other} varies from {values.min():.4g} to {values.max():.4g}, so the loss is no curve in "
                    f"{resource} alone; choose runs of one value, or of so much {other} that it does not limit, with where="
                )
    x, loss = np.asarray(table[resource], dtype=float), np.asarray(table[target], dtype=float)
    spread = None if noise is None else _given(noise, len(x))
    return _merged(resource, x, loss, spread, table.source)


def _given(noise: ArrayLike, count: int) -> Floats:
    values = np.asarray(noise, dtype=float)
    if not np.all(np.isfinite(values) & (values >= 0)) or values.shape not in ((), (count,)):
        raise InputError(
            f"noise = {noise!r}: the standard deviation of a loss is at least zero, one number or one a run"
        )
    return np.broadcast_to(values, (count,)).astype(float)


def _merged(resource: str, x: Floats, loss: Floats, noise: Floats | None, source: str) -> Curve:
    points, place, counts = np.unique(x, return_inverse=True, return_counts=True)
    if len(points) < FEWEST:
        raise DataError(
            f"{source}: {len(points)} different values of {resource}; a curve that is to tell frequencies needs at least {FEWEST}"
        )
    mean = np.bincount(place, loss) / counts
    if noise is not None:
        return Curve(resource, points, mean, np.sqrt(np.bincount(place, noise**2)) / counts, "given", source)
    repeats = len(x) - len(points)
    if repeats >= 5:
        one = np.sqrt(np.sum((loss - mean[place]) ** 2) / repeats)
        return Curve(resource, points, mean, one / np.sqrt(counts), "replicates", source)
    return Curve(resource, points, mean, _roughness(np.log(points), mean) / np.sqrt(counts), "roughness", source)


def _roughness(y: Floats, loss: Floats) -> Floats:
    """The noise, taken as one number, from how far each four neighbours are from a parabola in ln x."""
    scores = []
    for i in range(len(y) - 3):
        window = y[i : i + 4]
        weights = np.array([1.0 / np.prod(window[j] - np.delete(window, j)) for j in range(4)])
        scores.append((weights @ loss[i : i + 4]) / np.linalg.norm(weights))
    size = float(np.sqrt(np.mean(np.square(scores)))) if scores else 0.0
    return np.full(len(y), size)
