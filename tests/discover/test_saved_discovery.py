"""`quantal discover --save`: what was found as .json, the matrix as .npy, anything else refused before work begins."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from quantal.discover import load_discovery

pytestmark = pytest.mark.extras


def quantal_discover(*arguments: str) -> tuple[int, str]:
    from quantal.cli.discover_command import command

    ran = CliRunner().invoke(command, list(arguments))
    return ran.exit_code, ran.output + (str(ran.exception) if ran.exception else "")


def test_the_command_keeps_what_it_found(model_folder: Path, text_file: Path, tmp_path: Path) -> None:
    found, matrix = tmp_path / "found.json", tmp_path / "cosines.npy"
    code, said = quantal_discover(
        str(model_folder), "--text", str(text_file), "--tokens", "40", "--clusters", "5", "--max-loss", "20", "--scan", "2000",
        "--resamples", "2", "--calibration", "0", "--save", str(found), "--save", str(matrix),
    )  # fmt: skip
    assert code == 0, said
    assert f"The discovery: {found}" in said.replace("\n", "")
    kept = load_discovery(found)
    assert len(kept.tokens) == 40
    assert sum(one.size for one in kept.clusters) == 40
    assert np.load(matrix).shape == (40, 40)
    assert all(
        token.text in text_file.read_text(encoding="utf-8") for token in kept.tokens if "\ufffd" not in token.text
    )


def test_another_suffix_is_refused_before_work_begins(text_file: Path, tmp_path: Path) -> None:
    code, said = quantal_discover("nowhere", "--text", str(text_file), "--save", str(tmp_path / "found.csv"))
    assert code != 0
    assert "the matrix of cosines is kept as .npy, what was found as .json; write '" in said
