"""Optimisers that fit all networks of a job at once (row 4)."""

from ratelab.training._adam import Adam
from ratelab.training._generator import generator
from ratelab.training._initial import initial_weights
from ratelab.training._varpro import VariableProjection

__all__ = ["Adam", "VariableProjection", "generator", "initial_weights"]
