"""plot(noun) -> Chart."""

from __future__ import annotations

from typing import Any

from quantal.discover import TokenCurves
from quantal.errors import InputError
from quantal.fit import Comparison, Fit
from quantal.plan import Plan
from quantal.report.chart import Chart
from quantal.report.charts_compute import forecast_fan
from quantal.report.charts_curves import mean_taken_apart
from quantal.report.charts_fit import measured_against_predicted
from quantal.report.charts_frequencies import frequencies_by_rank
from quantal.report.charts_spectrum import corpus_curve, duality_product, recovered_spectrum
from quantal.report.charts_table import law_ranking, runs_overview
from quantal.report.charts_theory import loss_in_quanta
from quantal.runs import Runs
from quantal.spectrum import CorpusForecast, DualityTest, RecoveredFrequencies
from quantal.theory import FrequencyFit, QuantaModel


def plot(noun: Any) -> Chart:
    """The chart of a noun: runs, a fit, laws ranked, a plan, a spectrum, a model of quanta, laws fitted to counts, or token curves.

    Save it with ``plot(noun).save("chart.html")``; others are in `quantal.report`.

    Raises:
        InputError: no chart is known for this kind of object.

    >>> import quantal as ql
    >>> ql.plot(ql.read_runs({"params": [1e6, 1e7], "tokens": [2e8, 2e9], "loss": [4.1, 3.5]}))
    Chart('runs': Where the runs lie; 1 series, 2 points; save it as .html)
    """
    match noun:
        case Runs():
            return runs_overview(noun)
        case Fit():
            return measured_against_predicted(noun)
        case Comparison():
            return law_ranking(noun)
        case Plan():
            return forecast_fan(noun.fit, [noun])
        case RecoveredFrequencies():
            return recovered_spectrum(noun)
        case DualityTest():
            return duality_product(noun)
        case CorpusForecast():
            return corpus_curve(noun)
        case QuantaModel():
            return loss_in_quanta(noun)
        case FrequencyFit():
            return frequencies_by_rank(noun)
        case TokenCurves():
            return mean_taken_apart(noun)
    raise InputError(
        "plot draws Runs, Fit, Comparison, Plan, RecoveredFrequencies, DualityTest, CorpusForecast, QuantaModel, FrequencyFit or "
        f"TokenCurves, and was given {type(noun).__name__}"
    )
