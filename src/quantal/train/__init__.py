"""Networks that learn quanta: multitask sparse parity, small language models on text, and what a training measured."""

from quantal.train.extras import MissingExtra as MissingExtra
from quantal.train.parity import Stopwatch as Stopwatch
from quantal.train.parity import train_parity as train_parity
from quantal.train.parity_config import Net as Net
from quantal.train.parity_config import ParityConfig as ParityConfig
from quantal.train.parity_result import ParityResult as ParityResult
from quantal.train.text import train_text as train_text
from quantal.train.text_config import TextConfig as TextConfig
from quantal.train.text_result import TextResult as TextResult
from quantal.train.token_files import TokenFiles as TokenFiles
from quantal.train.token_files import token_files as token_files
