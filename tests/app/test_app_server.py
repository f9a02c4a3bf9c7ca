"""The server of the page: who may ask, what it refuses, and that it lives on."""

from __future__ import annotations

import io
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import polars as pl
import pytest
from page_server import served

pytestmark = pytest.mark.extras

SMALL = b"params,tokens,loss\n1e6,2e8,4.1\n1e7,2e9,3.5\n1e8,2e10,3.0\n1e9,2e11,2.6\n"


def ask(
    address: str, path: str, body: bytes | None = None, method: str | None = None, **headers: str
) -> tuple[int, dict[str, str], Any]:
    """Status, headers and body (of JSON where it is that) of an answer; redirects are not followed."""
    place = urlsplit(address)
    connection = HTTPConnection(place.hostname or "", place.port, timeout=90)
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    if body is not None:
        given.setdefault("content-type", "application/json")
    try:
        connection.request(method or ("GET" if body is None else "POST"), path, body, given)
        answer = connection.getresponse()
        text = answer.read()
        told = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, told, json.loads(text) if "json" in told.get("content-type", "") else text
    finally:
        connection.close()


def upload(address: str, data: bytes, name: str = "runs.csv") -> tuple[int, Any]:
    status, _, content = ask(address, f"/api/tables?name={name}", data)
    return status, content


def lives(address: str) -> None:
    """The server still reads a small file."""
    status, found = upload(address, SMALL)
    assert status == 201, found
    status, _, told = ask(address, "/api/runs", json.dumps({"table": found["id"]}).encode())
    assert (status, told["rows"]) == (200, 4)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    from quantal.app import Limits

    with served(limits=Limits(upload_bytes=24 * 2**20, memory_bytes=2**30, seconds=30.0)) as found:
        yield found


def test_it_listens_on_this_machine_alone_unless_told() -> None:
    from quantal.app import Settings

    assert Settings().loopback
    assert Settings().host == "127.0.0.1"
    assert not Settings(host="0.0.0.0").loopback


def test_every_answer_carries_a_policy_without_outside_sources(address: str) -> None:
    for path in ("/", "/static/main.js", "/plotly.min.js", "/api/page", "/nothing", "/static/../server.py"):
        _, headers, _ = ask(address, path)
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "unsafe-eval" not in policy
        assert "http" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "evil.example"}, 400),
        ({"host": "127.0.0.1.evil.example:80"}, 400),
        ({"host": "["}, 400),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"sec_fetch_site": "cross-site"}, 403),
    ],
)
def test_another_site_is_refused(address: str, headers: dict[str, str], status: int) -> None:
    found, _, content = ask(address, "/api/tables", **headers)
    assert found == status
    assert content["error"]["message"]
    found, _, _ = ask(address, "/api/tables", SMALL, **headers)
    assert found == status


def test_its_own_page_may_ask(address: str) -> None:
    status, _, _ = ask(address, "/api/tables", origin=address, sec_fetch_site="same-origin")
    assert status == 200
    port = urlsplit(address).port
    assert ask(address, "/api/tables", host=f"localhost:{port}", origin=f"http://localhost:{port}")[0] == 200


def test_a_token_is_asked_where_there_is_one() -> None:
    with served(token="a-long-secret") as address:
        for path in ("/", "/static/main.js", "/api/tables", "/api/tables?token=a-long-secret", "/?token=wrong"):
            status, _, content = ask(address, path)
            assert status == 401
            assert "token" in content["error"]["message"]
        assert ask(address, "/api/tables", authorization="Bearer wrong")[0] == 401
        assert ask(address, "/api/tables", authorization="Bearer a-long-secret")[0] == 200
        status, headers, _ = ask(address, "/?view=fit&token=a-long-secret")
        assert (status, headers["location"]) == (303, "/?view=fit")
        assert "HttpOnly" in headers["set-cookie"]
        cookie = headers["set-cookie"].partition(";")[0]
        assert ask(address, "/api/tables", cookie=cookie)[0] == 200
        assert ask(address, "/api/tables", cookie=f"{cookie}x")[0] == 401


@pytest.mark.parametrize("token", ["", "short", "with space in it", "break;the=cookie", "line\nbreak-line"])
def test_a_token_that_could_be_guessed_or_break_an_address_is_refused(token: str) -> None:
    from quantal.app import Settings
    from quantal.errors import InputError

    with pytest.raises(InputError, match="8 or more letters, digits"):
        Settings(token=token)


def test_beyond_this_machine_the_command_makes_a_token_up() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "quantal",
        "app",
        "--host",
        "0.0.0.0",
        "--port",
        str(port),
        "--no-browser",
        "--json",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            lines = iter(process.stdout.readline, "}\n")
            told = json.loads("".join(lines) + "}")
            assert len(told["token"]) > 16
            assert told["url"].endswith(f"?token={told['token']}")
            status, _, _ = ask(f"http://127.0.0.1:{port}", "/api/tables")
            assert status == 401
            assert ask(told["url"], f"/?token={told['token']}")[0] == 303
            assert ask(told["url"], "/", host="evil.example")[0] == 400
        finally:
            process.terminate()


def test_a_taken_port_is_told_in_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "quantal", "app", "--port", str(port), "--no-browser"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert f"choose another with --port, such as --port {port + 1}" in done.stderr
    assert "Traceback" not in done.stderr


def test_no_path_of_the_client_is_opened(address: str, tmp_path: Any) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_bytes(SMALL)
    for table in (str(secret), f"../{secret}", f"sql:SELECT * FROM '{secret}'", "wandb:a/b", "-"):
        status, _, content = ask(address, "/api/runs", json.dumps({"table": table}).encode())
        assert status == 422, table
        assert "there is no table" in content["error"]["message"]
    status, found = upload(address, SMALL, "../../../etc/passwd")
    assert status == 201
    assert not list(tmp_path.parent.rglob("passwd"))
    for path in ("/static/../server.py", "/static/%2e%2e/server.py", "/static//etc/passwd", f"/static/{secret}"):
        assert ask(address, path)[0] == 404
    assert found["id"].startswith("u")


def test_a_body_past_its_limit_is_refused_by_its_length_and_by_its_bytes(address: str) -> None:
    status, content = upload(address, b"x" * (25 * 2**20))
    assert status == 413
    assert "larger than 24 MB" in content["error"]["message"]
    place = urlsplit(address)
    connection = HTTPConnection(place.hostname or "", place.port, timeout=60)
    chunks = (b"y" * 2**20 for _ in range(40))
    try:
        connection.request("POST", "/api/tables", chunks, {"transfer-encoding": "chunked"}, encode_chunked=True)
        assert connection.getresponse().status == 413
    except (BrokenPipeError, ConnectionResetError):
        pass
    finally:
        connection.close()
    assert ask(address, "/api/runs", b"{" + b" " * 2**21 + b"}")[0] == 413
    lives(address)


def parquet(frame: pl.DataFrame) -> bytes:
    out = io.BytesIO()
    frame.write_parquet(out, compression="zstd")
    return out.getvalue()


def test_a_million_rows_and_a_thousand_columns_end_in_words(address: str) -> None:
    status, content = upload(address, b"params,loss\n" + b"1e6,3.5\n" * 1_000_000)
    assert status == 422
    assert "1,000,000 rows, and this page takes at most 500,000 rows, 256 columns" in content["error"]["message"]
    wide = ",".join(f"c{i}" for i in range(1000)) + "\n" + ",".join("1" * 1000) + "\n"
    status, content = upload(address, wide.encode())
    assert status == 422
    assert "1,000 columns" in content["error"]["message"]
    many = ",".join(f"c{i}" for i in range(200)) + "\n" + (",".join("1" * 200) + "\n") * 45_000
    status, content = upload(address, many.encode())
    assert status == 422
    assert "45,000 rows of 200 columns" in content["error"]["message"]
    lives(address)


def test_parquet_bombs_end_in_words(address: str) -> None:
    many = parquet(pl.DataFrame({"params": np.full(20_000_000, 1e6), "loss": np.full(20_000_000, 3.0)}))
    assert len(many) < 2**20
    status, content = upload(address, many, "many.parquet")
    assert status == 422
    assert "20,000,000 rows" in content["error"]["message"]
    text = pl.repeat("x" * 4_000_000, 500, eager=True)
    long = parquet(pl.DataFrame({"loss": np.full(500, 3.0), "text": text}))
    assert len(long) < 2**20
    status, content = upload(address, long, "long.parquet")
    assert status == 422
    assert "memory" in content["error"]["message"]
    lives(address)


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        (b"", "empty.csv", "empty"),
        (b"params,loss\n1e6,three\n", "word.csv", "row 1"),
        (b"PAR1" + b"\0" * 200, "broken.parquet", "damaged Parquet"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "picture.png", "no table"),
        (b"{" * 100_000, "deep.json", "JSON"),
    ],
)
def test_a_bad_file_is_told_in_words(address: str, data: bytes, name: str, words: str) -> None:
    status, content = upload(address, data, name)
    assert status == 422
    assert words in content["error"]["message"]
    assert "Traceback" not in content["error"]["message"]
    assert "/tmp" not in content["error"]["message"]


def test_the_same_file_has_the_same_id_and_another_has_another(address: str) -> None:
    first, again, other = (upload(address, data)[1]["id"] for data in (SMALL, SMALL, SMALL + b"2e9,2e11,2.5\n"))
    assert first == again != other


def test_old_uploads_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    from quantal.app import Settings, sessions
    from quantal.errors import DataError

    monkeypatch.setattr(sessions, "KEPT", 2)
    tables = sessions.Tables(Settings())
    ids = [tables.upload("runs.csv", SMALL + f"{i}e9,2e11,2.5\n".encode()) for i in range(1, sessions.KEPT + 2)]
    assert len(tables.get(ids[-1])) == 5
    with pytest.raises(DataError, match="drop the file in again"):
        tables.get(ids[0], {"loss": "loss"})


def test_the_api_describes_itself_and_refuses_what_it_does_not_know(address: str) -> None:
    status, _, schema = ask(address, "/api/openapi.json")
    assert status == 200
    assert {"/api/tables", "/api/fits", "/api/plans", "/api/jobs/{identity}"} <= set(schema["paths"])
    status, _, content = ask(address, "/api/runs", b'{"table": "tiny-lm", "path": "/etc/passwd"}')
    assert status == 422
    assert "path" in content["error"]["message"]
    assert ask(address, "/api/jobs/none")[0] == 404
    assert ask(address, "/docs")[0] == 404
