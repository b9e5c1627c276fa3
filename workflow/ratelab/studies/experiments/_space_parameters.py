"""Experiments on approximation spaces: their parameters."""

from ratelab.studies.experiments._parameters import Parameters


class Calculus(Parameters):
    """Sums and compositions of networks, drawn neuron by neuron, with their counts against the promised ones."""


class SawtoothWaves(Parameters):
    """The sawtooth functions: pieces against connections, neurons and depth, and their Besov size."""


class ActivationTable(Parameters):
    """Common activations: smoothness, limits, and how networks of each carry a value unchanged."""


class SelfSimilarDepth(Parameters):
    """What depth buys for self-similar functions: counts and errors of the composed networks, in closed form."""


class Powers(Parameters):
    """From one power of ReLU to the next lower one, to polynomials and to products: errors and weights."""


class Indicators(Parameters):
    """Indicators of cubes and of a disc by three-layer networks, against n-term Haar wavelets."""


class MeasuredSmoothness(Parameters):
    """Critical smoothness of targets, measured from moduli and wavelets, beside direct and inverse estimates."""


class Embeddings(Parameters):
    """The lattice of embeddings between approximation spaces and Besov spaces."""


class FreeKnots(Parameters):
    """Free against uniform knots: n^2 times the error of best splines, and its limit."""


SPACE_EXPERIMENTS: tuple[tuple[str, type[Parameters], str], ...] = (
    ("calculus", Calculus, "_calculus"),
    ("sawtooth-waves", SawtoothWaves, "_sawtooth_waves"),
    ("activation-table", ActivationTable, "_activation_table"),
    ("self-similar", SelfSimilarDepth, "_self_similar"),
    ("powers", Powers, "_powers"),
    ("indicators", Indicators, "_indicators"),
    ("measured-smoothness", MeasuredSmoothness, "_measured_smoothness"),
    ("embeddings", Embeddings, "_embeddings"),
    ("free-knots", FreeKnots, "_free_knots"),
)
"""Name, parameters and module of each."""
