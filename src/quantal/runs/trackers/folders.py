"""Which tracker wrote a file or folder, and the runs in it: one run a file, or one a sub-folder."""

from __future__ import annotations

import os
from pathlib import Path

from quantal.errors import DataError
from quantal.runs.trackers.mlflow_runs import mlflow_database, mlflow_folder, mlflow_server
from quantal.runs.trackers.table_runs import lightning_csv, trainer_state
from quantal.runs.trackers.tensorboard_runs import event_files
from quantal.runs.trackers.tracked import TrackedRun
from quantal.runs.trackers.wandb_runs import wandb_api, wandb_file

SERVERS = ("wandb:", "mlflow:")
SQLITE = b"SQLite format 3\0"
NAMES = "*.wandb, events.out.tfevents.*, trainer_state.json, metrics.csv, an MLflow database or tracking folder"


def tool_of(path: str | os.PathLike[str]) -> str | None:
    """The tracker that wrote a file, a folder or an address; None for any other file.

    >>> tool_of("run-1.wandb"), tool_of("logs/events.out.tfevents.1.host"), tool_of("runs.csv")
    ('wandb', 'tensorboard', None)
    """
    text = os.fspath(path)
    if text.startswith(SERVERS):
        return text.partition(":")[0]
    place = Path(text)
    if place.is_dir():
        return "folder"
    if place.suffix == ".wandb":
        return "wandb"
    if place.name.startswith("events.out.tfevents."):
        return "tensorboard"
    if place.name == "trainer_state.json":
        return "transformers"
    if (
        place.name == "metrics.csv"
        and _first(place, 4096).splitlines()[:1]
        and b"step" in _first(place, 4096).splitlines()[0].split(b",")
    ):
        return "lightning"
    return "mlflow" if _first(place, len(SQLITE)) == SQLITE else None


def read_tracked(path: str | os.PathLike[str]) -> list[TrackedRun]:
    """Every run under a file, a folder, ``wandb:entity/project`` or ``mlflow:http://...``, with all points of its curves.

    A folder holds runs of any of these tools, one a sub-folder; of several checkpoints of one Hugging Face run the last
    counts, and the event files of one folder are one run.

    Raises:
        DataError: nothing that a tracker wrote is there, or a file is damaged.
    """
    text = os.fspath(path)
    tool, place = tool_of(text), Path(text)
    if tool in ("wandb", "mlflow") and text.startswith(SERVERS):
        address = text.partition(":")[2]
        found = list(wandb_api(address) if tool == "wandb" else mlflow_server(address))
    elif tool == "folder":
        found = _in_folder(place, place)
    elif tool == "tensorboard":
        found = [event_files([place], place.parent.name or place.name)]
    elif tool == "mlflow":
        found = mlflow_database(place)
    elif tool is not None:
        found = [_file(place, place.parent.name or place.stem, tool)]
    else:
        found = []
    if not found:
        raise DataError(f"{text}: no runs of a tracker; looked for {NAMES}")
    return found


def _in_folder(folder: Path, top: Path) -> list[TrackedRun]:
    name = folder.relative_to(top).as_posix() if folder != top else folder.name
    if (folder / "meta.yaml").is_file() and (folder / "metrics").is_dir():
        return [mlflow_folder(folder)]
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise DataError(f"{folder}: {error.strerror}; check the permissions of the folder") from None
    files = [one for one in entries if one.is_file()]
    found: list[TrackedRun] = []
    events = [one for one in files if tool_of(one) == "tensorboard"]
    if events:
        found.append(event_files(events, name))
    for one in files:
        tool = tool_of(one)
        if tool == "mlflow":
            found += mlflow_database(one)
        elif tool in ("wandb", "transformers", "lightning"):
            found.append(_file(one, name, tool))
    below = [
        one
        for one in entries
        if one.is_dir() and not one.is_symlink() and one.name not in (".trash", "artifacts", "code")
    ]
    checkpoints = [
        one for one in below if one.name.startswith("checkpoint-") and (one / "trainer_state.json").is_file()
    ]
    if checkpoints:
        below = [one for one in below if one not in checkpoints]
        if not (folder / "trainer_state.json").is_file():
            last = max(checkpoints, key=lambda one: (len(one.name), one.name))
            found.append(trainer_state(last / "trainer_state.json", name))
    for one in below:
        found += _in_folder(one, top)
    return found


def _file(path: Path, name: str, tool: str) -> TrackedRun:
    if tool == "wandb":
        return wandb_file(path)
    return trainer_state(path, name) if tool == "transformers" else lightning_csv(path, name)


def _first(path: Path, size: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(size)
    except (OSError, ValueError):
        return b""
