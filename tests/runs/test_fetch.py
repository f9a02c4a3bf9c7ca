"""Fetching from a real server on this machine; the cache and the folder of QUANTAL_DATA."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from quantal.errors import DataError, DataWarning
from quantal.runs.catalogue import Table, catalogue, find_table
from quantal.runs.fetch import cache_folder, fetch, locate
from quantal.runs.reading import read_runs

CONTENT = b"params,tokens,loss\n" + b"".join(b"%d,%d,3.%d\n" % (n, 20 * n, n) for n in range(1, 20_000))
SHA = hashlib.sha256(CONTENT).hexdigest()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/missing":
            self.send_error(404)
            return
        self.send_response(200)
        if self.path != "/unsized":
            self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT[: len(CONTENT) // 2] if self.path == "/truncated" else CONTENT)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()
        thread.join()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("QUANTAL_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("QUANTAL_DATA", raising=False)
    return tmp_path / "cache"


@pytest.fixture
def table(server: str) -> Callable[..., Table]:
    def make(path: str = "/file", sha256: str | None = SHA) -> Table:
        return Table("test", "", "", 19_999, "test.csv", server + path, "MIT", "", sha256=sha256)

    return make


@pytest.mark.parametrize("path", ["/file", "/unsized"])
def test_fetch(cache: Path, table: Callable[..., Table], path: str) -> None:
    seen: list[tuple[int, int | None]] = []
    file = fetch(table(path), progress=lambda received, expected: seen.append((received, expected)))
    assert file == cache / "test.csv"
    assert file.read_bytes() == CONTENT
    assert len(read_runs(file)) == 19_999
    assert seen[-1] == (len(CONTENT), len(CONTENT) if path == "/file" else None)
    assert locate(table()) == file
    assert table().is_here()


def test_a_fetched_file_is_not_fetched_again_unless_it_changed(cache: Path, table: Callable[..., Table]) -> None:
    file = fetch(table())
    assert fetch(table("/missing")) == file
    file.write_bytes(b"changed")
    assert fetch(table()).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("path", "sha256", "says"),
    [
        ("/file", "0" * 64, "serves another file than the catalogue describes"),
        ("/truncated", SHA, "broke off|IncompleteRead|cannot be downloaded"),
        ("/missing", SHA, "404|Not Found"),
        ("/file", None, "no SHA-256 of what .* serves is on record"),
    ],
)
def test_nothing_is_kept_of_a_bad_download(
    cache: Path, table: Callable[..., Table], path: str, sha256: str | None, says: str
) -> None:
    with pytest.raises(DataError, match=says):
        fetch(table(path, sha256))
    assert not cache.exists() or not list(cache.iterdir())


def test_nothing_is_kept_of_an_interrupted_download(cache: Path, table: Callable[..., Table]) -> None:
    def interrupt(received: int, expected: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(table(), progress=interrupt)
    assert not list(cache.iterdir())


def test_no_server(cache: Path, table: Callable[..., Table]) -> None:
    unreachable = Table("test", "", "", 1, "test.csv", "http://127.0.0.1:1/", "MIT", "", sha256=SHA)
    with pytest.raises(DataError, match="cannot be downloaded"):
        fetch(unreachable)


def test_the_folder_comes_first_and_a_changed_file_is_warned_of(
    cache: Path, table: Callable[..., Table], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch(table())
    (tmp_path / "test.csv").write_bytes(CONTENT)
    (tmp_path / "chinchilla_runs.csv").write_bytes(CONTENT)
    monkeypatch.setenv("QUANTAL_DATA", str(tmp_path))
    assert locate(table()) == tmp_path / "test.csv"
    with pytest.warns(DataWarning, match="differs from the file that the catalogue describes"):
        locate(find_table("chinchilla"))


def test_a_table_that_is_nowhere(cache: Path, table: Callable[..., Table]) -> None:
    assert not table().is_here()
    with pytest.raises(DataError, match=r"Two ways: \(1\) set QUANTAL_DATA .* \(2\) make a table of it yourself"):
        read_runs("chinchilla")
    with pytest.raises(DataError, match=r"Two ways: .* \(2\) run `quantal data fetch test`"):
        locate(table())


def test_cache_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QUANTAL_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    assert cache_folder() == Path("/x/quantal")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path.home() / ".cache" / "quantal"


def test_the_catalogue_says_where_everything_comes_from() -> None:
    names = [table.name for table in catalogue()]
    assert len(set(names)) == len(names)
    for table in catalogue():
        assert table.title
        assert table.licence
        assert table.citation
        assert table.embedded or table.url.startswith("https://")
        assert json.loads(json.dumps(table.to_dict()))["name"] == table.name
    with pytest.raises(DataError, match="Did you mean 'chinchilla'"):
        find_table("chinchila")


def test_hashes_are_those_of_the_folder(public_data: Path) -> None:
    for table in catalogue():
        if not table.embedded:
            assert hashlib.sha256((public_data / table.filename).read_bytes()).hexdigest() == table.sha256_tidy
