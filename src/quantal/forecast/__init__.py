"""Fits -> Forecast: what a run would reach, how far beyond the data that is, and by which law."""

from quantal.forecast.averaging import Averaged as Averaged
from quantal.forecast.averaging import average as average
from quantal.forecast.benchmark import Benchmark as Benchmark
from quantal.forecast.benchmark import benchmark_extrapolation as benchmark_extrapolation
from quantal.forecast.curve_average import CurveAverage as CurveAverage
from quantal.forecast.emergence import LeftChance as LeftChance
from quantal.forecast.emergence import left_chance as left_chance
from quantal.forecast.forecast import Forecast as Forecast
from quantal.forecast.forecast import forecast as forecast
from quantal.forecast.forecast import forecast_by as forecast_by
from quantal.forecast.forecast import laws_reading as laws_reading
from quantal.forecast.members import title_of as title_of
from quantal.forecast.recipes import RecipeComparison as RecipeComparison
from quantal.forecast.recipes import compare_recipes as compare_recipes
