"""A causal language model of transformers with its tokenizer, from a folder, a GGUF file or a hub id; nothing of its code is run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from quantal.discover.samples import longest_context, vocabulary_size
from quantal.errors import InputError
from quantal.extras import extra

DTYPES = ("float32", "bfloat16", "float64")


class Reader(Protocol):
    """Text to token ids and back."""

    def encode(self, text: str) -> list[int]: ...

    def decode(self, ids: Sequence[int]) -> str: ...


@dataclass(frozen=True)
class Bytes:
    """Text as its UTF-8 bytes, one token a byte."""

    def encode(self, text: str) -> list[int]:
        return list(text.encode("utf-8"))

    def decode(self, ids: Sequence[int]) -> str:
        return bytes(one if one < 256 else 63 for one in ids).decode("utf-8", errors="replace")


@dataclass(frozen=True, eq=False)
class Tokenizer:
    """A tokenizer of transformers, without special tokens."""

    of: Any

    def encode(self, text: str) -> list[int]:
        return list(self.of(text, add_special_tokens=False, verbose=False)["input_ids"])

    def decode(self, ids: Sequence[int]) -> str:
        return str(self.of.decode(list(ids), clean_up_tokenization_spaces=False))


@dataclass(frozen=True, eq=False)
class LanguageModel:
    """A causal model, what reads its text, and how many tokens it sees at once."""

    name: str
    model: Any
    reader: Reader
    context: int
    vocabulary: int
    notes: tuple[str, ...] = ()


def load_model(
    name: str | os.PathLike[str],
    *,
    tokenizer: str | None = None,
    dtype: str = "float32",
    device: str = "cpu",
    context: int | None = None,
) -> LanguageModel:
    """The model ``name``: a folder written by save_pretrained, a .gguf file, or a hub id; weights from safetensors alone.

    Without a tokenizer beside it a model of 256 tokens or more reads text as bytes, and a note says so.

    Raises:
        InputError: it is no causal language model that transformers knows, wants code of its own, or has no safetensors; the dtype
            or the device is unknown; the context is longer than the model's.
    """
    torch = extra("torch", "discover", "reading a model")
    transformers = extra("transformers", "discover", "reading a model")
    safetensors = extra("safetensors", "discover", "reading a model")
    if dtype not in DTYPES:
        raise InputError(f"dtype {dtype!r}: it must be one of {', '.join(DTYPES)}")
    given = str(name)
    place, options = given, {}
    if given.endswith(".gguf"):
        place, options = str(Path(given).parent), {"gguf_file": Path(given).name}
    elif Path(given).exists() and not (Path(given) / "config.json").exists():
        raise InputError(
            f"{given!r} has no config.json: give a folder written by save_pretrained, a .gguf file, or a hub id"
        )
    before = transformers.logging.get_verbosity()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    try:
        safe = {} if options else {"use_safetensors": True}
        model = transformers.AutoModelForCausalLM.from_pretrained(
            place, trust_remote_code=False, dtype=getattr(torch, dtype), **safe, **options
        )
        model = model.to(device).eval()
    except (ValueError, OSError, KeyError, ImportError, RuntimeError, safetensors.SafetensorError) as error:
        raise InputError(_why(given, error)) from None
    finally:
        transformers.logging.set_verbosity(before)
    vocabulary = vocabulary_size(model) or 0
    reader, notes = _reader(
        given, place if tokenizer is None else tokenizer, options if tokenizer is None else {}, vocabulary, transformers
    )
    most = longest_context(model)
    if context is not None and (context < 2 or (most is not None and context > most)):
        raise InputError(
            f"context = {context}: it must be 2 to {most or 'any number of'} tokens, what {given} sees at once"
        )
    return LanguageModel(given, model, reader, context or min(most or 1024, 1024), vocabulary, notes)


def _reader(
    given: str, place: str, options: dict[str, str], vocabulary: int, transformers: Any
) -> tuple[Reader, tuple[str, ...]]:
    local = Path(place)
    bare = (
        local.is_dir()
        and not options
        and not any(
            (local / one).exists()
            for one in ("tokenizer.json", "tokenizer_config.json", "vocab.json", "tokenizer.model", "spiece.model")
        )
    )
    if bare:
        if vocabulary < 256:
            raise InputError(
                f"{given!r} has no tokenizer, and its vocabulary of {vocabulary} tokens is too small to read bytes; name a tokenizer"
            )
        return Bytes(), (f"{given} has no tokenizer: text is read as UTF-8 bytes, one token a byte",)
    try:
        loaded = transformers.AutoTokenizer.from_pretrained(place, trust_remote_code=False, **options)
    except (ValueError, OSError, KeyError, ImportError) as error:
        raise InputError(f"the tokenizer of {place!r} cannot be read: {str(error).splitlines()[0]}") from None
    return Tokenizer(loaded), ()


def _why(given: str, error: Exception) -> str:
    text = str(error)
    first = text.splitlines()[0] if text else type(error).__name__
    if "trust_remote_code" in text or "custom code" in text:
        return f"{given!r} wants to run code that comes with it, which quantal never does; give a model of a class that transformers has"
    if type(error).__name__ == "SafetensorError":
        return f"{given!r} has weights that are not whole ({first}); copy or save it anew"
    if "safetensors" in text and "gguf" not in text:
        return f"{given!r} has no weights in safetensors ({first}); save it anew with save_pretrained (pickled weights are not read)"
    return f"{given!r} cannot be read as a causal language model: {first}"
