"""Rates: slopes of brackets, models, what theory predicts and what is proved for every size (row 3)."""

from typing import TYPE_CHECKING

from ratelab._lazy import exports

_NAMES = {
    "AllSizesBound": "._derivatives",
    "ApproximationFamily": "._families",
    "ApproximationNorm": "._norms",
    "AxiomCheck": "._axioms",
    "BesovNorm": "._besov",
    "CellLevels": "._layerwise_levels",
    "DepthGap": "._size_bounds",
    "DepthGrowth": "._depth_growth",
    "DiscPolygon": "._polygons",
    "DyadicNorm": "._norms",
    "Edge": "._embedding_lattice",
    "Embedding": "._embeddings",
    "GapSize": "._size_bounds",
    "GeometricTail": "._norm_tails",
    "HaarTerms": "._haar",
    "ImpliedRate": "._prediction_smoothness",
    "ImpliedSmoothness": "._prediction_smoothness",
    "Lattice": "._embedding_lattice",
    "LayerwiseApproximation": "._layerwise",
    "LayerwiseGrade": "._layerwise_accounts",
    "LayerwisePlan": "._layerwise_plan",
    "LayerwiseSizes": "._layerwise_plan",
    "LayerwiseStop": "._layerwise",
    "LipschitzExtension": "._mcshane",
    "Membership": "._families",
    "MetricCapacity": "._metric_capacity",
    "Modulus": "._moduli",
    "NormCurve": "._norm_curve",
    "PowerTail": "._norm_tails",
    "Prediction": "._prediction_statements",
    "RateModel": "._rate_model",
    "SOFT_SHARE": "._polygons",
    "SelfSimilarBound": "._self_similar",
    "SeparatingWeight": "._annuli",
    "SmoothnessEstimate": "._critical_smoothness",
    "Space": "._embeddings",
    "Statement": "._prediction_statements",
    "SupportMember": "._support_topology",
    "SupportSizes": "._support_sizes",
    "SupportVerdict": "._support_topology",
    "SupportedNetwork": "._supported",
    "Tail": "._norm_tails",
    "WaveletDecay": "._wavelets",
    "WaveletLevels": "._wavelets",
    "WeightedMass": "._annuli",
    "ZeroTail": "._norm_tails",
    "active_nodes": "._supported_grid",
    "adaptive_smoothness": "._wavelet_smoothness",
    "approximation_norm": "._norms",
    "arrangement_regions": "._piece_bounds",
    "averaged_modulus_of_samples": "._moduli",
    "averages_bound": "._layerwise_plan",
    "besov_norm_by_moduli": "._besov",
    "besov_norm_by_wavelets": "._besov",
    "cell_levels": "._layerwise_levels",
    "check_axioms": "._axioms",
    "cone_best_scale": "._indicators",
    "cone_error": "._indicators",
    "cone_relative_error": "._indicators",
    "critical_alpha": "._norm_tails",
    "critical_smoothness": "._critical_smoothness",
    "cube_error": "._indicators",
    "cube_power": "._indicators",
    "depth_gap": "._size_bounds",
    "diameter": "._mcshane",
    "disc_polygon": "._polygons",
    "disc_polygon_difference": "._polygons",
    "disc_polygon_error": "._polygons",
    "disc_polygon_inradius": "._polygons",
    "distance_lower_bound": "._size_bounds",
    "dyadic_norm": "._norms",
    "embedding_lattice": "._embedding_lattice",
    "embeds": "._embeddings",
    "envelope": "._slopes",
    "errors_fall": "._support_topology",
    "family_sizes": "._families",
    "finite_metric_capacity": "._metric_capacity",
    "flat_boundary_constant": "._haar",
    "free_knot_limit": "._free_knot_limits",
    "gap_size": "._size_bounds",
    "growth_weights": "._annuli",
    "haar_terms": "._haar",
    "hat_sizes": "._support_sizes",
    "hoelder_bound": "._layerwise_plan",
    "hyperplane_partitions": "._piece_bounds",
    "implied_rate": "._prediction_smoothness",
    "implied_smoothness": "._prediction_smoothness",
    "interval_capacity": "._metric_capacity",
    "interval_packing": "._metric_capacity",
    "last_octave": "._slopes",
    "lattice_size": "._size_bounds",
    "layerwise": "._layerwise",
    "layerwise_base": "._layerwise_plan",
    "layerwise_bound": "._layerwise_plan",
    "layerwise_of_levels": "._layerwise",
    "layerwise_plan": "._layerwise_plan",
    "layerwise_sizes": "._layerwise_plan",
    "layerwise_until": "._layerwise",
    "least_connections": "._size_bounds",
    "least_size": "._size_bounds",
    "least_size_envelope": "._size_bounds",
    "least_size_of_cells": "._size_bounds",
    "least_size_recalled": "._size_bounds",
    "limit_constant": "._free_knot_limits",
    "lipschitz_estimate": "._mcshane",
    "logarithmic_depth_width_exponent": "._size_bounds",
    "lower_bound_all_n": "._derivatives",
    "mask_sizes": "._support_sizes",
    "mcshane": "._mcshane",
    "measures": "._haar",
    "metric_capacity": "._metric_capacity",
    "metric_capacity_bound": "._metric_capacity",
    "modulus": "._moduli",
    "modulus_of_samples": "._moduli",
    "montufar_lower": "._piece_bounds",
    "most_cells": "._piece_bounds",
    "most_cells_of_size": "._piece_bounds",
    "most_cells_refined": "._piece_bounds",
    "most_pieces": "._piece_bounds",
    "most_pieces_of_size": "._piece_bounds",
    "most_pieces_recalled": "._piece_bounds",
    "node_bounds": "._size_bounds",
    "norm_curve": "._norm_curve",
    "norm_growth": "._norm_curve",
    "norm_table": "._norm_curve",
    "pieces_envelope": "._piece_bounds",
    "pieces_envelope_recalled": "._piece_bounds",
    "power_depth_gap": "._size_bounds",
    "predict": "._predictions",
    "predicted_rate": "._predictions",
    "proof_source": "._proofs",
    "proved_rate": "._proofs",
    "rate_model": "._rate_model",
    "reconstructed_sizes": "._support_sizes",
    "representation_depth": "._size_bounds",
    "representation_depth_log3": "._size_bounds",
    "seed_quantiles": "._trained",
    "self_similar_bound": "._self_similar",
    "separating_weight": "._annuli",
    "slope": "._slopes",
    "support_verdict": "._support_topology",
    "supported": "._supported",
    "supported_within": "._supported_within",
    "tail_of": "._norm_proofs",
    "tents_pieces": "._piece_bounds",
    "trained_rate": "._trained",
    "verdict": "._slopes",
    "wavelet_decay": "._wavelets",
    "wavelet_levels": "._wavelets",
    "weighted_mass": "._annuli",
    "weighted_mass_bound": "._annuli",
    "windows": "._slopes",
    "zigzag_pieces": "._piece_bounds",
    "zonotope_depth_gap": "._size_bounds",
    "zonotope_family_pieces": "._piece_bounds",
    "zonotope_vertices": "._piece_bounds",
    "zonotope_vertices_recalled": "._piece_bounds",
}

__getattr__, __dir__ = exports(__name__, _NAMES)
__all__ = list(_NAMES)

if TYPE_CHECKING:
    from ratelab.spaces._annuli import (
        SeparatingWeight as SeparatingWeight,
        WeightedMass as WeightedMass,
        growth_weights as growth_weights,
        separating_weight as separating_weight,
        weighted_mass as weighted_mass,
        weighted_mass_bound as weighted_mass_bound,
    )
    from ratelab.spaces._axioms import AxiomCheck as AxiomCheck, check_axioms as check_axioms
    from ratelab.spaces._besov import (
        BesovNorm as BesovNorm,
        besov_norm_by_moduli as besov_norm_by_moduli,
        besov_norm_by_wavelets as besov_norm_by_wavelets,
    )
    from ratelab.spaces._critical_smoothness import (
        SmoothnessEstimate as SmoothnessEstimate,
        critical_smoothness as critical_smoothness,
    )
    from ratelab.spaces._depth_growth import DepthGrowth as DepthGrowth
    from ratelab.spaces._derivatives import (
        AllSizesBound as AllSizesBound,
        lower_bound_all_n as lower_bound_all_n,
    )
    from ratelab.spaces._embedding_lattice import (
        Edge as Edge,
        Lattice as Lattice,
        embedding_lattice as embedding_lattice,
    )
    from ratelab.spaces._embeddings import Embedding as Embedding, Space as Space, embeds as embeds
    from ratelab.spaces._families import (
        ApproximationFamily as ApproximationFamily,
        Membership as Membership,
        family_sizes as family_sizes,
    )
    from ratelab.spaces._free_knot_limits import (
        free_knot_limit as free_knot_limit,
        limit_constant as limit_constant,
    )
    from ratelab.spaces._haar import (
        HaarTerms as HaarTerms,
        flat_boundary_constant as flat_boundary_constant,
        haar_terms as haar_terms,
        measures as measures,
    )
    from ratelab.spaces._indicators import (
        cone_best_scale as cone_best_scale,
        cone_error as cone_error,
        cone_relative_error as cone_relative_error,
        cube_error as cube_error,
        cube_power as cube_power,
    )
    from ratelab.spaces._layerwise import (
        LayerwiseApproximation as LayerwiseApproximation,
        LayerwiseStop as LayerwiseStop,
        layerwise as layerwise,
        layerwise_of_levels as layerwise_of_levels,
        layerwise_until as layerwise_until,
    )
    from ratelab.spaces._layerwise_accounts import LayerwiseGrade as LayerwiseGrade
    from ratelab.spaces._layerwise_levels import CellLevels as CellLevels, cell_levels as cell_levels
    from ratelab.spaces._layerwise_plan import (
        LayerwisePlan as LayerwisePlan,
        LayerwiseSizes as LayerwiseSizes,
        averages_bound as averages_bound,
        hoelder_bound as hoelder_bound,
        layerwise_base as layerwise_base,
        layerwise_bound as layerwise_bound,
        layerwise_plan as layerwise_plan,
        layerwise_sizes as layerwise_sizes,
    )
    from ratelab.spaces._mcshane import (
        LipschitzExtension as LipschitzExtension,
        diameter as diameter,
        lipschitz_estimate as lipschitz_estimate,
        mcshane as mcshane,
    )
    from ratelab.spaces._metric_capacity import (
        MetricCapacity as MetricCapacity,
        finite_metric_capacity as finite_metric_capacity,
        interval_capacity as interval_capacity,
        interval_packing as interval_packing,
        metric_capacity as metric_capacity,
        metric_capacity_bound as metric_capacity_bound,
    )
    from ratelab.spaces._moduli import (
        Modulus as Modulus,
        averaged_modulus_of_samples as averaged_modulus_of_samples,
        modulus as modulus,
        modulus_of_samples as modulus_of_samples,
    )
    from ratelab.spaces._norm_curve import (
        NormCurve as NormCurve,
        norm_curve as norm_curve,
        norm_growth as norm_growth,
        norm_table as norm_table,
    )
    from ratelab.spaces._norm_proofs import tail_of as tail_of
    from ratelab.spaces._norm_tails import (
        GeometricTail as GeometricTail,
        PowerTail as PowerTail,
        Tail as Tail,
        ZeroTail as ZeroTail,
        critical_alpha as critical_alpha,
    )
    from ratelab.spaces._norms import (
        ApproximationNorm as ApproximationNorm,
        DyadicNorm as DyadicNorm,
        approximation_norm as approximation_norm,
        dyadic_norm as dyadic_norm,
    )
    from ratelab.spaces._piece_bounds import (
        arrangement_regions as arrangement_regions,
        hyperplane_partitions as hyperplane_partitions,
        montufar_lower as montufar_lower,
        most_cells as most_cells,
        most_cells_of_size as most_cells_of_size,
        most_cells_refined as most_cells_refined,
        most_pieces as most_pieces,
        most_pieces_of_size as most_pieces_of_size,
        most_pieces_recalled as most_pieces_recalled,
        pieces_envelope as pieces_envelope,
        pieces_envelope_recalled as pieces_envelope_recalled,
        tents_pieces as tents_pieces,
        zigzag_pieces as zigzag_pieces,
        zonotope_family_pieces as zonotope_family_pieces,
        zonotope_vertices as zonotope_vertices,
        zonotope_vertices_recalled as zonotope_vertices_recalled,
    )
    from ratelab.spaces._polygons import (
        SOFT_SHARE as SOFT_SHARE,
        DiscPolygon as DiscPolygon,
        disc_polygon as disc_polygon,
        disc_polygon_difference as disc_polygon_difference,
        disc_polygon_error as disc_polygon_error,
        disc_polygon_inradius as disc_polygon_inradius,
    )
    from ratelab.spaces._prediction_smoothness import (
        ImpliedRate as ImpliedRate,
        ImpliedSmoothness as ImpliedSmoothness,
        implied_rate as implied_rate,
        implied_smoothness as implied_smoothness,
    )
    from ratelab.spaces._prediction_statements import Prediction as Prediction, Statement as Statement
    from ratelab.spaces._predictions import predict as predict, predicted_rate as predicted_rate
    from ratelab.spaces._proofs import proof_source as proof_source, proved_rate as proved_rate
    from ratelab.spaces._rate_model import RateModel as RateModel, rate_model as rate_model
    from ratelab.spaces._self_similar import (
        SelfSimilarBound as SelfSimilarBound,
        self_similar_bound as self_similar_bound,
    )
    from ratelab.spaces._size_bounds import (
        DepthGap as DepthGap,
        GapSize as GapSize,
        depth_gap as depth_gap,
        distance_lower_bound as distance_lower_bound,
        gap_size as gap_size,
        lattice_size as lattice_size,
        least_connections as least_connections,
        least_size as least_size,
        least_size_envelope as least_size_envelope,
        least_size_of_cells as least_size_of_cells,
        least_size_recalled as least_size_recalled,
        logarithmic_depth_width_exponent as logarithmic_depth_width_exponent,
        node_bounds as node_bounds,
        power_depth_gap as power_depth_gap,
        representation_depth as representation_depth,
        representation_depth_log3 as representation_depth_log3,
        zonotope_depth_gap as zonotope_depth_gap,
    )
    from ratelab.spaces._slopes import (
        envelope as envelope,
        last_octave as last_octave,
        slope as slope,
        verdict as verdict,
        windows as windows,
    )
    from ratelab.spaces._support_sizes import (
        SupportSizes as SupportSizes,
        hat_sizes as hat_sizes,
        mask_sizes as mask_sizes,
        reconstructed_sizes as reconstructed_sizes,
    )
    from ratelab.spaces._support_topology import (
        SupportMember as SupportMember,
        SupportVerdict as SupportVerdict,
        errors_fall as errors_fall,
        support_verdict as support_verdict,
    )
    from ratelab.spaces._supported import SupportedNetwork as SupportedNetwork, supported as supported
    from ratelab.spaces._supported_grid import active_nodes as active_nodes
    from ratelab.spaces._supported_within import supported_within as supported_within
    from ratelab.spaces._trained import seed_quantiles as seed_quantiles, trained_rate as trained_rate
    from ratelab.spaces._wavelet_smoothness import adaptive_smoothness as adaptive_smoothness
    from ratelab.spaces._wavelets import (
        WaveletDecay as WaveletDecay,
        WaveletLevels as WaveletLevels,
        wavelet_decay as wavelet_decay,
        wavelet_levels as wavelet_levels,
    )
