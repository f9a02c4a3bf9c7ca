"""discover(model, text) -> Discovery: tokens chosen, compared, clustered; what is stable, what is chance, and the slope of sizes."""

from __future__ import annotations

import math
import os
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quantal.discover.clusters import Labels, affinity, embedding, many_clusters, partition
from quantal.discover.cosines import SKETCH_SIZE, Cosines, Mode, measure
from quantal.discover.models import LanguageModel
from quantal.discover.opposites import without_camps
from quantal.discover.slopes import Slope, calibrated_slope
from quantal.discover.stability import LEAST_SIZE, stability
from quantal.discover.tokens import Chosen, Token, choose_tokens
from quantal.discover.units import Engine
from quantal.errors import IdentifiabilityError, InputError
from quantal.theory import Empirical, FrequencyFit, fit_frequencies

STABLE = 0.6
"""A cluster whose mean Jaccard index over resamples is below is not called stable (Hennig 2007: below 0.6 is not to be trusted)."""
BEYOND_CHANCE = 2.0
"""How far the cohesion of a cluster must exceed the largest by chance."""
_NULL_STARTS = 5
LEARNED = 0.5
"""The mean loss of a cluster's tokens, over the log of the vocabulary, from which on the model cannot be said to have learned them."""
Tell = Callable[[int, int | None], None]
Progress = Callable[[str], Any]


@dataclass(frozen=True)
class Cluster:
    """Tokens whose gradients point alike: which, how well they come back, and whether that is more than chance.

    cohesion is the mean cosine of its tokens with one another. stable: there are at least three tokens, the stability is at least
    0.6, the cohesion is twice that of every cluster of sign-shuffled gradients, and the model predicts the tokens better than
    half the log of its vocabulary (an untrained network has clusters of its own, of tokens with the same target or the same last
    input, and none of them is a skill).
    """

    tokens: tuple[int, ...]
    stability: float | None
    stable: bool
    loss: float | None
    cohesion: float

    @property
    def size(self) -> int:
        return len(self.tokens)

    def to_dict(self) -> dict[str, Any]:
        return {
            "size": self.size,
            "stability": self.stability,
            "stable": self.stable,
            "loss": self.loss,
            "cohesion": self.cohesion,
            "tokens": list(self.tokens),
        }


@dataclass(frozen=True, eq=False)
class Discovery:
    """Clusters of a model's tokens, largest first, with what it takes to believe them."""

    model: str
    text: str
    chosen: Chosen
    cosines: Cosines
    labels: Labels
    clusters: tuple[Cluster, ...]
    slope: Slope | None
    slope_reason: str | None
    null_cohesion: float
    exponent: float | None
    seconds: float
    peak_memory_mb: float

    @property
    def tokens(self) -> tuple[Token, ...]:
        return self.chosen.tokens

    def frequencies(self) -> Empirical:
        """How often each cluster is used, by rank, for the theory, the simulator and the laws of frequencies."""
        return Empirical([float(one.size) for one in self.clusters])

    def frequency_fit(self) -> FrequencyFit:
        """The sizes by rank against every law of frequencies: Zipf, Mandelbrot, cutoff, geometric, stretched, log-normal.

        Clusters of three tokens or more count. Their sizes are taken as they are found; only `slope` knows the bias.

        Raises:
            IdentifiabilityError: fewer than three clusters have so many.
        """
        return fit_frequencies([one.size for one in self.clusters], least_count=LEAST_SIZE)

    def _laws(self) -> dict[str, Any]:
        try:
            found = self.frequency_fit()
        except IdentifiabilityError as error:
            return {"best": None, "undecided": [], "reason": str(error)}
        return {"best": found.laws[0].name, "undecided": list(found.undecided), "reason": None}

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        slope = (
            {"value": None, "intervals": {}, "bias": None, "reason": self.slope_reason}
            if self.slope is None
            else self.slope.to_dict()
        )
        if self.exponent is not None:
            slope["predicted"] = -(self.exponent + 1)
        return {
            "model": self.model,
            "text": self.text,
            "n_tokens": len(self.tokens),
            "n_scanned": self.chosen.scanned,
            "n_candidates": self.chosen.candidates,
            "similarity": {
                "mode": self.cosines.mode,
                "rms_error": self.cosines.rms_error,
                "entries": self.cosines.entries,
                "sketch_size": self.cosines.sketch_size,
            },
            "clusters": [one.to_dict() for one in self.clusters],
            "n_stable": sum(one.stable for one in self.clusters),
            "null": {"cohesion": self.null_cohesion},
            "slope": slope,
            "laws": self._laws(),
            "seconds": self.seconds,
            "peak_memory_mb": self.peak_memory_mb,
        }

    def __repr__(self) -> str:
        stable = sum(one.stable for one in self.clusters)
        return f"Discovery({self.model}: {len(self.tokens)} tokens, {len(self.clusters)} clusters, {stable} stable)"


def discover(
    language: LanguageModel,
    text: str | os.PathLike[str],
    *,
    tokens: int = 1000,
    clusters: int = 100,
    mode: Mode = "sketch",
    max_loss: float = 0.1,
    column: str = "text",
    scan: int | None = None,
    sketch_size: int = SKETCH_SIZE,
    resamples: int = 10,
    calibration: int = 3,
    exponent: float | None = None,
    memory: float = 1e9,
    state: str | os.PathLike[str] | None = None,
    workers: int = 1,
    engine: Engine = "processes",
    seed: int = 0,
    progress: Callable[[str], Tell | None] | None = None,
) -> Discovery:
    """Find clusters of tokens that a language model predicts by the same weights (Michaud et al. 2023, section 5).

    Args:
        language: from `load_model`.
        text: as for `choose_tokens`, like max_loss (nats), column and scan.
        clusters: the number that is reported; the envelope of sizes also takes a half and a quarter of it.
        mode, sketch_size, memory (bytes), state, workers, engine: as for `similarity`.
        resamples: clusterings of resampled tokens, for the stability.
        calibration: planted sets at each of five slopes, for the bias of the slope; 0 leaves it unknown.
        exponent: gamma as the scaling exponent predicts it (alpha_N); the slope that it asks for, -(gamma + 1), stands beside.
        progress: called with the name of each stage, gives what is told (done, total), or None.

    Raises:
        InputError: as `choose_tokens` and `similarity`, and where there are fewer tokens than clusters.
        DataError: as these.
    """
    began = time.perf_counter()
    if not 2 <= clusters <= tokens:
        raise InputError(
            f"clusters = {clusters} of {tokens} tokens: ask for 2 to {tokens} clusters, or for more tokens"
        )
    stage = progress or (lambda _: None)
    chosen = choose_tokens(
        language, text, tokens, max_loss=max_loss, column=column, scan=scan, progress=stage("reading text")
    )
    if len(chosen.tokens) < clusters:
        raise InputError(
            f"{len(chosen.tokens)} tokens qualify, fewer than the {clusters} clusters asked for: raise max_loss, scan or the text, "
            "or ask for fewer clusters"
        )
    cosines = measure(
        language.model,
        chosen.pairs(),
        mode,
        sketch_size=sketch_size,
        seed=seed,
        memory=memory,
        state=state,
        workers=workers,
        engine=engine,
        progress=stage("gradients"),
        null=True,
    )
    ks = sorted({clusters, max(2, clusters // 2), max(2, clusters // 4)})
    partitions = many_clusters(cosines.matrix, ks, seed=seed)
    labels = partitions[clusters]
    found = stability(cosines.matrix, labels, resamples=resamples, seed=seed, progress=stage("stability"))
    null = null_cohesion(cosines.null, clusters, seed=seed)
    losses = np.array([token.loss for token in chosen.tokens])
    most = LEARNED * math.log(language.vocabulary)
    slope, reason = _slope(cosines.matrix, partitions, calibration, seed, stage("calibration"))
    return Discovery(
        language.name,
        str(text),
        chosen,
        cosines,
        labels,
        described(cosines.matrix, labels, found, null=null, losses=losses, most=most),
        slope,
        reason,
        null,
        exponent,
        time.perf_counter() - began,
        peak_memory_mb(),
    )


def described(
    matrix: Any,
    labels: Labels,
    found: NDArray[np.float64],
    *,
    null: float = 0.0,
    losses: NDArray[np.float64] | None = None,
    most: float = math.inf,
) -> tuple[Cluster, ...]:
    """Each cluster with its verdict, its tokens nearest its middle first.

    Args:
        found: the clusters' stability.
        null: the largest cohesion of clusters of sign-shuffled gradients.
        losses: of the tokens, in nats; a cluster whose mean reaches ``most`` is not learned.
    """
    made = []
    for label in range(int(labels.max()) + 1):
        inside = np.flatnonzero(labels == label)
        alike = _alike(matrix, inside)
        value, cohesion = float(found[label]), float(alike.mean())
        loss = None if losses is None else float(losses[inside].mean())
        made.append(
            Cluster(
                tuple(int(one) for one in inside[np.argsort(-alike, kind="stable")]),
                value if math.isfinite(value) else None,
                bool(
                    len(inside) >= LEAST_SIZE
                    and value >= STABLE
                    and cohesion > BEYOND_CHANCE * null
                    and (loss is None or loss < most)
                ),
                loss,
                cohesion,
            )
        )
    return tuple(made)


def null_cohesion(null: Any, clusters: int, *, seed: int) -> float:
    """The largest cohesion among clusters of sign-shuffled gradients that have three tokens or more, over five clusterings; 0 where
    there is none.
    """
    places = embedding(affinity(without_camps(null)), clusters, seed)
    most = 0.0
    for start in range(_NULL_STARTS):
        labels = partition(places, clusters, seed + start, starts=1)
        for label in np.flatnonzero(np.bincount(labels) >= LEAST_SIZE):
            most = max(most, float(_alike(null, np.flatnonzero(labels == label)).mean()))
    return most


def _alike(matrix: Any, inside: NDArray[np.int64]) -> NDArray[np.float64]:
    """The mean cosine of each token of a cluster with the others; 0 for one alone."""
    block = np.asarray(matrix[np.ix_(inside, inside)], dtype=np.float64)
    return (block.sum(1) - 1) / max(len(inside) - 1, 1)


def _slope(
    matrix: Any, partitions: Any, calibration: int, seed: int, progress: Tell | None
) -> tuple[Slope | None, str | None]:
    try:
        return calibrated_slope(matrix, partitions, repeats=calibration, seed=seed, progress=progress), None
    except InputError as error:
        return None, str(error)


def peak_memory_mb() -> float:
    """The most memory that this process has held, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6
