"""What a network is: layers, counts, storage; the identity and the powers ρ_r as primitives (row 1)."""

from ratelab.networks._ball import apply_ball, ball
from ratelab.networks._check_activation import check_activation, polynomial_degree
from ratelab.networks._evaluate import activate, forward, pool, rational_forward
from ratelab.networks._layout import FitProblem, FitResult, LayerShape, Layout, Status
from ratelab.networks._network import Layer, Network, Readout, resolve
from ratelab.networks._numbers import dyadic, fraction, rational
from ratelab.networks._powers import identity, power, primitive
from ratelab.networks._storage import counts, from_dataset, to_dataset
from ratelab.networks._widest import widest

__all__ = [
    "FitProblem",
    "FitResult",
    "Layer",
    "LayerShape",
    "Layout",
    "Network",
    "Readout",
    "Status",
    "activate",
    "apply_ball",
    "ball",
    "check_activation",
    "counts",
    "dyadic",
    "forward",
    "fraction",
    "from_dataset",
    "identity",
    "polynomial_degree",
    "pool",
    "power",
    "primitive",
    "rational",
    "rational_forward",
    "resolve",
    "to_dataset",
    "widest",
]
