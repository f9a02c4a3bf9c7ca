"""Logs of trackers as runs: Weights & Biases, MLflow, TensorBoard, Lightning, Hugging Face, SQL through DuckDB."""

from quantal.runs.trackers.curve import curve_of as curve_of
from quantal.runs.trackers.ends import END_RULES as END_RULES
from quantal.runs.trackers.ends import one_row_a_run as one_row_a_run
from quantal.runs.trackers.folders import read_tracked as read_tracked
from quantal.runs.trackers.folders import tool_of as tool_of
from quantal.runs.trackers.mlflow_write import log_to_mlflow as log_to_mlflow
from quantal.runs.trackers.sql import read_sql as read_sql
from quantal.runs.trackers.sql import sql_frame as sql_frame
from quantal.runs.trackers.tracked import Points as Points
from quantal.runs.trackers.tracked import TrackedRun as TrackedRun
from quantal.runs.trackers.wandb_runs import exported as exported
