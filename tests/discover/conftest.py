"""Small models of several families, made from configurations, and texts to read."""

from __future__ import annotations

import pydoc_data.topics
from pathlib import Path

import pytest
from tiny_models import tiny


@pytest.fixture(scope="session")
def text_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    topics = pydoc_data.topics.topics
    path = tmp_path_factory.mktemp("text") / "topics.txt"
    path.write_text("\n\n".join(topics[name] for name in sorted(topics))[:60_000], encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("transformers")
    import transformers

    transformers.logging.disable_progress_bar()
    place = tmp_path_factory.mktemp("model")
    tiny("gpt_neox").save_pretrained(place)
    return place
