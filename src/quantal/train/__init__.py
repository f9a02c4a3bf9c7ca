"""Networks that learn quanta: multitask sparse parity, small language models on text, and what a training measured."""

from quantal.extras import MissingExtra as MissingExtra
from quantal.train.memory_store import MemoryStore as MemoryStore
from quantal.train.parity import Stopwatch as Stopwatch
from quantal.train.parity import parity_networks as parity_networks
from quantal.train.parity import train_parity as train_parity
from quantal.train.parity_config import Net as Net
from quantal.train.parity_config import ParityConfig as ParityConfig
from quantal.train.parity_presets import PARITY_PRESETS as PARITY_PRESETS
from quantal.train.parity_presets import ParityPreset as ParityPreset
from quantal.train.parity_presets import parity_preset as parity_preset
from quantal.train.parity_result import ParityResult as ParityResult
from quantal.train.store import Store as Store
from quantal.train.store import open_store as open_store
from quantal.train.sweep import Standing as Standing
from quantal.train.sweep import SweepResult as SweepResult
from quantal.train.sweep import sweep as sweep
from quantal.train.sweep_file import SweepFile as SweepFile
from quantal.train.sweep_file import presets as presets
from quantal.train.sweep_file import read_sweep as read_sweep
from quantal.train.text import train_text as train_text
from quantal.train.text_config import TextConfig as TextConfig
from quantal.train.text_result import TextResult as TextResult
from quantal.train.token_files import TokenFiles as TokenFiles
from quantal.train.token_files import token_files as token_files
