"""Charts as data, and the page that does the main job: everything about a table of runs in one file."""

from quantal.report.analysis import Analysis as Analysis
from quantal.report.analysis import Outlook as Outlook
from quantal.report.analysis import Settings as Settings
from quantal.report.chart import Axis as Axis
from quantal.report.chart import Chart as Chart
from quantal.report.chart import Series as Series
from quantal.report.charts_compute import approaches_compared as approaches_compared
from quantal.report.charts_compute import forecast_along as forecast_along
from quantal.report.charts_compute import forecast_fan as forecast_fan
from quantal.report.charts_compute import isoflop_curves as isoflop_curves
from quantal.report.charts_compute import loss_surface as loss_surface
from quantal.report.charts_compute import regret as regret
from quantal.report.charts_fit import exponent_draws as exponent_draws
from quantal.report.charts_fit import measured_against_predicted as measured_against_predicted
from quantal.report.charts_fit import parameter_intervals as parameter_intervals
from quantal.report.charts_fit import residuals as residuals
from quantal.report.charts_spectrum import corpus_curve as corpus_curve
from quantal.report.charts_spectrum import duality_product as duality_product
from quantal.report.charts_spectrum import recovered_spectrum as recovered_spectrum
from quantal.report.charts_table import law_ranking as law_ranking
from quantal.report.charts_table import runs_overview as runs_overview
from quantal.report.mathml import mathml as mathml
from quantal.report.plot import plot as plot
from quantal.report.report import Report as Report
from quantal.report.report import report as report
