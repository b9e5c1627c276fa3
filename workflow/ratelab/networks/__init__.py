"""What a network is: layers, counts, storage; identity, powers ρ_r and sine as primitives (row 1)."""

from ratelab.networks._ball import increasing_ball
from ratelab.networks._box_mask import box_mask, box_mask_bound
from ratelab.networks._bspline_networks import bspline, bspline_bound, bspline_pieces
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
from ratelab.networks._calculus_counts import Counts, cheapest
from ratelab.networks._calculus_identity import IdentityForm, identity_form
from ratelab.networks._carry import Carry, carry
from ratelab.networks._check_activation import check_activation, polynomial_degree
from ratelab.networks._decoder_code import SineCode, working_precision
from ratelab.networks._decoders import DECODERS, decoder
from ratelab.networks._dyadic_blocks import Blocks
from ratelab.networks._dyadic_function import SelfSimilarFunction
from ratelab.networks._dyadic_splines import (
    pieces_per_refinement,
    self_similar_spline,
    self_similar_spline_bound,
    self_similar_spline_error,
    self_similar_spline_rounding,
)
from ratelab.networks._families import (
    composed_tents,
    composed_zigzag,
    random_simplex,
    tents,
    zigzag,
    zonotope,
    zonotope_family,
)
from ratelab.networks._float_decoder import FloatDecoder
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
from ratelab.networks._generic_shift import generic_shift
from ratelab.networks._grade_code import Decoder, GradeCode
from ratelab.networks._hat_counts import PooledCounts
from ratelab.networks._indicators import (
    cube_indicator,
    cube_indicator_bound,
    polygon_indicator,
    polygon_indicator_bound,
    polytope_indicator,
    polytope_indicator_bound,
    regular_polygon_indicator,
    step,
)
from ratelab.networks._interpolation import interpolating_network, interpolation_widths
from ratelab.networks._kuhn_hats import kuhn_hats, kuhn_hats_bound
from ratelab.networks._lattice_decoder import LatticeDecoder
from ratelab.networks._layers import Layer, Readout, resolve
from ratelab.networks._layerwise import LayerwiseNetwork
from ratelab.networks._layerwise_build import layerwise_network
from ratelab.networks._layerwise_counts import ParameterBits
from ratelab.networks._layerwise_points import Location
from ratelab.networks._layout import (
    FitProblem,
    FitResult,
    GradeSpan,
    LayerShape,
    Layout,
    Status,
    graded_readouts,
    grades_of,
)
from ratelab.networks._localisation import Localisation, layerwise_parameters, layerwise_width
from ratelab.networks._lower_power import LowerPowerErrors, lower_power, lower_power_bound
from ratelab.networks._masked import clip, gated, gated_bound, masked, masked_bound
from ratelab.networks._multiply import (
    bilinear,
    bilinear_bound,
    multiply,
    multiply_bound,
    outer_product,
    outer_product_bound,
)
from ratelab.networks._network import Network
from ratelab.networks._numbers import dyadic, fraction, rational
from ratelab.networks._polynomial_networks import polynomial, polynomial_bound, power_exponent
from ratelab.networks._polynomial_rounding import evaluation_rounding, mean_square_rounding
from ratelab.networks._powers import identity, power, primitive
from ratelab.networks._products import TensorProduct, monomial, monomial_bound, product, product_bound
from ratelab.networks._prune import prune, prune_bound
from ratelab.networks._ridges import RidgeForm, cone_ridges, cone_ridges_bound
from ratelab.networks._sawtooth import sawtooth, sawtooth_blocks, sawtooth_bound, sawtooth_of_depth
from ratelab.networks._self_similar import (
    best_folded,
    folded_error,
    folded_network,
    folded_network_bound,
    folded_rounding,
)
from ratelab.networks._sine import sine
from ratelab.networks._sine_decoder import SineDecoder
from ratelab.networks._smooth_window import smooth_window
from ratelab.networks._storage import counts, from_dataset, to_dataset
from ratelab.networks._strict import generalized, generalized_bound, strict, strict_bound
from ratelab.networks._table_decoder import TableCode, TableDecoder
from ratelab.networks._tensor_hats import tensor_hats, tensor_hats_bound
from ratelab.networks._widest import dense_size, widest

__all__ = [
    "DECODERS",
    "Blocks",
    "Carry",
    "Counts",
    "Decoder",
    "FitProblem",
    "FitResult",
    "FloatDecoder",
    "GradeCode",
    "GradeSpan",
    "IdentityForm",
    "LatticeDecoder",
    "Layer",
    "LayerShape",
    "LayerwiseNetwork",
    "Layout",
    "Localisation",
    "Location",
    "LowerPowerErrors",
    "Network",
    "ParameterBits",
    "PooledCounts",
    "Readout",
    "RidgeForm",
    "SelfSimilarFunction",
    "SineCode",
    "SineDecoder",
    "Status",
    "TableCode",
    "TableDecoder",
    "TensorProduct",
    "absolute",
    "absolute_bound",
    "add",
    "add_bound",
    "best_folded",
    "bilinear",
    "bilinear_bound",
    "box_mask",
    "box_mask_bound",
    "bspline",
    "bspline_bound",
    "bspline_pieces",
    "carry",
    "cheapest",
    "check_activation",
    "clip",
    "compose",
    "compose_bound",
    "composed_tents",
    "composed_zigzag",
    "cone_ridges",
    "cone_ridges_bound",
    "counts",
    "cube_indicator",
    "cube_indicator_bound",
    "decoder",
    "deepen",
    "deepen_bound",
    "dense_size",
    "dyadic",
    "evaluation_rounding",
    "folded_error",
    "folded_network",
    "folded_network_bound",
    "folded_rounding",
    "fraction",
    "from_dataset",
    "gated",
    "gated_bound",
    "generalized",
    "generalized_bound",
    "generic_shift",
    "graded_readouts",
    "grades_of",
    "identity",
    "identity_form",
    "identity_network",
    "increasing_ball",
    "interpolating_network",
    "interpolation_widths",
    "kuhn_hats",
    "kuhn_hats_bound",
    "layerwise_network",
    "layerwise_parameters",
    "layerwise_width",
    "lower_power",
    "lower_power_bound",
    "masked",
    "masked_bound",
    "maximum",
    "maximum_bound",
    "mean_square_rounding",
    "minimum",
    "minimum_bound",
    "monomial",
    "monomial_bound",
    "multiply",
    "multiply_bound",
    "outer_product",
    "outer_product_bound",
    "parallel",
    "parallel_bound",
    "pieces_per_refinement",
    "polygon_indicator",
    "polygon_indicator_bound",
    "polynomial",
    "polynomial_bound",
    "polynomial_degree",
    "polytope_indicator",
    "polytope_indicator_bound",
    "positive_part",
    "positive_part_bound",
    "power",
    "power_exponent",
    "primitive",
    "product",
    "product_bound",
    "prune",
    "prune_bound",
    "random_simplex",
    "rational",
    "regular_polygon_indicator",
    "resolve",
    "sawtooth",
    "sawtooth_blocks",
    "sawtooth_bound",
    "sawtooth_of_depth",
    "scale",
    "scale_bound",
    "self_similar_spline",
    "self_similar_spline_bound",
    "self_similar_spline_error",
    "self_similar_spline_rounding",
    "sine",
    "smooth_window",
    "step",
    "strict",
    "strict_bound",
    "tensor_hats",
    "tensor_hats_bound",
    "tents",
    "to_dataset",
    "widest",
    "working_precision",
    "zigzag",
    "zonotope",
    "zonotope_family",
]
