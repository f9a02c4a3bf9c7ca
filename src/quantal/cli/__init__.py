"""The command line: the same verbs on the same nouns as in Python."""

from quantal.cli.app import main as main
