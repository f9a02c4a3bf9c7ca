"""Discovery of quanta where the truth is known (planted points, parity networks), and on language models trained here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from quantal.discover import calibrated_slope, clusters, many_clusters, planted
from quantal.extras import extra
from quantal.reproduce.claim import Claim, judged
from quantal.reproduce.discovery_text import text_claims
from quantal.reproduce.parity_quanta import parity_claims, parity_config, recovered

_TOKENS, _CLUSTERS = 1000, 100
_SLOPES = (-1.24, -1.6)
_NETWORKS = 5
Progress = Callable[[int, int | None], None]


def discovery(seed: int = 0, *, progress: Progress | None = None) -> tuple[Claim, ...]:
    """Claims on planted points (1,000 in 100 clusters, whose sizes fall as rank^-1.24 and rank^-1.6), on five networks that learned
    multitask sparse parity, and on small language models trained on the text that every Python has; about two minutes on one core.

    Raises:
        QuantalError: torch, transformers or scikit-learn is not installed.
    """
    stages = 1 + _NETWORKS + 1

    def tell(done: int) -> None:
        if progress is not None:
            progress(done, stages)

    claims = [_found(seed), *(_slope(slope, seed) for slope in _SLOPES)]
    tell(1)
    networks = []
    for number in range(_NETWORKS):
        networks.append(recovered(parity_config(_NETWORKS * seed + number), seed=seed))
        tell(2 + number)
    claims += parity_claims(networks)
    claims += text_claims(seed)
    tell(stages)
    return tuple(claims)


def _found(seed: int) -> Claim:
    rand: Any = extra("sklearn.metrics", "discover", "the adjusted Rand index").adjusted_rand_score
    cosines, truth = planted(_TOKENS, _CLUSTERS, within=0.4, seed=seed)
    published = float(rand(truth, clusters(cosines, _CLUSTERS, way="paper", seed=seed)))
    return judged(
        f"planted clusters are found: adjusted Rand index, {_TOKENS:,} points in {_CLUSTERS} clusters (to 0.15)",
        {"all found": 1.0, "the published procedure": published},
        float(rand(truth, clusters(cosines, _CLUSTERS, seed=seed))),
        tolerance=0.15,
    )


def _slope(slope: float, seed: int) -> Claim:
    cosines, _ = planted(_TOKENS, _CLUSTERS, slope=slope, within=0.4, seed=seed + 1)
    partitions = many_clusters(cosines, [_CLUSTERS // 4, _CLUSTERS // 2, _CLUSTERS], seed=seed)
    found = calibrated_slope(cosines, partitions, seed=seed)
    value = found.corrected.value
    return judged(
        f"sizes of clusters by rank fall with the planted slope {slope:g}, once the bias is taken off (95 % interval)",
        {"planted": slope},
        float("nan") if value is None else value,
        interval=found.corrected.interval(95.0),
        standard_error=None,
    )
