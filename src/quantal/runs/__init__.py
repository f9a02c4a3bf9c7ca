"""Tables of training runs: reading, columns with units and roles, filters, and the catalogue of public tables."""

from quantal.runs.catalogue import Table as Table
from quantal.runs.catalogue import catalogue as catalogue
from quantal.runs.catalogue import find_table as find_table
from quantal.runs.counts import Counts as Counts
from quantal.runs.counts import read_counts as read_counts
from quantal.runs.fetch import cache_folder as cache_folder
from quantal.runs.fetch import fetch as fetch
from quantal.runs.fetch import locate as locate
from quantal.runs.flops import FLOP_CONVENTIONS as FLOP_CONVENTIONS
from quantal.runs.flops import FlopConvention as FlopConvention
from quantal.runs.flops import flop_convention as flop_convention
from quantal.runs.numbers import parse_number as parse_number
from quantal.runs.reading import read_runs as read_runs
from quantal.runs.recount import recount as recount
from quantal.runs.shape import FLOPS_COUNTS as FLOPS_COUNTS
from quantal.runs.shape import PARAMS_COUNTS as PARAMS_COUNTS
from quantal.runs.shape import TransformerShape as TransformerShape
from quantal.runs.storage import write_whole as write_whole
from quantal.runs.table import Column as Column
from quantal.runs.table import Runs as Runs
from quantal.runs.trackers import END_RULES as END_RULES
from quantal.runs.trackers import TrackedRun as TrackedRun
from quantal.runs.trackers import curve_of as curve_of
from quantal.runs.trackers import log_to_mlflow as log_to_mlflow
from quantal.runs.trackers import read_sql as read_sql
from quantal.runs.trackers import read_tracked as read_tracked
