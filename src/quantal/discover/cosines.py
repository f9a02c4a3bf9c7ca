"""similarity(model, tokens) -> the matrix of cosines between the gradients of the tokens' losses."""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack

import numpy as np
from numpy.typing import NDArray

from quantal.discover.capture import captured
from quantal.discover.checks import check_hooks, materialised_cosines, unembedding_of
from quantal.discover.exact import Block, blocks_of, gram_of
from quantal.discover.layers import Layer, find_layers, parameters_of
from quantal.discover.samples import Loss, PairSamples, Samples, samples_of
from quantal.discover.sketch import CountSketch, next_prime
from quantal.discover.units import Engine, Results, digest, run_units
from quantal.errors import DataError, InputError
from quantal.extras import extra

if TYPE_CHECKING:
    import torch

Mode = Literal["exact", "sketch"]
Floats = NDArray[np.floating[Any]]
SKETCH_SIZE = 65_537
_UNIT = 64
_FEWEST_PAIRS = 8
_PAIRS = 32  # tokens whose cosines are compared with exact ones, to measure the sketch's error


@dataclass(frozen=True, eq=False)
class Cosines:
    """Cosines of gradients (n, n), the losses of the tokens (n,) where known, and the measured error of the cosines.

    rms_error is the root mean square difference from exact cosines over the pairs of a sample of tokens: from exact mode for
    sketches, from plainly materialised gradients for exact mode.
    """

    matrix: Floats
    mode: Mode
    rms_error: float
    entries: int
    sketch_size: int | None
    null: Floats | None = None

    def __repr__(self) -> str:
        return (
            f"Cosines({len(self.matrix)} tokens, {self.entries:,} gradient entries, {self.mode}, "
            f"rms error {self.rms_error:.2g})"
        )


def similarity(
    model: torch.nn.Module,
    tokens: Sequence[tuple[Any, Any]],
    mode: Mode = "sketch",
    *,
    loss: Loss | None = None,
    sketch_size: int = SKETCH_SIZE,
    seed: int = 0,
    memory: float = 1e9,
    state: str | os.PathLike[str] | None = None,
    workers: int = 1,
    engine: Engine = "processes",
    progress: Callable[[int, int | None], None] | None = None,
) -> Floats:
    """Cosines between the gradients of the tokens' losses, shape (n, n): cos_ij = g_i . g_j / (|g_i| |g_j|).

    The gradient is over all weights and biases of linear maps (`torch.nn.Linear`, the Conv1D of transformers) but the unembedding;
    embeddings and norms are left out, too (Michaud et al. 2023, section 5). Each token takes one forward and backward with its
    context cut at the token, whatever n in sketch mode; exact mode repeats it for every block of weights that memory holds.

    Args:
        tokens: (input_ids, position) pairs: the loss is that of predicting input_ids[position] from what stands before it, in nats.
            With ``loss``, (inputs, target) pairs: the loss is ``loss(model(inputs), target)``, and every linear map counts.
        mode: "exact", or "sketch": a count sketch of ``sketch_size`` buckets a token (raised to the next prime), with an error of
            about 1/sqrt(sketch_size) in each cosine.
        memory: bytes to use at most for gradients and their products.
        state: a folder that keeps what is done; after a kill the same call goes on from there.
        workers: processes; or with engine="ray" a Ray cluster, as it is initialised.

    Raises:
        InputError: a layer cannot be handled (it is named), a token lies outside the vocabulary or the context, memory is too small,
            or ``state`` belongs to other work.
        DataError: a loss is not finite, or a gradient is zero.

    In float64 (exact) or float32 (sketch).
    """
    return measure(
        model,
        tokens,
        mode,
        loss=loss,
        sketch_size=sketch_size,
        seed=seed,
        memory=memory,
        state=state,
        workers=workers,
        engine=engine,
        progress=progress,
        sample=0,
    ).matrix


class Settings(TypedDict, total=False):
    """What `measure` takes as `similarity` does, with the same defaults."""

    loss: Loss | None
    sketch_size: int
    seed: int
    memory: float
    state: str | os.PathLike[str] | None
    workers: int
    engine: Engine
    progress: Callable[[int, int | None], None] | None


def measure(
    model: torch.nn.Module,
    tokens: Sequence[tuple[Any, Any]],
    mode: Mode = "sketch",
    *,
    sample: int = _PAIRS,
    null: bool = False,
    **settings: Unpack[Settings],
) -> Cosines:
    """`similarity` with its error measured on ``sample`` tokens, and on request the cosines of gradients with signs shuffled."""
    workers, engine, state = settings.get("workers", 1), settings.get("engine", "processes"), settings.get("state")
    if mode not in ("exact", "sketch"):
        raise InputError(f"mode {mode!r}: it must be 'exact' or 'sketch'")
    if engine not in ("processes", "ray"):
        raise InputError(f"engine {engine!r}: it must be 'processes' or 'ray'")
    if workers < 1:
        raise InputError(f"workers = {workers}: it must be at least 1")
    samples = samples_of(model, tokens, settings.get("loss"))
    head = unembedding_of(model, samples)
    layers = find_layers(model, left_out=() if head is None else (head,))
    check_hooks(model, layers, samples)
    work = _Work(model, samples, layers, settings.get("memory", 1e9) / workers, settings.get("seed", 0))
    keep = {"workers": workers, "engine": engine, "progress": settings.get("progress")}
    size = next_prime(settings.get("sketch_size", SKETCH_SIZE)) if mode == "sketch" else None
    shuffled = None
    if mode == "exact":
        gram = _exact(work, state, keep)
        if null:
            shuffled = _sketched(work, 4099, None, keep, null=True)[1]
    else:
        assert size is not None
        gram, shuffled = _sketched(work, size, state, keep, null=null)
    matrix = normalised(gram)
    error = _error(work, matrix, mode, sample) if sample else math.nan
    return Cosines(
        matrix,
        mode,
        error,
        sum(layer.size for layer in layers),
        size,
        None if shuffled is None else normalised(shuffled),
    )


def normalised(gram: Floats) -> Floats:
    """A Gram matrix over the square roots of its own diagonal, in place.

    Raises:
        DataError: a gradient is zero or not finite.
    """
    norms = np.sqrt(np.diagonal(gram).astype(np.float64))
    bad = ~(np.isfinite(norms) & (norms > 0))
    if bad.any():
        raise DataError(
            f"token {int(np.argmax(bad))}: its gradient is {'zero' if norms[np.argmax(bad)] == 0 else 'not finite'}, so no cosine is "
            f"defined ({int(bad.sum())} such tokens); leave out tokens whose loss is 0 within rounding, or compute in float64"
        )
    gram /= norms[:, None].astype(gram.dtype)
    gram /= norms[None, :].astype(gram.dtype)
    np.clip(gram, -1.0, 1.0, out=gram)
    np.fill_diagonal(gram, 1.0)
    return gram


@dataclass(frozen=True, eq=False)
class _Work:
    """A model, its layers and samples, and how samples go through: in batches of one length, within the memory."""

    model: Any
    samples: Samples
    layers: tuple[Layer, ...]
    memory: float
    seed: int

    def dtype(self) -> Any:
        """float64 where the weights are, else float32."""
        torch = extra("torch", "discover", "reading gradients")
        return torch.float64 if self.layers[0].modules[0].weight.dtype == torch.float64 else torch.float32

    def width(self) -> int:
        return self.dtype().itemsize

    def batches(self, places: Sequence[int]) -> list[list[int]]:
        """Places by length, at most as many together as the memory holds."""
        lengths = self.samples.lengths()
        wide = sum(layer.inputs + layer.outputs for layer in self.layers) * 6 * self.width()
        made: list[list[int]] = []
        for place in sorted(places, key=lambda one: (lengths[one], one)):
            if made and lengths[made[-1][0]] == lengths[place]:
                most = max(1, min(2048 // int(lengths[place]), int(0.3 * self.memory / (wide * lengths[place]))))
                if len(made[-1]) < most and not isinstance(self.samples, PairSamples):
                    made[-1].append(place)
                    continue
            made.append([place])
        return made

    def identity(self, **settings: Any) -> dict[str, Any]:
        """What tells this work from other work: its weights, its tokens and its settings."""
        weights = [
            parameter.detach()
            .cpu()
            .contiguous()
            .flatten()
            .view(extra("torch", "discover", "reading gradients").uint8)
            .numpy()
            .tobytes()
            for parameter in parameters_of(self.layers)
        ]
        if isinstance(self.samples, PairSamples):
            given = [np.asarray(value).tobytes() for value in (*self.samples.inputs, *self.samples.targets)]
        else:
            given = [repr((self.samples.contexts, self.samples.targets)).encode()]
        return {"model": digest(*weights), "tokens": digest(*given), "seed": self.seed, **settings}


@dataclass(frozen=True, eq=False)
class _SketchJob:
    """Units of samples; each gives its sketches, shape (samples, size)."""

    work: _Work
    size: int
    units: tuple[tuple[int, ...], ...]

    def run(self, unit: int) -> Iterator[int | np.ndarray]:
        work = self.work
        places = self.units[unit]
        at = {place: row for row, place in enumerate(places)}
        made: np.ndarray | None = None
        done = 0
        device = next(work.model.parameters()).device
        sketch = CountSketch(work.layers, self.size, work.seed, device=device, dtype=work.dtype())
        with captured(work.model, work.layers) as capture:
            for batch in work.batches(places):
                rows, _ = sketch.of(capture, work.samples, batch)
                if made is None:
                    made = np.empty((len(places), self.size), dtype=rows.dtype)
                made[[at[place] for place in batch]] = rows
                done += len(batch)
                yield done
        assert made is not None
        yield made


@dataclass(frozen=True, eq=False)
class _ExactJob:
    """Units of weights; each gives the inner products over its weights, shape (n, n)."""

    work: _Work
    blocks: tuple[Block, ...]

    def run(self, unit: int) -> Iterator[int | np.ndarray]:
        work = self.work
        batches = work.batches(range(len(work.samples)))
        with captured(work.model, work.layers) as capture:
            yield from gram_of(capture, work.samples, batches, self.blocks[unit], work.dtype())


def _exact(work: _Work, state: Any, keep: dict[str, Any]) -> Floats:
    count = len(work.samples)
    product = 8 * count * count
    if 3 * product > work.memory:
        raise InputError(
            f"the inner products of {count} tokens need {3 * product / 1e6:.0f} MB, and memory is {work.memory / 1e6:.0f} MB; "
            "give more memory or fewer tokens, or use mode='sketch'"
        )
    blocks = blocks_of(work.layers, count, work.width(), work.memory - product)
    results = Results.opened(len(blocks), state, work.identity(mode="exact") if state is not None else {})
    run_units(_ExactJob(work, blocks), results, [count] * len(blocks), **keep)
    gram = results.get(0)
    for unit in range(1, len(blocks)):
        gram = gram + results.get(unit)
    return gram


def _sketched(work: _Work, size: int, state: Any, keep: dict[str, Any], *, null: bool) -> tuple[Floats, Floats | None]:
    order = np.lexsort((np.arange(len(work.samples)), work.samples.lengths()))
    units = tuple(tuple(int(one) for one in order[start : start + _UNIT]) for start in range(0, len(order), _UNIT))
    with tempfile.TemporaryDirectory(prefix="quantal-") as spare:
        if state is None and work.width() * size * len(order) > 0.4 * work.memory:
            state = spare
        identity = work.identity(mode="sketch", size=size) if state is not None else {}
        results = Results.opened(len(units), state, identity)
        run_units(_SketchJob(work, size, units), results, [len(unit) for unit in units], **keep)
        gram = _gram(work, results, units, size)
        return gram, _gram(work, results, units, size, shuffle=True) if null else None


def _gram(
    work: _Work, results: Results, units: Sequence[tuple[int, ...]], size: int, *, shuffle: bool = False
) -> Floats:
    """Inner products of all sketches, a few units at a time; on request with the signs of each sketch's entries shuffled."""
    count = len(work.samples)
    dtype = np.float64 if work.width() == 8 else np.float32
    gram = np.empty((count, count), dtype=dtype)
    together = max(1, int(0.12 * work.memory / (size * _UNIT * dtype().itemsize)))
    groups = [range(start, min(start + together, len(units))) for start in range(0, len(units), together)]

    def rows_of(group: range) -> tuple[np.ndarray, list[int]]:
        rows = []
        for unit in group:
            one = results.get(unit)
            if shuffle:
                rng = np.random.default_rng([work.seed, 0x5F, unit])
                one = one * (1 - 2 * rng.integers(0, 2, one.shape, dtype=np.int8)).astype(dtype)
            rows.append(one)
        return np.concatenate(rows), [place for unit in group for place in units[unit]]

    for first, group in enumerate(groups):
        rows, places = rows_of(group)
        gram[np.ix_(places, places)] = rows @ rows.T
        for other in groups[first + 1 :]:
            columns, across = rows_of(other)
            product = rows @ columns.T
            gram[np.ix_(places, across)] = product
            gram[np.ix_(across, places)] = product.T
    return gram


def _error(work: _Work, matrix: Floats, mode: Mode, sample: int) -> float:
    """Root mean square difference from better cosines over the pairs of a sample of tokens.

    Exact cosines pass over their tokens once a block of weights: of a large model fewer tokens are taken, so that the error costs no
    more passes than the sketches did.
    """
    count = len(work.samples)
    entries = sum(layer.size for layer in work.layers)
    if mode == "sketch":
        most = sample
        while most > _FEWEST_PAIRS and most * math.ceil(most * entries * work.width() / (0.6 * work.memory)) > count:
            most -= 1
    else:
        most = max(3, min(8, int(0.5 * work.memory / (8 * entries))))
    places = sorted({int(one) for one in np.linspace(0, count - 1, min(count, most)).round()})
    if mode == "exact":
        better = materialised_cosines(work.model, work.layers, work.samples, places)
    else:
        few = replace(work, samples=work.samples.chosen(places), memory=max(work.memory, 5e7))
        better = normalised(_exact(few, None, {}))
    above = np.triu_indices(len(places), 1)
    found = matrix[np.ix_(places, places)].astype(np.float64)
    return float(np.sqrt(np.mean((found - better)[above] ** 2)))
