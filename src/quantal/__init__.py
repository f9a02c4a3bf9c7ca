"""quantal: plan, fit and explain neural scaling laws.

Every public name is imported when it is first used, so that ``import quantal`` costs next to nothing.
"""

from __future__ import annotations

import importlib
import sys
import types
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from quantal.errors import ConvergenceWarning as ConvergenceWarning
    from quantal.errors import DataError as DataError
    from quantal.errors import DataWarning as DataWarning
    from quantal.errors import ExtrapolationWarning as ExtrapolationWarning
    from quantal.errors import IdentifiabilityError as IdentifiabilityError
    from quantal.errors import IdentifiabilityWarning as IdentifiabilityWarning
    from quantal.errors import InputError as InputError
    from quantal.errors import LawError as LawError
    from quantal.errors import QuantalError as QuantalError
    from quantal.errors import QuantalWarning as QuantalWarning
    from quantal.estimate import Estimate as Estimate
    from quantal.fit import Comparison as Comparison
    from quantal.fit import Fit as Fit
    from quantal.fit import GroupFits as GroupFits
    from quantal.fit import Posterior as Posterior
    from quantal.fit import compare as compare
    from quantal.fit import fit as fit
    from quantal.fit import fit_groups as fit_groups
    from quantal.fit import fit_targets as fit_targets
    from quantal.fit import load_fit as load_fit
    from quantal.fit import objective as objective
    from quantal.fit import quantization_reading as quantization_reading
    from quantal.fit import sample_posterior as sample_posterior
    from quantal.forecast import Benchmark as Benchmark
    from quantal.forecast import Forecast as Forecast
    from quantal.forecast import LeftChance as LeftChance
    from quantal.forecast import RecipeComparison as RecipeComparison
    from quantal.forecast import benchmark_extrapolation as benchmark_extrapolation
    from quantal.forecast import compare_recipes as compare_recipes
    from quantal.forecast import forecast as forecast
    from quantal.forecast import left_chance as left_chance
    from quantal.laws import Bounds as Bounds
    from quantal.laws import Exponent as Exponent
    from quantal.laws import Fraction as Fraction
    from quantal.laws import Law as Law
    from quantal.laws import Positive as Positive
    from quantal.laws import Real as Real
    from quantal.laws import Series as Series
    from quantal.laws import Signed as Signed
    from quantal.laws import Target as Target
    from quantal.laws import derived_quantities as derived_quantities
    from quantal.laws import get_law as get_law
    from quantal.laws import hold as hold
    from quantal.laws import law as law
    from quantal.laws import laws as laws
    from quantal.laws import lift as lift
    from quantal.laws import power_law as power_law
    from quantal.laws import quantized_law as quantized_law
    from quantal.laws import register as register
    from quantal.laws import varies as varies
    from quantal.plan import NextRuns as NextRuns
    from quantal.plan import Plan as Plan
    from quantal.plan import approaches as approaches
    from quantal.plan import next_runs as next_runs
    from quantal.plan import plan as plan
    from quantal.report import plot as plot
    from quantal.report import report as report
    from quantal.runs import Runs as Runs
    from quantal.runs import catalogue as catalogue
    from quantal.runs import read_counts as read_counts
    from quantal.runs import read_runs as read_runs
    from quantal.simulate import simulate as simulate
    from quantal.spectrum import corpus_forecast as corpus_forecast
    from quantal.spectrum import duality_test as duality_test
    from quantal.spectrum import mixture_test as mixture_test
    from quantal.spectrum import recover_frequencies as recover_frequencies
    from quantal.spectrum import which_frequencies as which_frequencies
    from quantal.theory import Binomial as Binomial
    from quantal.theory import Capacity as Capacity
    from quantal.theory import Cutoff as Cutoff
    from quantal.theory import Empirical as Empirical
    from quantal.theory import Exponential as Exponential
    from quantal.theory import FrequencyFit as FrequencyFit
    from quantal.theory import Geometric as Geometric
    from quantal.theory import GradientFlow as GradientFlow
    from quantal.theory import HardThreshold as HardThreshold
    from quantal.theory import Hill as Hill
    from quantal.theory import InformationLoss as InformationLoss
    from quantal.theory import LogNormal as LogNormal
    from quantal.theory import Mandelbrot as Mandelbrot
    from quantal.theory import Poisson as Poisson
    from quantal.theory import PowerLoss as PowerLoss
    from quantal.theory import QuantaModel as QuantaModel
    from quantal.theory import RepeatedEpochs as RepeatedEpochs
    from quantal.theory import Stretched as Stretched
    from quantal.theory import Task as Task
    from quantal.theory import Zipf as Zipf
    from quantal.theory import belevitch as belevitch
    from quantal.theory import emergence_of as emergence_of
    from quantal.theory import fit_frequencies as fit_frequencies

_ROOMS = {
    "errors": (
        "ConvergenceWarning DataError DataWarning ExtrapolationWarning IdentifiabilityError IdentifiabilityWarning "
        "InputError LawError QuantalError QuantalWarning"
    ),
    "estimate": "Estimate",
    "runs": "Runs catalogue read_counts read_runs",
    "laws": (
        "Bounds Exponent Fraction Law Positive Real Series Signed Target derived_quantities get_law hold law laws lift power_law "
        "quantized_law register varies"
    ),
    "simulate": "simulate",
    "fit": (
        "Comparison Fit GroupFits Posterior compare fit fit_groups fit_targets load_fit objective quantization_reading "
        "sample_posterior"
    ),
    "forecast": "Benchmark Forecast benchmark_extrapolation LeftChance RecipeComparison compare_recipes forecast left_chance",
    "plan": "NextRuns Plan approaches next_runs plan",
    "report": "plot report",
    "theory": (
        "Binomial Capacity Cutoff Empirical Exponential FrequencyFit Geometric GradientFlow HardThreshold Hill InformationLoss "
        "LogNormal Mandelbrot Poisson PowerLoss QuantaModel RepeatedEpochs Stretched Task Zipf belevitch emergence_of fit_frequencies"
    ),
    "spectrum": "corpus_forecast duality_test mixture_test recover_frequencies which_frequencies",
}
_ROOMS_AS_MODULES = ("discover",)
_HOME = {name: room for room, names in _ROOMS.items() for name in names.split()}

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name in _ROOMS_AS_MODULES:
        return importlib.import_module(f"quantal.{name}")
    if name not in _HOME:
        raise AttributeError(f"module 'quantal' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"quantal.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*_HOME, *_ROOMS_AS_MODULES, "__version__"])


class _Package(types.ModuleType):
    """Keeps a verb such as `quantal.fit` a function although its room is a package of the same name."""

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _HOME and isinstance(value, types.ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
