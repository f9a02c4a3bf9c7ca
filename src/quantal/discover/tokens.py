"""Which tokens to explain: predicted well, not copied from earlier in their document, spread over the corpus."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from quantal.discover.models import LanguageModel
from quantal.discover.samples import all_logits
from quantal.discover.texts import Document, documents
from quantal.errors import DataError, DataWarning, InputError
from quantal.extras import extra

LEAST_LOSS = 1e-6
"""Below it the gradient of a loss in float32 is rounding."""
_SHOWN = 240


@dataclass(frozen=True)
class Token:
    """A token to explain: the ids it stands in, its position there, its loss in nats, and where and what it is."""

    input_ids: tuple[int, ...]
    position: int
    loss: float
    source: str
    before: str
    text: str
    after: str


@dataclass(frozen=True, eq=False)
class _Window:
    """Ids that the model reads at once, and which of them are copied: the third of a trigram seen earlier in the document."""

    source: str
    ids: tuple[int, ...]
    copied: np.ndarray


@dataclass(frozen=True)
class Chosen:
    """Tokens to explain, and how many there were to choose from."""

    tokens: tuple[Token, ...]
    scanned: int
    candidates: int

    def pairs(self) -> list[tuple[tuple[int, ...], int]]:
        """(input_ids, position) pairs, as `similarity` takes them."""
        return [(token.input_ids, token.position) for token in self.tokens]


def choose_tokens(
    language: LanguageModel,
    text: str | os.PathLike[str],
    count: int,
    *,
    max_loss: float = 0.1,
    column: str = "text",
    scan: int | None = None,
    progress: Callable[[int, int | None], None] | None = None,
) -> Chosen:
    """``count`` tokens that the model predicts with a loss below ``max_loss`` nats, evenly spread over those there are.

    Left out are tokens that induction predicts: the third of a trigram that stands earlier in its document (Michaud et al. 2023,
    section 5). Windows of the model's context are read evenly over the corpus, about ``scan`` tokens in all (default: 100 a token
    asked for, at least 50,000); the corpus is streamed.

    Raises:
        InputError: count or max_loss is out of range, or the tokenizer gives ids that the model does not know.
        DataError: the text is empty, no token qualifies, or a loss is NaN.

    Warns DataWarning where fewer tokens qualify than were asked for.
    """
    if count < 2:
        raise InputError(f"tokens = {count}: at least 2 are compared; ask for 1000")
    if not max_loss > LEAST_LOSS:
        raise InputError(f"max_loss = {max_loss}: it must be above {LEAST_LOSS} nats; the paper takes 0.1")
    budget = max(100 * count, 50_000) if scan is None else scan
    if budget < 2:
        raise InputError(f"scan = {scan}: it must be at least 2 tokens")
    windows = spread_windows(language, documents(text, column=column), max(1, math.ceil(budget / language.context)))
    if not windows:
        raise DataError(f"{str(text)!r} holds no two tokens in a row; give a longer text")
    found: list[tuple[_Window, int, float]] = []
    scanned = 0
    for done, (window, losses) in enumerate(window_losses(language, windows), 1):
        scanned += len(losses)
        good = (losses > LEAST_LOSS) & (losses < max_loss) & ~window.copied[1:]
        found += [(window, int(place) + 1, float(losses[place])) for place in np.flatnonzero(good)]
        if progress is not None:
            progress(done, len(windows))
    if len(found) < 2:
        raise DataError(
            f"{len(found)} of {scanned} tokens are predicted with a loss below {max_loss:g} nats and not copied from earlier: too few to "
            "compare; raise max_loss (an untrained model needs more than the log of its vocabulary), or read more text"
        )
    if len(found) < count:
        warnings.warn(
            f"{len(found)} tokens qualify of the {count} asked for ({scanned} read): all are taken; raise max_loss or scan",
            DataWarning,
            stacklevel=2,
        )
    places = np.unique(np.linspace(0, len(found) - 1, min(count, len(found))).round().astype(int))
    return Chosen(tuple(_token(language, *found[place]) for place in places), scanned, len(found))


def spread_windows(language: LanguageModel, texts: Iterator[Document], most: int) -> list[_Window]:
    """At most ``most`` windows evenly spread over a stream of documents: every second is let go whenever twice as many are held."""
    held: list[_Window] = []
    stride = 1
    for seen, window in enumerate(_windows(language, texts)):
        if seen % stride == 0:
            held.append(window)
            if len(held) >= 2 * most:
                held = held[::2]
                stride *= 2
    if len(held) <= most:
        return held
    return [held[place] for place in np.unique(np.linspace(0, len(held) - 1, most).round().astype(int))]


def _windows(language: LanguageModel, texts: Iterator[Document]) -> Iterator[_Window]:
    for document in texts:
        ids = language.reader.encode(document.text)
        if ids and max(ids) >= language.vocabulary:
            raise InputError(
                f"the tokenizer gives the id {max(ids)}, and {language.name} knows {language.vocabulary} tokens: "
                "they do not belong together; name the model's own tokenizer"
            )
        copied = third_of_seen_trigram(ids)
        for start in range(0, len(ids) - 1, language.context):
            end = min(start + language.context, len(ids))
            if end - start >= 2:
                yield _Window(document.name, tuple(ids[start:end]), copied[start:end])


def third_of_seen_trigram(ids: list[int]) -> np.ndarray:
    """Whether each id ends a trigram that stands earlier, shape (len(ids),).

    >>> third_of_seen_trigram([1, 2, 3, 1, 2, 3, 1]).tolist()
    [False, False, False, False, False, True, True]
    """
    out = np.zeros(len(ids), dtype=bool)
    seen: set[tuple[int, int, int]] = set()
    for place in range(2, len(ids)):
        trigram = (ids[place - 2], ids[place - 1], ids[place])
        if trigram in seen:
            out[place] = True
        else:
            seen.add(trigram)
    return out


def window_losses(language: LanguageModel, windows: list[Any]) -> Iterator[tuple[Any, np.ndarray]]:
    """Each window with the losses of its tokens but the first, in nats, shape (len(ids) - 1,).

    Raises:
        DataError: a loss is not finite.
    """
    torch = extra("torch", "discover", "reading losses")
    device = next(language.model.parameters()).device
    batch = max(1, 2048 // language.context)
    start = 0
    while start < len(windows):
        length = len(windows[start].ids)
        end = start + 1
        while end < len(windows) and end - start < batch and len(windows[end].ids) == length:
            end += 1
        with torch.no_grad():
            ids = torch.tensor([window.ids for window in windows[start:end]], device=device)
            logits = all_logits(language.model, ids)[:, :-1].float()
            losses = torch.nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), reduction="none")
        found = losses.view(end - start, -1).double().cpu().numpy()
        for window, row in zip(windows[start:end], found, strict=True):
            if not np.all(np.isfinite(row)):
                raise DataError(
                    f"{language.name} gives a loss of {row[~np.isfinite(row)][0]} in {window.source}: "
                    "its weights or its dtype are broken; try float32"
                )
            yield window, row
        start = end


def _token(language: LanguageModel, window: _Window, position: int, loss: float) -> Token:
    decode = language.reader.decode
    ids = window.ids
    return Token(
        ids[: position + 1],
        position,
        loss,
        window.source,
        decode(ids[max(0, position - _SHOWN) : position])[-_SHOWN:],
        decode(ids[position : position + 1]),
        decode(ids[position + 1 : position + 41])[:40],
    )
