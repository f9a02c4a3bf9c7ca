"""Where text comes from: this Python's documentation and sources, or the user's files, streamed piece by piece."""

from __future__ import annotations

import hashlib
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from quantal.errors import DataError

HELD_OUT_PERCENT = 6
PIECE = 16_384
_LEAST_PIECE = 512
_SKIPPED = {"test", "tests", "idle_test", "site-packages", "dist-packages", "__pycache__", "encodings", "pydoc_data"}


class Piece(NamedTuple):
    """A part of the text that is trained on or held out as a whole; its name decides which."""

    name: str
    content: bytes

    @property
    def held_out(self) -> bool:
        """Whether the SHA-256 of the name, modulo 100, is below 6."""
        return int(hashlib.sha256(self.name.encode()).hexdigest(), 16) % 100 < HELD_OUT_PERCENT


def pieces(text: str) -> Iterator[Piece]:
    """The text in pieces, in a fixed order; at most one piece is in memory.

    Args:
        text: "python", or the path of a UTF-8 text file or of a folder of them.

    Raises:
        DataError: there is no such file, it is empty, or it is binary.
    """
    if text == "python":
        yield from _python()
        return
    files = text_files(text)
    whole = sum(file.stat().st_size for file in files)
    if not whole:
        raise DataError(f"{text}: the text is empty; name a file of text to train on")
    size = min(PIECE, max(_LEAST_PIECE, whole // 400))
    root = Path(text)
    for file in files:
        name = file.name if root.is_file() else file.relative_to(root).as_posix()
        for index, content in enumerate(_cut(file, size)):
            yield Piece(f"{name}:{index}", content)


def text_files(text: str) -> list[Path]:
    """The files of a path, sorted by name.

    Raises:
        DataError: there is none.
    """
    root = Path(text)
    if root.is_file():
        return [root]
    if not root.is_dir():
        raise DataError(
            f'there is no text {text!r}: name a file or a folder of text, or write "python" for this Python\'s own'
        )
    found = sorted(path for path in root.rglob("*") if path.is_file() and not path.name.startswith("."))
    if not found:
        raise DataError(f"{text}: the folder holds no files; name one with text files")
    return found


def fingerprint(text: str) -> str:
    """What tells a text apart without reading it: Python's version, or names, sizes and times of the files."""
    if text == "python":
        return f"python {sys.version}"
    stats = ((str(file.resolve()), file.stat()) for file in text_files(text))
    return "\n".join(f"{name} {stat.st_size} {stat.st_mtime_ns}" for name, stat in stats)


def _python() -> Iterator[Piece]:
    """Each help topic, then each source of the standard library, without tests, generated tables and installed packages."""
    import pydoc_data.topics

    for name, text in sorted(pydoc_data.topics.topics.items()):
        yield Piece(f"topic/{name}", text.encode())
    root = Path(sysconfig.get_path("stdlib"))
    for path in sorted(root.rglob("*.py"), key=lambda path: path.relative_to(root).as_posix()):
        relative = path.relative_to(root)
        if not _SKIPPED & set(relative.parts) and not relative.name.startswith("_sysconfigdata"):
            yield Piece(relative.as_posix(), path.read_bytes())


def _cut(file: Path, size: int) -> Iterator[bytes]:
    """The file in pieces of about so many bytes, cut after a line where there is one, and never within a character."""
    left, offset = b"", 0
    with file.open("rb") as stream:
        while block := stream.read(size):
            left += block
            while len(left) > size:
                end = _end(left, size)
                yield _checked(left[:end], file, offset)
                left, offset = left[end:], offset + end
    if left:
        yield _checked(left, file, offset)


def _end(content: bytes, size: int) -> int:
    line = content.rfind(b"\n", size // 2, size)
    if line >= 0:
        return line + 1
    end = size
    while end > size - 4 and content[end] & 0xC0 == 0x80:
        end -= 1
    return end


def _checked(content: bytes, file: Path, offset: int) -> bytes:
    at, what = content.find(b"\0"), "a zero byte"
    if at < 0:
        try:
            content.decode("utf-8")
            return content
        except UnicodeDecodeError as error:
            at, what = error.start, f"the byte 0x{content[error.start]:02x}, which is no UTF-8"
    raise DataError(
        f"{file}: at byte {offset + at:,} stands {what}: this is a binary file or another encoding; "
        "give plain text in UTF-8 (`iconv -t UTF-8` converts it)"
    )
