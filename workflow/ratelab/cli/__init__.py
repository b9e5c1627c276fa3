"""The command line: one verb per workflow rule, so that every rule can be run by hand (row 7)."""

from ratelab.cli._main import main

__all__ = ["main"]
