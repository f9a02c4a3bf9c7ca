"""What discovery refuses, in words: texts, models, tokens, memory, states."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from tiny_models import random_tokens, tiny

import quantal
from quantal.discover import choose_tokens, discover, load_model, similarity, token_curves
from quantal.discover.texts import documents
from quantal.errors import DataError, InputError

pytestmark = pytest.mark.extras


def refused(path: Path, says: str, *, column: str = "text") -> None:
    with pytest.raises((DataError, InputError), match=says):
        list(documents(path, column=column))


def test_texts(tmp_path: Path) -> None:
    import polars as pl

    refused(tmp_path / "nowhere.txt", "no such file or folder")
    (tmp_path / "empty.txt").write_text(" \n\n", encoding="utf-8")
    refused(tmp_path / "empty.txt", "holds no text")
    (tmp_path / "latin.txt").write_bytes("na\xefve".encode("latin-1"))
    refused(tmp_path / "latin.txt", "no text in UTF-8")
    (tmp_path / "folder").mkdir()
    refused(tmp_path / "folder", "holds no text")
    (tmp_path / "rows.jsonl").write_text('{"text": "one"}\n{"body": "two"}\n', encoding="utf-8")
    refused(tmp_path / "rows.jsonl", "line 2: no text under 'text'")
    (tmp_path / "broken.jsonl").write_text('{"text": "one"}\n{"text": \n', encoding="utf-8")
    refused(tmp_path / "broken.jsonl", "line 2: no JSON")
    pl.DataFrame({"body": ["one"], "number": [1]}).write_parquet(tmp_path / "rows.parquet")
    refused(tmp_path / "rows.parquet", "no column 'text'; it has body, number")
    refused(tmp_path / "rows.parquet", "not text", column="number")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and no more")
    refused(tmp_path / "broken.parquet", "cannot be read as Parquet")


def test_a_text_too_short_or_of_no_candidates(model_folder: Path, text_file: Path, tmp_path: Path) -> None:
    language = load_model(model_folder)
    (tmp_path / "short.txt").write_text("a", encoding="utf-8")
    with pytest.raises(DataError, match="no two tokens in a row"):
        choose_tokens(language, tmp_path / "short.txt", 10)
    with pytest.raises(DataError, match="raise max_loss"):
        choose_tokens(language, text_file, 10, max_loss=0.01, scan=1000)
    with pytest.raises(InputError, match="at least 2 are compared"):
        choose_tokens(language, text_file, 1)
    with pytest.raises(InputError, match=r"the paper takes 0.1"):
        choose_tokens(language, text_file, 10, max_loss=float("nan"))


def test_fewer_tokens_than_clusters(model_folder: Path, text_file: Path, tmp_path: Path) -> None:
    language = load_model(model_folder)
    with pytest.raises(InputError, match="ask for 2 to 10 clusters"):
        discover(language, text_file, tokens=10, clusters=11)
    (tmp_path / "few.txt").write_text("a few words", encoding="utf-8")
    with (
        pytest.warns(quantal.DataWarning, match="qualify of the 50 asked for"),
        pytest.raises(InputError, match="fewer than the 40 clusters"),
    ):
        discover(language, tmp_path / "few.txt", tokens=50, clusters=40, max_loss=20)


def test_models(model_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no config.json"):
        load_model(tmp_path)
    with pytest.raises(InputError, match="float32, bfloat16, float64"):
        load_model(model_folder, dtype="int8")
    with pytest.raises(InputError, match="must be 2 to 64"):
        load_model(model_folder, context=65)
    own = tmp_path / "own"
    shutil.copytree(model_folder, own)
    config = json.loads((own / "config.json").read_text(encoding="utf-8"))
    config |= {"model_type": "own", "auto_map": {"AutoConfig": "own.Config", "AutoModelForCausalLM": "own.Model"}}
    (own / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (own / "own.py").write_text("raise SystemExit('this code must never run')", encoding="utf-8")
    with pytest.raises(InputError, match="wants to run code"):
        load_model(own)
    torn = tmp_path / "torn"
    shutil.copytree(model_folder, torn)
    weights = torn / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(InputError, match="weights that are not whole"):
        load_model(torn)
    weights.unlink()
    with pytest.raises(InputError, match="safetensors"):
        load_model(torn)


def test_a_vocabulary_that_does_not_belong(text_file: Path, tmp_path: Path) -> None:
    """Bytes above the vocabulary, from a tokenizer of another model."""
    import transformers

    shape = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 4, "intermediate_size": 64}
    config = transformers.GPTNeoXConfig(vocab_size=20, **shape, bos_token_id=0, eos_token_id=0)
    transformers.GPTNeoXForCausalLM(config).save_pretrained(tmp_path / "small")
    with pytest.raises(InputError, match="20 tokens is too small to read bytes"):
        load_model(tmp_path / "small")
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = Tokenizer(models.WordLevel({f"w{i}": i for i in range(100)} | {"[UNK]": 100}, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    transformers.PreTrainedTokenizerFast(tokenizer_object=words).save_pretrained(tmp_path / "words")
    language = load_model(tmp_path / "small", tokenizer=str(tmp_path / "words"))
    with pytest.raises(InputError, match=r"gives the id 100, and .* knows 20 tokens"):
        choose_tokens(language, text_file, 10)


def test_a_loss_that_is_no_number(text_file: Path, tmp_path: Path) -> None:
    import torch

    model = tiny("gpt_neox")
    with torch.no_grad():
        model.gpt_neox.layers[1].mlp.dense_4h_to_h.weight.fill_(float("nan"))
    model.save_pretrained(tmp_path / "broken")
    with pytest.raises(DataError, match=r"gives a loss of nan in topics.txt"):
        choose_tokens(load_model(tmp_path / "broken"), text_file, 10, max_loss=20)


def test_a_block_too_large_for_memory() -> None:
    with pytest.raises(InputError, match="one row of its weight for 20 tokens need"):
        similarity(tiny("gpt_neox"), random_tokens(20), mode="exact", memory=10_000)


def test_a_state_half_written_loses_nothing(tmp_path: Path) -> None:
    model, tokens = tiny("gpt_neox"), random_tokens(70)
    whole = similarity(model, tokens, sketch_size=499, state=tmp_path / "state")
    (tmp_path / "state" / "unit-00001.npy.tmp").write_bytes(b"\x93NUMPY half")
    again = similarity(model, tokens, sketch_size=499, state=tmp_path / "state")
    assert np.array_equal(whole, again)
    (tmp_path / "state" / "state.json").unlink()
    with pytest.raises(InputError, match="units of unknown work"):
        similarity(model, tokens, sketch_size=499, state=tmp_path / "state")
    assert len(list((tmp_path / "state").glob("unit-*.npy"))) == 2
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="choose another folder"):
        similarity(model, tokens, sketch_size=499, state=tmp_path / "file")


def test_curves_of_too_few_scales_read_nothing(model_folder: Path, tmp_path: Path) -> None:
    language = load_model(model_folder)
    with pytest.raises(InputError, match=r"3 models: .* at least 4 scales"):
        token_curves([language] * 3, tmp_path / "nowhere.txt")
    with pytest.raises(InputError, match="4 models of 1 different scale:"):
        token_curves([language] * 4, tmp_path / "nowhere.txt")


def test_curves_of_models_that_read_otherwise(model_folder: Path, text_file: Path, tmp_path: Path) -> None:
    import transformers

    shape = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 4, "intermediate_size": 64}
    config = transformers.GPTNeoXConfig(vocab_size=300, **shape, bos_token_id=0, eos_token_id=0)
    transformers.GPTNeoXForCausalLM(config).save_pretrained(tmp_path / "other")
    languages = [load_model(model_folder)] * 3 + [load_model(tmp_path / "other")]
    with pytest.raises(InputError, match="compare models with one tokenizer"):
        token_curves(languages, text_file, scale=[1, 2, 3, 4], tokens=500)
