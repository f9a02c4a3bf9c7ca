"""Text as tokens on disk: made once, in one stream, and mapped into memory, so that a text may be larger than memory."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from quantal.errors import DataError, InputError
from quantal.extras import extra
from quantal.runs import cache_folder
from quantal.train.text_config import BYTES, TextConfig
from quantal.train.text_source import fingerprint, pieces

_LAYOUT = 1
_TOKENIZER_BYTES = 32 << 20
_AT_ONCE = 64


@dataclass(frozen=True, eq=False)
class TokenFiles:
    """The tokens of a text: `train` and `held_out`, shape (T,) each and mapped from disk, the tokenizer as JSON, and facts."""

    train: NDArray[Any]
    held_out: NDArray[Any]
    tokenizer: str
    facts: dict[str, Any]

    def evaluation_blocks(self, context: int, tokens: int) -> NDArray[np.int64]:
        """Held-out blocks spread evenly, shape (blocks, context + 1); each predicts `context` tokens.

        Raises:
            InputError: the held-out text is shorter than one block.
        """
        most = (len(self.held_out) - 1) // context
        count = min(max(1, tokens // context), most)
        if count < 1:
            raise InputError(
                f"the held-out text has {len(self.held_out)} tokens, and a context of {context} needs {context + 1}: "
                "give more text, or a shorter context"
            )
        starts = np.linspace(0, len(self.held_out) - context - 1, count).astype(np.int64)
        return self.held_out[starts[:, None] + np.arange(context + 1)].astype(np.int64)

    def require(self, config: TextConfig) -> None:
        """Raise InputError unless there are enough different tokens for the config."""
        need, have = config.distinct or config.tokens, (len(self.train) - 1) // config.context * config.context
        if need <= have:
            return
        name = "distinct" if config.distinct else "tokens"
        raise InputError(
            f"{name} = {need}: the text {config.text!r} has only {have} tokens to train on; write {name}={have} or less"
            + ("" if config.distinct else f", or distinct={have} to pass them more than once")
        )


def token_files(text: str, vocabulary: int = BYTES) -> TokenFiles:
    """The tokens of a text, from the cache where they were made before.

    About 6 % of the text is held out, whole documents or pieces, chosen by a hash of their name.

    Raises:
        DataError: the text is missing, empty, binary, or too small to hold any of it out.
        MissingExtra: the vocabulary is not of bytes and `tokenizers` is not installed.
    """
    mark = hashlib.sha256(f"{_LAYOUT} {vocabulary} {text}\n{fingerprint(text)}".encode()).hexdigest()[:24]
    folder = cache_folder() / "text" / mark
    if not (folder / "facts.json").exists():
        _make(folder, text, vocabulary)
    facts = json.loads((folder / "facts.json").read_text())
    kind = np.uint8 if vocabulary == BYTES else np.uint16
    train, held_out = (np.memmap(folder / f"{part}.bin", dtype=kind, mode="r") for part in ("train", "held_out"))
    return TokenFiles(train, held_out, (folder / "tokenizer.json").read_text(), facts)


def _make(folder: Path, text: str, vocabulary: int) -> None:
    """Fill a folder beside and move it there when it is complete; whoever comes second leaves it as it is."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=".text-", dir=folder.parent))
    try:
        tokenizer, encode = _byte_tokenizer() if vocabulary == BYTES else _trained(text, vocabulary)
        facts = _write(beside, text, encode)
        (beside / "tokenizer.json").write_text(tokenizer)
        (beside / "facts.json").write_text(json.dumps(facts))
        with contextlib.suppress(OSError):
            os.rename(beside, folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    if not (folder / "facts.json").exists():
        raise DataError(f"{folder} cannot be written; set QUANTAL_CACHE to a folder with room")


def _write(folder: Path, text: str, encode: Callable[[list[bytes]], list[NDArray[Any]]]) -> dict[str, Any]:
    digest = hashlib.sha256()
    counts = {"train": 0, "held_out": 0}
    sizes = {"train": 0, "held_out": 0}
    parts: dict[str, list[bytes]] = {"train": [], "held_out": []}

    def flush(part: str, file: BinaryIO) -> None:
        for tokens in encode(parts[part]):
            counts[part] += len(tokens)
            file.write(tokens.tobytes())
        parts[part].clear()

    with contextlib.ExitStack() as stack:
        files = {part: stack.enter_context((folder / f"{part}.bin").open("wb")) for part in parts}
        for piece in pieces(text):
            digest.update(piece.name.encode() + b"\0" + piece.content + b"\0")
            part = "held_out" if piece.held_out else "train"
            sizes[part] += len(piece.content)
            parts[part].append(piece.content)
            if len(parts[part]) == _AT_ONCE:
                flush(part, files[part])
        for part, file in files.items():
            flush(part, file)
    if not all(counts.values()):
        raise DataError(
            f"{text}: with {sum(sizes.values()):,} bytes the text is too small to hold a part of it out; give at least some 100 kB"
        )
    return {
        "text": text,
        "sha256": digest.hexdigest(),
        "train_tokens": counts["train"],
        "held_out_tokens": counts["held_out"],
        "train_bytes": sizes["train"],
        "held_out_bytes": sizes["held_out"],
    }


def _byte_tokenizer() -> tuple[str, Callable[[list[bytes]], list[NDArray[Any]]]]:
    """One token a byte, its number the byte itself; the JSON is what `tokenizers` reads."""
    vocabulary = {character: byte for byte, character in enumerate(_byte_characters())}
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    data = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": level,
        "post_processor": None,
        "decoder": level,
        "model": {"type": "BPE", "vocab": vocabulary, "merges": []},
    }
    return json.dumps(data), lambda contents: [np.frombuffer(content, dtype=np.uint8) for content in contents]


def _byte_characters() -> list[str]:
    """The printable character that stands for each byte in byte-level encodings (Radford et al. 2019)."""
    printable = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = iter(range(256, 512))
    return [chr(byte if byte in printable else next(others)) for byte in range(256)]


def _trained(text: str, vocabulary: int) -> tuple[str, Callable[[list[bytes]], list[NDArray[Any]]]]:
    tokenizers = extra("tokenizers", "text")
    made = tokenizers.Tokenizer(tokenizers.models.BPE())
    made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=vocabulary,
        initial_alphabet=sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    made.train_from_iterator(_sample(text), trainer)
    if made.get_vocab_size() < vocabulary:
        raise InputError(
            f"vocabulary = {vocabulary}: the text {text!r} has only {made.get_vocab_size()} pieces that repeat; "
            f"write vocabulary={made.get_vocab_size()} or less"
        )

    def encode(contents: list[bytes]) -> list[NDArray[Any]]:
        texts = [content.decode("utf-8", "replace") for content in contents]
        return [np.array(one.ids, dtype=np.uint16) for one in made.encode_batch(texts)]

    return made.to_str(), encode


def _sample(text: str) -> Iterator[str]:
    """The first 32 MB of what is trained on."""
    read = 0
    for piece in pieces(text):
        if not piece.held_out:
            yield piece.content.decode("utf-8", "replace")
            read += len(piece.content)
            if read > _TOKENIZER_BYTES:
                return
