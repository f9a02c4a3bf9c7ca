"""Claims: what was predicted, what was measured, and the verdict, each by one command."""

from quantal.reproduce.claim import Claim as Claim
from quantal.reproduce.claim import judged as judged
from quantal.reproduce.derivation import derivation as derivation
from quantal.reproduce.literature import literature as literature
