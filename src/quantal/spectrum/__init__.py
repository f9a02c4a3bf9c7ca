"""Loss curves or counts -> frequencies of quanta, and tests of the theory that need no law of frequencies."""

from quantal.spectrum.corpus import CorpusForecast as CorpusForecast
from quantal.spectrum.corpus import corpus_forecast as corpus_forecast
from quantal.spectrum.curve import Curve as Curve
from quantal.spectrum.curve import loss_curve as loss_curve
from quantal.spectrum.duality import DualityTest as DualityTest
from quantal.spectrum.duality import duality_exponent as duality_exponent
from quantal.spectrum.duality import duality_of_model as duality_of_model
from quantal.spectrum.duality import duality_test as duality_test
from quantal.spectrum.mixture import MixtureTest as MixtureTest
from quantal.spectrum.mixture import mixture_test as mixture_test
from quantal.spectrum.recover import RecoveredFrequencies as RecoveredFrequencies
from quantal.spectrum.recover import recover_frequencies as recover_frequencies
from quantal.spectrum.which import WhichFrequencies as WhichFrequencies
from quantal.spectrum.which import which_frequencies as which_frequencies
