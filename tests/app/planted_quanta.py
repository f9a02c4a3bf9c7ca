"""A small discovery whose clusters are known, with texts that would be markup if they were read as such."""

from __future__ import annotations

import numpy as np

from quantal.discover import Chosen, Cosines, Discovery, Token, calibrated_slope, many_clusters, planted
from quantal.discover.clusters import by_size
from quantal.discover.discovery import described

HOSTILE = "</script><img src=x onerror=alert(1)>\u2028"


def planted_discovery(count: int = 240, clusters: int = 30, *, found: bool = False) -> Discovery:
    """Planted cosines with their true clusters, or with those that the method finds."""
    cosines, truth = planted(count, clusters, seed=0)
    labels = many_clusters(cosines, [clusters])[clusters] if found else by_size(truth)
    rng = np.random.default_rng(0)
    tokens = tuple(
        Token((1, 2), 1, 0.01, f"file{one}.txt", f"before {one} {HOSTILE}", f" word{labels[one]}", "\nafter that")
        for one in range(count)
    )
    stability = np.linspace(1, 0.2, int(labels.max()) + 1)
    made = described(cosines, labels, stability, null=0.1, losses=rng.random(count), most=3.0)
    slope = calibrated_slope(cosines, {clusters: labels}, repeats=0)
    chosen = Chosen(tokens, 9 * count, 2 * count)
    measured = Cosines(cosines, "sketch", 0.004, 1000, 65_537)
    return Discovery("a <b>model</b>", "corpus.txt", chosen, measured, labels, made, slope, None, 0.1, 0.3, 1.0, 2.0)
