"""Fits, forecasts and plans written back to MLflow as a run."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from quantal.errors import DataError


def log_to_mlflow(
    noun: Any, *, tracking_uri: str | None = None, experiment: str = "quantal", name: str | None = None
) -> str:
    """Log a Fit, Forecast, Plan or NextRuns as one MLflow run: numbers as metrics, texts as params, all of it as quantal.json.

    Args:
        tracking_uri: as MLflow takes it (``sqlite:///mlflow.db``, ``http://...``); MLflow's own default unless given.

    Returns:
        The id of the run.

    Raises:
        DataError: the package mlflow is missing.
    """
    try:
        import mlflow
    except ImportError:
        raise DataError(
            'writing to MLflow needs the package mlflow; install it with: pip install "quantal[trackers]"'
        ) from None
    client = mlflow.MlflowClient(tracking_uri=tracking_uri)
    found = client.get_experiment_by_name(experiment)
    at = found.experiment_id if found else client.create_experiment(experiment)
    run = client.create_run(at, run_name=name or f"quantal {type(noun).__name__.lower()}").info.run_id
    content = noun.to_dict()
    for key, value in leaves(content):
        if isinstance(value, bool | str):
            client.log_param(run, key, str(value)[:500])
        elif isinstance(value, int | float) and math.isfinite(value):
            client.log_metric(run, key, float(value))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "quantal.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        client.log_artifact(run, str(path))
    client.set_terminated(run)
    return run


def leaves(content: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Names joined by dots, and values; lists by position.

    >>> list(leaves({"alpha": {"value": 0.3, "intervals": {"95": [0.2, 0.4]}}}))
    [('alpha.value', 0.3), ('alpha.intervals.95.0', 0.2), ('alpha.intervals.95.1', 0.4)]
    """
    if isinstance(content, Mapping):
        for key, value in content.items():
            yield from leaves(value, f"{prefix}{key}.")
    elif isinstance(content, list | tuple):
        for place, value in enumerate(content):
            yield from leaves(value, f"{prefix}{place}.")
    else:
        yield prefix[:-1], content
