"""What a network is: layers, counts, storage; the identity and the powers ρ_r as primitives (row 1)."""

from ratelab.networks._calculus import (
    add,
    add_bound,
    compose,
    compose_bound,
    deepen,
    deepen_bound,
    identity_network,
    parallel,
    parallel_bound,
    scale,
    scale_bound,
)
from ratelab.networks._calculus_counts import Counts
from ratelab.networks._calculus_identity import IdentityForm, identity_form
from ratelab.networks._check_activation import check_activation, polynomial_degree
from ratelab.networks._families import (
    composed_tents,
    composed_zigzag,
    random_simplex,
    tents,
    zigzag,
    zonotope,
    zonotope_family,
)
from ratelab.networks._gadgets import (
    absolute,
    absolute_bound,
    maximum,
    maximum_bound,
    minimum,
    minimum_bound,
    positive_part,
    positive_part_bound,
)
from ratelab.networks._interpolation import interpolating_network, interpolation_widths
from ratelab.networks._layers import Layer, Readout, resolve
from ratelab.networks._layout import FitProblem, FitResult, LayerShape, Layout, Status
from ratelab.networks._network import Network
from ratelab.networks._numbers import dyadic, fraction, rational
from ratelab.networks._powers import identity, power, primitive
from ratelab.networks._prune import prune, prune_bound
from ratelab.networks._storage import counts, from_dataset, to_dataset
from ratelab.networks._strict import generalized, generalized_bound, strict, strict_bound
from ratelab.networks._widest import widest

__all__ = [
    "Counts",
    "FitProblem",
    "FitResult",
    "IdentityForm",
    "Layer",
    "LayerShape",
    "Layout",
    "Network",
    "Readout",
    "Status",
    "absolute",
    "absolute_bound",
    "add",
    "add_bound",
    "check_activation",
    "compose",
    "compose_bound",
    "composed_tents",
    "composed_zigzag",
    "counts",
    "deepen",
    "deepen_bound",
    "dyadic",
    "fraction",
    "from_dataset",
    "generalized",
    "generalized_bound",
    "identity",
    "identity_form",
    "identity_network",
    "interpolating_network",
    "interpolation_widths",
    "maximum",
    "maximum_bound",
    "minimum",
    "minimum_bound",
    "parallel",
    "parallel_bound",
    "polynomial_degree",
    "positive_part",
    "positive_part_bound",
    "power",
    "primitive",
    "prune",
    "prune_bound",
    "random_simplex",
    "rational",
    "resolve",
    "scale",
    "scale_bound",
    "strict",
    "strict_bound",
    "tents",
    "to_dataset",
    "widest",
    "zigzag",
    "zonotope",
    "zonotope_family",
]
