"""Claims: what was predicted, what was measured, and the verdict, each by one command."""

from quantal.reproduce.claim import Claim as Claim
from quantal.reproduce.claim import judged as judged
from quantal.reproduce.derivation import derivation as derivation
from quantal.reproduce.discovery import discovery as discovery
from quantal.reproduce.literature import literature as literature
from quantal.reproduce.parity import ParityStudy as ParityStudy
from quantal.reproduce.parity import parity as parity
from quantal.reproduce.parity_estimate import StudyEstimate as StudyEstimate
from quantal.reproduce.parity_estimate import estimate as estimate
