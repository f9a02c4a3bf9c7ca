"""Sweep files: TOML with what is fixed, grids of what varies, and single runs; presets are sweeps that come with quantal."""

from __future__ import annotations

import itertools
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from quantal.errors import DataError, InputError, did_you_mean
from quantal.train.job import KINDS, config_of
from quantal.train.parity_presets import PARITY_PRESETS, parity_preset

_PARITY = {f"parity-{name}": name for name in PARITY_PRESETS}
_KEYS = ("kind", "name", "fixed", "grid", "runs")


@dataclass(frozen=True)
class SweepFile:
    """A sweep as a file describes it: its name, its kind, and the configs in the order of the file, each once."""

    name: str
    kind: str
    configs: tuple[Any, ...]


def presets() -> tuple[str, ...]:
    """The names of the sweeps that come with quantal.

    >>> presets()
    ('parity-fig10', 'parity-fig2', 'parity-fig2-short', 'parity-quick', 'text-laptop')
    """
    folder = resources.files("quantal.train") / "presets"
    files = (one.name.removesuffix(".toml") for one in folder.iterdir() if one.name.endswith(".toml"))
    return tuple(sorted((*files, *_PARITY)))


def read_sweep(file: str | os.PathLike[str], **changes: Any) -> SweepFile:
    """Read a sweep from a TOML file or a preset by its name.

    A file holds `kind` ("parity" or "text"), and any of: `[fixed]`, settings of every run; `[grid]` or several `[[grid]]`, where a
    list is varied over its values, all combinations; `[[runs]]`, single runs. `changes` are settings that go before the file's.

    Raises:
        DataError: the file is missing or no TOML, holds an unknown key or setting, or describes no run.

    >>> len(read_sweep("text-laptop").configs), len(read_sweep("parity-quick").configs)
    (30, 30)
    """
    if str(file) in _PARITY and not Path(file).exists():
        made = (config.to_dict() for config in parity_preset(_PARITY[str(file)]).configs)
        return SweepFile(str(file), "parity", tuple(config_of("parity", {**one, **changes}) for one in made))
    name, text = _text(file)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DataError(f'{file}: this is no TOML ({error}); a sweep file begins with kind = "text"') from None
    for key in data:
        if key not in _KEYS:
            raise DataError(f"{file}: {key!r} is no key of a sweep file. {did_you_mean(key, _KEYS)}")
    kind = data.get("kind")
    if kind not in KINDS:
        raise DataError(
            f"{file}: kind = {kind!r}: it must be one of {', '.join(KINDS)}. {did_you_mean(str(kind), KINDS)}"
        )
    configs: dict[str, Any] = {}
    for place, settings in _settings(data, str(file)):
        try:
            config = config_of(kind, {**settings, **changes})
        except (InputError, TypeError) as error:
            raise DataError(f"{file}, {place}: {error}") from None
        configs.setdefault(config.key(), config)
    if not configs:
        varied = "widths" if kind == "parity" else "width"
        raise DataError(f"{file}: no run is described; add [grid] or [[runs]], as in [grid] {varied} = [16, 32]")
    return SweepFile(str(data.get("name", name)), kind, tuple(configs.values()))


def _text(file: str | os.PathLike[str]) -> tuple[str, str]:
    path = Path(file)
    if str(file) in presets() and not path.exists():
        return str(file), (resources.files("quantal.train") / "presets" / f"{file}.toml").read_text(encoding="utf-8")
    try:
        return path.stem, path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no UTF-8 text"
        raise DataError(
            f"the sweep {str(file)!r} cannot be read: {reason}. Name a TOML file, or a preset. {did_you_mean(str(file), presets())}"
        ) from None


def _settings(data: Mapping[str, Any], file: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The settings of each run, and where in the file they stand."""
    fixed = _table(data.get("fixed", {}), file, "[fixed]")
    grids = data.get("grid", [])
    for number, grid in enumerate(grids if isinstance(grids, list) else [grids], 1):
        place = f"[grid] {number}" if isinstance(grids, list) else "[grid]"
        grid = _table(grid, file, place)
        values = [value if isinstance(value, list) else [value] for value in grid.values()]
        empty = [name for name, value in zip(grid, values, strict=True) if not value]
        if empty:
            raise DataError(
                f"{file}, {place}: {empty[0]} = []: a list to vary needs a value; write {empty[0]} = [16, 32]"
            )
        for chosen in itertools.product(*values):
            yield place, {**fixed, **dict(zip(grid, chosen, strict=True))}
    runs = data.get("runs", [])
    if not isinstance(runs, list):
        raise DataError(f"{file}: [runs] is one table; write [[runs]] above each run")
    for number, run in enumerate(runs, 1):
        yield f"[[runs]] {number}", {**fixed, **_table(run, file, f"[[runs]] {number}")}


def _table(value: Any, file: str, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise DataError(
            f"{file}: {place} = {value!r} is no table; write {place} and settings below it, as in width = 48"
        )
    return value
