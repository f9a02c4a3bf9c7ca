"""Colours by name, for light and dark; a figure holds names, and a theme puts the colours in."""

from __future__ import annotations

from typing import Any

THEMES: dict[str, dict[str, str]] = {
    "light": {
        "ink": "#1f2328",
        "muted": "#5b6168",
        "faint": "#9aa0a6",
        "grid": "#e9e7e1",
        "axis": "#bdb9b0",
        "paper": "#ffffff",
        "blue": "#0b64a0",
        "orange": "#c4500a",
        "green": "#00795a",
        "purple": "#a34a80",
        "gold": "#a07000",
        "sky": "#2f8fc4",
        "blue-band": "rgba(11,100,160,0.16)",
        "orange-band": "rgba(196,80,10,0.16)",
        "green-band": "rgba(0,121,90,0.16)",
        "faint-band": "rgba(120,120,120,0.14)",
        "hover": "#ffffff",
    },
    "dark": {
        "ink": "#e8e6e1",
        "muted": "#a9adb3",
        "faint": "#757b83",
        "grid": "#2b2f35",
        "axis": "#4d535b",
        "paper": "#16191d",
        "blue": "#6bb3e6",
        "orange": "#f0935a",
        "green": "#4cc3a0",
        "purple": "#dd95c2",
        "gold": "#e3bd5b",
        "sky": "#8fd0f5",
        "blue-band": "rgba(107,179,230,0.22)",
        "orange-band": "rgba(240,147,90,0.22)",
        "green-band": "rgba(76,195,160,0.22)",
        "faint-band": "rgba(160,160,160,0.16)",
        "hover": "#22272d",
    },
}
"""Text and line colours keep a contrast of at least 4.5 on ``paper``; the hues stay apart for colour-blind readers."""

RAMPS: dict[str, tuple[str, ...]] = {
    "light": ("#8fb8d8", "#5a94c4", "#2d72ab", "#175a86", "#0d4162", "#0a2c45"),
    "dark": ("#24506f", "#2f6d97", "#4389bb", "#66a9d6", "#97c9ea", "#cfe6f7"),
}
SURFACES: dict[str, tuple[str, ...]] = {
    "light": ("#3f7fae", "#73a5c8", "#a3c4dc", "#cddfeb", "#e9eff2", "#f8f7f3"),
    "dark": ("#3d7ba8", "#2f6187", "#264c69", "#20394d", "#1c2b38", "#191f26"),
}


def coloured(figure: Any, theme: str) -> Any:
    """The figure with every ``@name`` replaced by the theme's colour, and ``@ramp:t`` by one along its ramp."""
    if isinstance(figure, dict):
        return {key: coloured(value, theme) for key, value in figure.items()}
    if isinstance(figure, list):
        return [coloured(value, theme) for value in figure]
    if isinstance(figure, str) and figure.startswith("@"):
        return _colour(figure[1:], theme)
    return figure


def _colour(name: str, theme: str) -> Any:
    if name == "ramp":
        return _scale(RAMPS[theme])
    if name == "surface":
        return _scale(SURFACES[theme])
    if name.startswith("ramp:"):
        return along(RAMPS[theme], float(name[5:]))
    return THEMES[theme].get(name, "@" + name)


def _scale(colours: tuple[str, ...]) -> list[list[Any]]:
    last = len(colours) - 1
    return [[i / last, colour] for i, colour in enumerate(colours)]


def along(colours: tuple[str, ...], place: float) -> str:
    """The colour at ``place`` from 0 to 1 along a ramp.

    >>> along(("#000000", "#ffffff"), 0.5)
    '#808080'
    """
    position = min(max(place, 0.0), 1.0) * (len(colours) - 1)
    first = min(int(position), len(colours) - 2)
    share = position - first
    ends = [[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in colours[first : first + 2]]
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(*ends, strict=True))
