"""Plugin kinds, hook specifications and discovery (row 0: imports neither torch nor xarray)."""

from ratelab.registry._activation import Activation
from ratelab.registry._discovery import (
    Broken,
    Catalogue,
    Entry,
    Registry,
    built_in_folder,
    digest,
    load_plugins,
    plugin_files,
    unknown,
)
from ratelab.registry._family import Family, check_parameters, member_label
from ratelab.registry._hooks import HOOKS, KINDS, Hooks, hookimpl, hookspec
from ratelab.registry._index import Index, IndexEntry, build_index, construction_case, read_index
from ratelab.registry._integrals import integrals
from ratelab.registry._labels import Parameter, label, parse_label, parse_value, slug
from ratelab.registry._polynomial import PiecewisePolynomial
from ratelab.registry._promise import Promise
from ratelab.registry._protocols import Architecture, Complexity, Construction, Progress, Trainer
from ratelab.registry._refusals import require_accepted, too_small
from ratelab.registry._shapes import Ball, Box, Distance, Shape
from ratelab.registry._supports import Boxes, LevelSet, Support
from ratelab.registry._target import SelfSimilar, Smoothness, Target

__all__ = [
    "HOOKS",
    "KINDS",
    "Activation",
    "Architecture",
    "Ball",
    "Box",
    "Boxes",
    "Broken",
    "Catalogue",
    "Complexity",
    "Construction",
    "Distance",
    "Entry",
    "Family",
    "Hooks",
    "Index",
    "IndexEntry",
    "LevelSet",
    "Parameter",
    "PiecewisePolynomial",
    "Progress",
    "Promise",
    "Registry",
    "SelfSimilar",
    "Shape",
    "Smoothness",
    "Support",
    "Target",
    "Trainer",
    "build_index",
    "built_in_folder",
    "check_parameters",
    "construction_case",
    "digest",
    "hookimpl",
    "hookspec",
    "integrals",
    "label",
    "load_plugins",
    "member_label",
    "parse_label",
    "parse_value",
    "plugin_files",
    "read_index",
    "require_accepted",
    "slug",
    "too_small",
    "unknown",
]
