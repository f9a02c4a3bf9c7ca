"""Fits -> Forecast: what a run would reach, how far beyond the data that is, and by which law."""

from quantal.forecast.forecast import Forecast as Forecast
from quantal.forecast.forecast import forecast as forecast
