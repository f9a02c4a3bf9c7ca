"""The quantization model: how often quanta are used, which are learned, and what loss follows."""

from quantal.theory.frequencies import Frequencies as Frequencies
from quantal.theory.zipf import Mandelbrot as Mandelbrot
from quantal.theory.zipf import Zipf as Zipf
