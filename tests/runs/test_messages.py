"""Every message of the room, held by a snapshot: messages.txt. QUANTAL_WRITE_MESSAGES=1 writes it anew."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from quantal.errors import QuantalError
from quantal.runs.reading import read_runs

SNAPSHOT = Path(__file__).parent / "messages.txt"

HEAD = "params,tokens,loss\n"
FILES: dict[str, tuple[str | bytes, dict[str, Any]]] = {
    "text in loss": (HEAD + "1e6,1e7,3.5\n2e6,2e7,oops\n", {}),
    "nan in loss": (HEAD + "1e6,1e7,3.5\n2e6,2e7,nan\n", {}),
    "inf in loss": (HEAD + "1e6,1e7,3.5\n2e6,2e7,inf\n", {}),
    "empty loss": (HEAD + "1e6,1e7,3.5\n2e6,2e7,\n", {}),
    "magnitude in loss": (HEAD + "1e6,1e7,3.5K\n2e6,2e7,3\n", {}),
    "grouped loss": ('params,loss\n"1,000,000",3.5\n2000000,"3,214"\n', {}),
    "negative size": (HEAD + "1e6,1e7,3.5\n-2e6,2e7,3.1\n", {}),
    "overflow": (HEAD + "1e999,1e7,3.5\n", {}),
    "underflow": (HEAD + "1e-999,1e7,3.5\n", {}),
    "derived overflow": (HEAD + "1e200,1e200,3.5\n", {}),
    "derived from size zero": ("params,compute,loss\n0,1e20,3.5\n", {}),
    "text in accuracy": ("params,accuracy\n1e6,0.5\n2e6,high\n", {}),
    "ragged, short": (HEAD + "1e6,1e7,3.5\n2e6,2e7\n", {}),
    "ragged, long": (HEAD + "1e6,1e7,3.5\n2e6,2e7,3.1,9\n", {}),
    "open quote": (HEAD + '1e6,1e7,3.5\n2e6,"2e7,3.1\n', {}),
    "duplicate header": ("params,loss,loss\n1,2,3\n", {}),
    "no header": ("1e6,1e7,3.5\n2e6,2e7,3.1\n", {}),
    "empty file": ("", {}),
    "blank file": ("\n \n", {}),
    "header alone": (HEAD, {}),
    "binary": (b"params\0\1\2", {}),
    "utf-16": ("params,loss\n1,2\n".encode("utf-16"), {}),
    "latin-1": ("params,loss,note\n1,2,caf\u00e9\n".encode("latin-1"), {}),
    "gzip": (b"\x1f\x8b\x08\x00", {}),
    "spreadsheet": (b"PK\x03\x04abc", {}),
    "web page": ("<!DOCTYPE html><html></html>", {}),
    "bytes after an angle": ("<\0\1", {}),
    "oversized header": ("x" * 2_000_000, {}),
    "too many columns": (",".join(f"c{i}" for i in range(10_001)) + "\n", {}),
    "mixed decimal marks": ("params;loss;rate\n1e6;3,21;0.1\n", {}),
    "bad array": ('loss,curve\n3,"[1, 2]"\n2,"[1, x]"\n', {}),
    "infinite array": ('loss,curve\n3,"[1, 2]"\n2,"[1, Infinity]"\n', {}),
    "unknown column": (HEAD + "1e6,1e7,3.5\n", {"columns": {"loss": "eval/los"}}),
    "mistaken name": (HEAD + "1e6,1e7,3.5\n", {"columns": {"los": "loss"}}),
    "filter that leaves nothing": (HEAD + "1e6,1e7,3.5\n", {"where": "params > 1B"}),
    "filter with a wrong name": (HEAD + "1e6,1e7,3.5\n", {"where": "parms > 1B"}),
    "unknown convention": (HEAD + "1e6,1e7,3.5\n", {"flops": "6NN"}),
}
OTHERS: dict[str, Callable[[], Any]] = {
    "missing file": lambda: read_runs("run.csv"),
    "nothing like it": lambda: read_runs("qqqqqq"),
    "missing folder": lambda: read_runs("no/such/runs.csv"),
    "nearly a table": lambda: read_runs("chinchila"),
    "folder": lambda: read_runs("folder"),
    "no path": lambda: read_runs("a\0b"),
    "no table": lambda: read_runs(3),
    "unequal lengths": lambda: read_runs({"params": [1, 2], "loss": [1.0]}),
    "no columns": lambda: read_runs({}),
    "no rows": lambda: read_runs({"loss": []}),
    "scalar column": lambda: read_runs({"loss": 3.0}),
    "nan in a frame": lambda: read_runs({"params": [1.0, 2.0], "loss": [1.0, float("nan")]}),
    "none in a frame": lambda: read_runs({"params": [1.0, None], "loss": [1.0, 2.0]}),
    "huge integer": lambda: read_runs({"params": [1, 10**400], "loss": [1.0, 2.0]}),
    "array of text": lambda: read_runs({"loss": [1.0, 2.0], "x": [[1.0], ["a"]]}),
    "empty array": lambda: read_runs({"loss": [1.0, 2.0], "x": [[1.0], []]}),
    "no such column": lambda: read_runs({"loss": [1.0]})["los"],
}
JSON_FILES = {
    "broken json": '[{"params": 1,',
    "json without runs": "3",
    "json of numbers": "[1, 2]",
    "json lines, broken": '{"params": 1, "loss": 2}\n{"params": 1,\n',
    "json lines, gap": '{"params": 1, "loss": 2}\n{"params": 1}\n',
    "json, empty list": "[]",
    "json, deep": "[" * 100_000,
}


def message(act: Callable[[], Any]) -> str:
    with pytest.raises(QuantalError) as caught:
        act()
    return str(caught.value)


def test_messages(write: Callable[..., str]) -> None:
    found = []
    for name, (content, options) in FILES.items():
        write(content)
        found.append((name, message(lambda options=options: read_runs("runs.csv", **options))))
    for name, content in JSON_FILES.items():
        write(content, "runs.json")
        found.append((name, message(lambda: read_runs("runs.json"))))
    Path("folder").mkdir()
    found += [(name, message(act)) for name, act in OTHERS.items()]
    text = "".join(f"# {name}\n{said}\n\n" for name, said in found)
    if os.environ.get("QUANTAL_WRITE_MESSAGES"):
        SNAPSHOT.write_text(text, encoding="utf-8")
    assert text == SNAPSHOT.read_text(encoding="utf-8")
