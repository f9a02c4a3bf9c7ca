"""Data sets drawn sample by sample: exact, and quick enough where they are small."""

from __future__ import annotations

import numpy as np

from quantal.simulate.blocks import block_sums
from quantal.simulate.setting import Floats, Setting, threshold

_AT_ONCE = 2_000_000


def draw_samples(setting: Setting, replicates: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Loss and number of quanta learned, each of shape (R,), of data sets of exactly D samples that are drawn one by one."""
    near, far = block_sums(setting)
    whole = near.joined(far).total()
    nothing = whole.floor + float(whole.fixed[0] + whole.chancy[0])
    size = int(setting.samples or 0)
    loss, learned = np.full(replicates, nothing), np.zeros(replicates)
    if size == 0:
        return loss, learned
    chunk = max(1, _AT_ONCE // size)
    for at in range(0, replicates, chunk):
        runs = min(chunk, replicates - at)
        ranks = setting.model.frequencies.sample(runs * size, rng).astype(float)
        run, rank = _repeated(ranks.reshape(runs, size), threshold(setting.rule))
        different, which = np.unique(rank, return_inverse=True)
        values = setting.at(different)
        loss[at : at + runs] -= np.bincount(run, values.chancy[which], runs)
        learned[at : at + runs] = np.bincount(run, values.room[which], runs)
    return loss, learned


def _repeated(ranks: Floats, threshold: int) -> tuple[np.ndarray, Floats]:
    """The run and rank of each quantum that at least `threshold` of the run's samples hold; ranks of shape (runs, D)."""
    if ranks.shape[1] < threshold:
        return np.zeros(0, dtype=np.int64), np.zeros(0)
    ordered = np.sort(ranks, axis=1)
    enough = ordered[:, threshold - 1 :] == ordered[:, : ordered.shape[1] - threshold + 1]
    first = np.ones_like(enough)
    first[:, 1:] = ordered[:, 1 : enough.shape[1]] != ordered[:, : enough.shape[1] - 1]
    run, column = np.nonzero(enough & first)
    return run, ordered[run, column]
