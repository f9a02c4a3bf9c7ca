"""What tests of training share: a cache of their own, and a small text."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session", autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QUANTAL_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def small_text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """120 kB of the documentation topics of this Python, in one file."""
    import pydoc_data.topics

    path = tmp_path_factory.mktemp("text") / "topics.txt"
    everything = "\n".join(text for _, text in sorted(pydoc_data.topics.topics.items()))
    path.write_text(everything[:120_000], encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def postgres():
    """A real PostgreSQL server for the session; its `url` names an empty database at first."""
    from postgres import BINARIES, Server

    if not BINARIES:
        pytest.fail("no PostgreSQL in /usr/lib/postgresql: apt-get install postgresql")
    server = Server()
    yield server
    server.remove()
