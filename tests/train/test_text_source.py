"""Text at the door: split, streamed, refused where it is empty, binary or too small."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantal.errors import DataError, InputError
from quantal.train import TextConfig, token_files
from quantal.train.text_source import pieces


def test_python_text_is_split_by_document() -> None:
    files = token_files("python")
    again = token_files("python")
    assert files.facts == again.facts
    assert len(files.train) == files.facts["train_bytes"] > 5_000_000
    share = len(files.held_out) / (len(files.train) + len(files.held_out))
    assert 0.02 < share < 0.12


def test_a_file_comes_back_byte_for_byte(small_text: Path) -> None:
    parts = list(pieces(str(small_text)))
    assert b"".join(part.content for part in parts) == small_text.read_bytes()
    assert 5 < sum(part.held_out for part in parts) < len(parts) / 4
    files = token_files(str(small_text))
    held = b"".join(part.content for part in parts if part.held_out)
    assert bytes(files.held_out) == held
    assert len(files.train) + len(files.held_out) == small_text.stat().st_size


def test_a_folder_is_read_file_by_file(tmp_path: Path, small_text: Path) -> None:
    content = small_text.read_bytes()
    (tmp_path / "b").mkdir()
    (tmp_path / "a.txt").write_bytes(content[:50_000])
    (tmp_path / "b" / "c.txt").write_bytes(content[50_000:])
    assert b"".join(part.content for part in pieces(str(tmp_path))) == content


def test_evaluation_blocks_are_the_same_for_every_size(small_text: Path) -> None:
    files = token_files(str(small_text))
    blocks = files.evaluation_blocks(32, 1024)
    assert blocks.shape == (32, 33)
    assert np.array_equal(blocks, token_files(str(small_text)).evaluation_blocks(32, 1024))
    held = files.held_out.astype(int)
    assert all(np.any(np.all(np.lib.stride_tricks.sliding_window_view(held, 33) == row, axis=1)) for row in blocks[:3])


@settings(max_examples=40, deadline=None)
@given(st.text(min_size=1, max_size=300))
def test_no_character_is_cut(text: str) -> None:
    import tempfile

    content = (text.replace("\0", " ").replace("\ufeff", "") * (3000 // len(text) + 1)).encode("utf-8", "ignore")
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        if content:
            assert b"".join(part.content for part in pieces(file.name)) == content


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the text is empty"),
        (b"some text\0and more" * 100, "at byte 9 stands a zero byte"),
        (b"caf\xe9 " * 100, "at byte 3 stands the byte 0xe9, which is no UTF-8"),
        (b"too short\n" * 10, "too small to hold a part of it out"),
    ],
)
def test_bad_text_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "bad.txt").write_bytes(content)
    with pytest.raises(DataError, match=message):
        token_files(str(tmp_path / "bad.txt"))


def test_a_missing_text_is_refused() -> None:
    with pytest.raises(DataError, match=r"there is no text 'nowhere.txt'"):
        token_files("nowhere.txt")


def test_too_few_tokens_are_refused(small_text: Path) -> None:
    files = token_files(str(small_text))
    with pytest.raises(InputError, match=r"has only \d+ tokens to train on; write tokens=\d+ or less, or distinct"):
        files.require(TextConfig(text=str(small_text), tokens=1_000_000))
    with pytest.raises(InputError, match="the held-out text has"):
        files.evaluation_blocks(100_000, 1000)


def test_a_text_larger_than_memory_is_streamed(tmp_path: Path) -> None:
    path = tmp_path / "large.txt"
    line = b"the quick brown fox jumps over the lazy dog\n" * 1500
    with path.open("wb") as file:
        for _ in range(1000):
            file.write(line)
    code = (
        "import resource, sys; import quantal.train as t; import numpy, polars\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "files = t.token_files(sys.argv[1])\n"
        "after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "print(len(files.train) + len(files.held_out), after - before)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    tokens, kilobytes = map(int, done.stdout.split())
    assert tokens == path.stat().st_size > 60_000_000
    assert kilobytes < 20_000


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"width": 0}, "width = 0: it must be a whole number"),
        ({"width": 30, "heads": 4}, "width = 30 with heads = 4: every head needs an even width"),
        (
            {"batch_size": 100},
            r"batch_size = 100 tokens: it must be a multiple of the context of 128; write batch_size=128",
        ),
        ({"tokens": 100}, "tokens = 100 with batch_size = 2048: not one whole step"),
        ({"distinct": 100}, "distinct = 100: a data set holds at least a batch"),
        ({"vocabulary": 10}, "vocabulary = 10: it must be a whole number >= 256"),
        ({"schedule": "cosin"}, "Did you mean 'cosine'"),
        ({"learning_rate": -1.0}, "learning_rate = -1.0: it must be a finite number > 0"),
        ({"text": ""}, "text = ''"),
    ],
)
def test_bad_settings_are_refused(given: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        TextConfig(**given)


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(InputError, match=r"'widht' is no setting of a text training. Did you mean 'width'\?"):
        TextConfig.from_dict({"widht": 3})


@given(st.integers(1, 64), st.integers(1, 400), st.integers(1, 40), st.booleans())
def test_schedule_and_evaluations(width: int, steps: int, evaluations: int, repeats: bool) -> None:
    tokens = steps * 128
    config = TextConfig(
        width=2 * width, tokens=tokens, batch_size=128, evaluations=evaluations, distinct=128 if repeats else None
    )
    at = config.evaluation_steps
    assert at[-1] == config.steps == steps
    assert np.all(np.diff(at) > 0)
    assert len(at) <= evaluations
    rates = [config.rate(step) for step in range(steps)]
    assert 0 < min(rates) <= max(rates) <= config.peak_rate * (1 + 1e-12)
    assert TextConfig.from_dict(config.to_dict()).key() == config.key()
