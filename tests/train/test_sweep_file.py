"""Sweep files: grids, single runs, presets, and what is wrong with the others."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantal.errors import DataError, QuantalError
from quantal.train import TextConfig, presets, read_sweep


def write(place: Path, text: str) -> Path:
    path = place / "widths.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_grids_and_runs(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        'kind = "text"\n[fixed]\ntokens = 50_000\n[[grid]]\nwidth = [16, 32]\nseed = [0, 1]\n[[grid]]\nwidth = 16\nseed = [1, 2]\n'
        "[[runs]]\nwidth = 48\ntokens = 60_000\n",
    )
    found = read_sweep(path)
    assert (found.name, found.kind) == ("widths", "text")
    assert [(one.width, one.seed, one.tokens) for one in found.configs] == [
        (16, 0, 50_000), (16, 1, 50_000), (32, 0, 50_000), (32, 1, 50_000), (16, 2, 50_000), (48, 0, 60_000),
    ]  # fmt: skip
    changed = read_sweep(path, tokens=70_000)
    assert {one.tokens for one in changed.configs} == {70_000}


def test_lists_of_a_parity_training(tmp_path: Path) -> None:
    path = write(tmp_path, 'kind = "parity"\nname = "p"\n[fixed]\nwidths = [8, 16]\n[grid]\nseed = [0, 1]\n')
    found = read_sweep(path)
    assert found.name == "p"
    assert [one.widths for one in found.configs] == [(8, 16), (8, 16)]


@pytest.mark.parametrize("name", presets())
def test_presets_can_be_read(name: str) -> None:
    assert read_sweep(name).configs


def test_the_laptop_preset_has_five_sizes_and_three_seeds() -> None:
    one_pass = [one for one in read_sweep("text-laptop").configs if one.distinct is None]
    assert isinstance(one_pass[0], TextConfig)
    assert len({one.params for one in one_pass}) == 5
    assert {one.seed for one in one_pass} == {0, 1, 2}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('kind = "text"\n[grd]\nwidth = [1]', r"widths.toml: 'grd' is no key of a sweep file. Did you mean 'grid'\?"),
        ('kind = "text"\n[grid]\nwidht = [16]', r"widths.toml, \[grid\]: 'widht' is no setting of a text training. Did you mean 'width'"),
        ('kind = "parity"\n[[runs]]\nk = 3\nbits = 2', r"\[\[runs\]\] 1: k = 3 of bits = 2"),
        ('kind = "txt"\n[[runs]]\nwidth = 3', r"kind = 'txt': it must be one of parity, text. Did you mean 'text'\?"),
        ('[[runs]]\nwidth = 3', "kind = None"),
        ('kind = "text"\n[fixed]\nwidth = 16', "no run is described"),
        ('kind = "text"\n[grid]\nwidth = []', r"width = \[\]: a list to vary needs a value"),
        ('kind = "text"\ngrid = 3', r"\[grid\] = 3 is no table"),
        ('kind = "text"\n[runs]\nwidth = 3', r"\[runs\] is one table; write \[\[runs\]\]"),
        ("kind = text", "this is no TOML"),
    ],
)  # fmt: skip
def test_bad_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_sweep(write(tmp_path, text))


def test_a_missing_file_is_refused() -> None:
    with pytest.raises(
        DataError,
        match=r"the sweep 'nowhere\.toml' cannot be read: No such file or directory\. Name a TOML file",
    ):
        read_sweep("nowhere.toml")


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=80))
def test_no_file_ends_in_a_traceback(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = write(tmp_path_factory.mktemp("sweep"), "")
    path.write_bytes(('kind = "text"\n' + text).encode("utf-8", "surrogatepass"))
    with pytest.raises(QuantalError):
        read_sweep(path)
