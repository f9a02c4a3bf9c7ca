"""The gallery of a discovery: one HTML page with every cluster's tokens in their context, and the charts that say what to believe."""

from __future__ import annotations

import base64
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from quantal.discover.saved import block_means
from quantal.report.chart import Axis, Chart, Series, write_text
from quantal.report.figure import shown
from quantal.report.markup import Html, element
from quantal.report.page import document, static_text

if TYPE_CHECKING:
    from quantal.discover import Cluster, Discovery, SavedDiscovery, Token

_FIRST_ROWS = 8
_PIXELS = 720
_VISIBLE = str.maketrans({"\n": "↵", "\r": "↵", "\t": "⇥"})


def save_gallery(found: Discovery, path: str) -> None:
    """Write the gallery of a discovery as one HTML page that asks the network for nothing.

    Raises:
        InputError: the folder does not exist, or cannot be written to.
    """
    write_text(path, gallery_page(found))


def gallery_page(found: Discovery) -> str:
    """The gallery as HTML; every text of the corpus is escaped."""
    stable = sum(one.stable for one in found.clusters)
    header = element(
        "header",
        element("p", "quantal discover", class_="overline"),
        element("h1", f"Skills of {_short(found.model)}"),
        element(
            "p",
            f"{len(found.tokens):,} tokens of {_short(found.text)} in {len(found.clusters):,} clusters by their gradients; "
            f"{stable} of them are stable.",
            class_="lead",
        ),
    )
    clusters = [_cluster(found, number, one) for number, one in enumerate(found.clusters, 1)]
    body = element(
        "main",
        header,
        element("section", element("h2", "Clusters", id="clusters-title"), _tools(), clusters, id="clusters"),
        element("section", element("h2", "Sizes by rank"), _slope_words(found), shown(rank_chart(found)), id="ranks"),
        element("section", element("h2", "Similarity"), _matrix(found), id="matrix"),
        id="main",
        class_="gallery",
    )
    return document(
        f"Skills of {_short(found.model)}",
        body,
        style=static_text("gallery.css"),
        script=static_text("gallery.js"),
        skip="Skip to the gallery",
    )


def _short(place: str) -> str:
    """The last part of a path that is there; a hub id as it is."""
    return Path(place).resolve().name if Path(place).exists() else place


def rank_chart(found: Discovery | SavedDiscovery) -> Chart:
    """Sizes of clusters by rank, stable ones apart, with the slope of their envelope."""
    sizes = np.array([one.size for one in found.clusters], dtype=float)
    ranks = np.arange(1, len(sizes) + 1.0)
    stable = np.array([one.stable for one in found.clusters])
    series = [
        Series(
            "points",
            ranks[mask],
            sizes[mask],
            name=name,
            colour=colour,
            size=7.0,
            hover=_told(ranks[mask], sizes[mask]),
        )
        for mask, name, colour in ((stable, "stable", "blue"), (~stable, "not stable", "faint"))
        if mask.any()
    ]
    if found.slope is not None and found.slope.measured.value is not None:
        first, last = found.slope.ranks
        last = min(last, len(sizes))
        x = np.array([first, last], dtype=float)
        middle = float(np.exp(np.mean(np.log(sizes[first - 1 : last]))))
        centre = float(np.exp(np.mean(np.log(ranks[first - 1 : last]))))
        series.append(
            Series("line", x, middle * (x / centre) ** found.slope.measured.value, name="slope", colour="orange")
        )
    return Chart(
        "rank-size",
        "How many tokens each cluster holds",
        "Both axes are logarithmic. A power law of quanta, p ∝ rank^-(gamma+1), is a straight line; the slope is biased by the method.",
        Axis("rank of the cluster", log=True),
        Axis("tokens", log=True),
        tuple(series),
        alt=f"Sizes of {len(sizes)} clusters by rank, from {sizes.max():g} tokens down to {sizes.min():g}.",
    )


def _told(ranks: np.ndarray, sizes: np.ndarray) -> dict[str, tuple[str, ...]]:
    return {"cluster": tuple(f"{one:.0f}" for one in ranks), "tokens": tuple(f"{one:,.0f}" for one in sizes)}


def _tools() -> Html:
    order = [("size", "largest first"), ("stability", "most stable first"), ("loss", "lowest loss first")]
    return element(
        "form",
        element(
            "label",
            "Search",
            element("input", id="search", type="search", placeholder="text or predicted token", autocomplete="off"),
        ),
        element(
            "label", "Order", element("select", [element("option", text, value=key) for key, text in order], id="order")
        ),
        element("label", element("input", id="stable-only", type="checkbox"), "stable only", class_="check"),
        element("output", id="count", for_="search stable-only"),
        class_="tools noprint",
        role="search",
    )


def _cluster(found: Discovery, number: int, one: Cluster) -> Html:
    verdict = "stable" if one.stable else "not stable"
    stability = "unknown" if one.stability is None else f"{one.stability:.2f}"
    facts = f"{one.size} token{'' if one.size == 1 else 's'} · stability {stability} · cohesion {one.cohesion:.2f}"
    if one.loss is not None:
        facts += f" · loss {one.loss:.3g}"
    rows = [_row(found.tokens[place]) for place in one.tokens]
    more = rows[_FIRST_ROWS:]
    rest = element("details", element("summary", f"{len(more)} more"), element("ol", more)) if more else None
    return element(
        "article",
        element(
            "h3", f"{number}", element("span", verdict, class_="yes" if one.stable else "no"), element("small", facts)
        ),
        element("ol", rows[:_FIRST_ROWS]),
        rest,
        data_size=str(one.size),
        data_stability="-1" if one.stability is None else f"{one.stability:.4f}",
        data_loss="0" if one.loss is None else f"{one.loss:.6g}",
        data_stable="1" if one.stable else "0",
        style=f"contain-intrinsic-size:auto {64 + 27 * min(len(rows), _FIRST_ROWS) + (34 if more else 0)}px",
    )


def _row(token: Token) -> Html:
    before, text, after = (part.translate(_VISIBLE) for part in (token.before, token.text, token.after))
    return element(
        "li",
        element("span", element("bdi", before), class_="b"),
        element("mark", text or "∅"),
        element("span", after, class_="a"),
        title=f"{token.source}, loss {token.loss:.3g} nats",
    )


def _slope_words(found: Discovery) -> Html:
    if found.slope is None:
        return element("p", f"No slope: {found.slope_reason}.")
    slope = found.slope
    text = f"The slope of the envelope is {slope.measured!r}. "
    text += (
        "Its bias is unknown."
        if slope.bias is None
        else f"Planted clusters put its bias at {slope.bias:+.2f}; corrected: {slope.corrected!r}."
    )
    if found.exponent is not None:
        text += f" The scaling exponent {found.exponent:g} asks for {-(found.exponent + 1):.3g}."
    return element("p", text)


def _matrix(found: Discovery) -> Html:
    order = np.array([place for one in found.clusters for place in one.tokens])
    means, _ = block_means(found.cosines.matrix, order, _PIXELS)
    picture = (255 * (1 - np.clip(means, 0, 1) ** 0.7)).astype(np.uint8)
    source = "data:image/png;base64," + base64.b64encode(_png(picture)).decode("ascii")
    alt = f"Cosines between the gradients of {len(order)} tokens, ordered by cluster: clusters are the squares along the diagonal."
    return element(
        "figure",
        Html(f'<img src="{source}" alt="{alt}" class="matrix">'),
        element(
            "figcaption",
            f"Cosines of gradients, tokens ordered by cluster, the largest first; white is 0 or less, dark is 1. "
            f"{found.cosines.mode.capitalize()} cosines, rms error {found.cosines.rms_error:.2g}.",
        ),
    )


def _png(pixels: np.ndarray) -> bytes:
    """An 8-bit picture in greys as PNG."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    height, width = pixels.shape
    lines = np.concatenate([np.zeros((height, 1), np.uint8), pixels], axis=1).tobytes()
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines, 6)) + chunk(b"IEND", b"")
