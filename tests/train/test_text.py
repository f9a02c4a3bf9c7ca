"""Language models: the architecture, resumption number for number, files that transformers load."""

from __future__ import annotations

import importlib
import math
from pathlib import Path

import numpy as np
import pytest

from quantal.errors import DataError
from quantal.train import TextConfig, TextResult, train_text

pytestmark = pytest.mark.extras


@pytest.fixture(scope="module")
def config(small_text: Path) -> TextConfig:
    return TextConfig(
        width=16, layers=1, context=32, tokens=40_000, batch_size=1024, text=str(small_text), evaluations=4,
        evaluation_tokens=2048, learning_rate=0.02,
    )  # fmt: skip


@pytest.fixture(scope="module")
def result(config: TextConfig) -> TextResult:
    return train_text(config)


def test_it_learns(result: TextResult) -> None:
    assert abs(result.loss[0] - math.log(256)) < 0.3
    assert result.final_loss < 3.3
    assert np.allclose(result.token_loss.mean(axis=1), result.loss, atol=1e-6)
    assert result.token_loss.shape == (4, 2048)


def test_parameters_are_counted(config: TextConfig, result: TextResult) -> None:
    assert sum(one.size for one in result.weights.values()) == config.params


def test_the_initial_scale_is_that_of_gpt_neox() -> None:
    from quantal.train.neox import make_model

    model = make_model(TextConfig(width=128, layers=4))
    spread = {name: float(one.detach().std()) for name, one in model.named_parameters() if one.ndim == 2}
    assert spread["gpt_neox.layers.0.attention.query_key_value.weight"] == pytest.approx((2 / 640) ** 0.5, rel=0.02)
    assert spread["gpt_neox.layers.3.mlp.dense_4h_to_h.weight"] == pytest.approx(2 / 4 / 128**0.5, rel=0.02)


def test_the_same_config_gives_the_same_numbers(config: TextConfig, result: TextResult) -> None:
    again = train_text(config)
    assert np.array_equal(result.token_loss, again.token_loss)


@pytest.mark.parametrize("distinct", [None, 8192])
def test_an_interrupted_training_goes_on_number_for_number(
    config: TextConfig, distinct: int | None, tmp_path: Path
) -> None:
    from dataclasses import replace

    config = replace(config, distinct=distinct)
    whole, path = train_text(config), tmp_path / "state.npz"

    def interrupt(done: int, total: int | None) -> None:
        if done == 17:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_text(config, checkpoint=path, progress=interrupt)
    assert path.exists()
    with pytest.raises(DataError, match="the checkpoint of another config"):
        train_text(replace(config, seed=5), checkpoint=path)
    steps = []
    resumed = train_text(config, checkpoint=path, progress=lambda done, total: steps.append(done))
    assert steps[0] == 18
    assert not path.exists()
    assert np.array_equal(whole.token_loss, resumed.token_loss)
    assert all(np.array_equal(one, resumed.weights[name]) for name, one in whole.weights.items())


def test_sizes_with_one_seed_read_the_same_stream(config: TextConfig) -> None:
    from dataclasses import replace

    from quantal.train.text import _Training
    from quantal.train.token_files import token_files

    files = token_files(config.text)
    batches = [_Training(replace(config, width=width), files)._batch() for width in (8, 16)]
    assert np.array_equal(*batches)
    fewer = _Training(replace(config, distinct=8192), files)._pool
    assert np.array_equal(_Training(config, files)._pool[: len(fewer)], fewer)


def test_one_pass_trains_on_no_token_twice(config: TextConfig) -> None:
    from quantal.train.text import _Training
    from quantal.train.token_files import token_files

    training = _Training(config, token_files(config.text))
    assert len(set(training._pool.tolist())) == len(training._pool) == config.tokens // config.context


def test_arrays_keep_everything(config: TextConfig, result: TextResult) -> None:
    again = TextResult.from_arrays(config, result.arrays())
    assert again.facts == result.facts
    assert again.tokenizer == result.tokenizer
    assert set(again.weights) == set(result.weights)
    assert again.to_runs().to_dict() == result.to_runs().to_dict()


def test_transformers_load_what_is_saved(result: TextResult, tmp_path: Path) -> None:
    transformers, safetensors = importlib.import_module("transformers"), importlib.import_module("safetensors.numpy")
    from quantal.train.neox import quiet, token_losses

    result.save_model(tmp_path / "model")
    with quiet(transformers):
        model = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "model")
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "model")
    assert model.config.model_type == "gpt_neox"
    assert np.array_equal(token_losses(model, result.blocks), result.token_loss[-1])
    text = "naïve — def f(x):\n\treturn 'λ'\n"
    assert tokenizer(text).input_ids == list(text.encode())
    assert tokenizer.decode(tokenizer(text).input_ids) == text
    stored = safetensors.load_file(tmp_path / "model" / "model.safetensors")
    assert np.array_equal(stored["embed_out.weight"], result.weights["lm_head.weight"])
    assert len(stored) == len(result.weights)


def test_token_losses_as_parquet(result: TextResult, tmp_path: Path) -> None:
    import polars as pl

    result.save_token_losses(tmp_path / "losses.parquet")
    frame = pl.read_parquet(tmp_path / "losses.parquet")
    steps = [f"step_{step}" for step in result.steps]
    assert frame.columns == ["block", "position", "token", "piece", *steps]
    assert np.array_equal(frame[steps].to_numpy().T, result.token_loss)
    assert frame["piece"].to_list()[:5] == [chr(one) for one in frame["token"].to_list()[:5]]


def test_a_trained_encoding(small_text: Path, tmp_path: Path) -> None:
    transformers = importlib.import_module("transformers")
    config = TextConfig(
        width=8, layers=1, context=16, tokens=4096, batch_size=512, text=str(small_text), vocabulary=400, evaluations=2,
        evaluation_tokens=512,
    )  # fmt: skip
    result = train_text(config)
    result.save_model(tmp_path / "model")
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "model")
    text = small_text.read_text(encoding="utf-8")[:500]
    ids = tokenizer(text).input_ids
    assert tokenizer.decode(ids) == text
    assert len(ids) < 0.7 * len(text.encode())
    assert max(ids) < 400
    assert result.pieces[0] == tokenizer.decode([int(result.targets[0])])


def test_no_vocabulary_beyond_the_text(tmp_path: Path) -> None:
    from quantal.errors import InputError
    from quantal.train import token_files

    (tmp_path / "dull.txt").write_text("abab " * 10_000)
    with pytest.raises(InputError, match=r"has only \d+ pieces that repeat; write vocabulary=\d+ or less"):
        token_files(str(tmp_path / "dull.txt"), 5000)


def test_a_text_that_cannot_be_used_leaves_nothing(tmp_path: Path) -> None:
    from click.testing import CliRunner

    from quantal.cli.app import group

    for name, content, message in (
        ("empty", b"", "the text is empty"),
        ("binary", bytes(range(256)) * 9, "binary file or another encoding"),
    ):
        (tmp_path / name).write_bytes(content)
        options = ["--text", str(tmp_path / name), "--width", "16", "--tokens", "20000", "-o", str(tmp_path / "out")]
        assert message in str(CliRunner().invoke(group, ["train", "text", *options]).exception)
    assert not (tmp_path / "out").exists()
