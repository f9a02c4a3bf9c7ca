"""Networks that learn quanta: multitask sparse parity, and what a training measured."""

from quantal.train.parity import Stopwatch as Stopwatch
from quantal.train.parity import train_parity as train_parity
from quantal.train.parity_config import Net as Net
from quantal.train.parity_config import ParityConfig as ParityConfig
from quantal.train.parity_result import ParityResult as ParityResult
