"""All classes of networks at equal connections: errors, leaks, proofs about supports, and verdicts on sequences."""

from math import nan
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ratelab.exact import smallest_cube
from ratelab.networks import Network
from ratelab.registry import Progress, Registry, Target
from ratelab.spaces import SupportedNetwork
from ratelab.spaces._support_topology import VERDICTS, SupportMember, support_verdict
from ratelab.studies.experiments._leaks_measures import BoxMeasures, rounded
from ratelab.studies.experiments._leaks_quadrature import Quadrature, quadrature
from ratelab.studies.experiments._served_targets import served_targets
from ratelab.studies.experiments._support_classes import SLOPES, Classes, Member, labels_of
from ratelab.studies.experiments._support_parameters import SupportVerdicts
from ratelab.studies.experiments._support_verdicts_proofs import Proof, proved
from ratelab.training import trained_slopes

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]

CERTIFICATES = {"not_built": 0, "zero_outside": 1, "nonzero": 2, "unbounded": 3, "open": 4}
"""What is proved: zero outside a stated neighbourhood; non-zero almost everywhere; an unbounded support; nothing."""
CONVERGENCE = {"not_built": 0, **{name.replace(" ", "_"): i + 1 for i, name in enumerate(VERDICTS)}}
MATCHING = {"not_built": 0, "yes": 1, "no": 2, "undecided": 3}
QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)
NEAR = 0.1
"""Slopes this close to 0 or 1 are counted as such."""

_REAL = {
    "l1_error": "L1 error on the box twice the support's size, quadrature",
    "sup_error": "largest error at the quadrature points in the support",
    "l2_error": "L2 error on the support, quadrature",
    "leak_l1": "integral of |network| over the box without the support, quadrature",
    "leak_low": "measure of {network non-zero} in the box without the support, proved lower end",
    "leak_high": "measure of {network non-zero} in the box without the support, proved upper end",
    "mismatch_low": "symmetric difference of the supports in the box over the measure of the target's, proved lower "
    "end",
    "mismatch_high": "symmetric difference of the supports in the box over the measure of the target's, proved upper "
    "end",
    "mismatch_float": "the same by float64 values at quadrature points, no certificate; NaN where certified non-zero",
    "cube": "n: the least n with the support in [-an, an]^d; infinite: certified unbounded; NaN: not known",
}
_BARE = {
    "bare_l1_error": "L1 error on the same box of the masked network without its mask",
    "bare_l2_error": "L2 error on the support of the masked network without its mask",
    "bare_leak_l1": "integral over the box without the support of the masked network without its mask",
}
_MEASURES = {
    f"{name}{end}": f"measure of {what}, {kind}"
    for name, what in (
        ("outside", "the box without the support"),
        ("support_measure", "the target's support"),
    )
    for end, kind in (
        ("", "numerical: by quadrature"),
        ("_low", "proved lower end"),
        ("_high", "proved upper end"),
    )
}
_LONG_NAMES = {
    "target": "function with a declared support",
    "class": "class of networks",
    "budget": "most connections",
    "quantile": "quantile of the trained slopes",
    "variables": "number of variables d",
    "radius": "R: the box [-R, R]^d is twice the support's size",
    **_MEASURES,
    "target_cube": "n of the target's support",
    "connections": "non-zero weight-matrix entries (-1: no network fits)",
    "certificate": "what is proved of the network",
    "reason": "why",
    **_REAL,
    **_BARE,
    "bare_connections": "connections of the masked network without its mask (-1: not built)",
    "slope": "slopes of the PReLU neurons after training",
    "slopes_near": "share of the trained slopes within a tenth of 0 or of 1",
    "convergence": "verdict of the sequence over budgets in the finer topology, on the computed prefix",
    "matching": "whether target and networks need the same cube from some budget on, on the computed prefix",
    "convergence_reason": "why",
}


def run(parameters: SupportVerdicts, registry: Registry, progress: Progress) -> "xr.Dataset":
    """Build, fit, certify and measure the networks of every class, and judge the sequences over budgets."""
    targets = served_targets("support-verdicts", parameters, registry)
    labels = labels_of(parameters)
    tables = _empty(len(targets), len(labels), len(parameters.budgets))
    steps, done = len(targets) * len(labels), 0
    for row, target in enumerate(targets):
        assert target.support is not None
        radius = box_of(target)
        ruler = quadrature(target, [radius], target.support)
        measures = BoxMeasures(target.support, radius)
        level = smallest_cube(target.support, parameters.scale)
        for name, value in (
            ("radius", radius), ("outside", ruler.without(radius)),
            ("support_measure", ruler.measure(ruler.inside)),
            ("target_cube", level), ("variables", target.dimension),
        ):  # fmt: skip
            tables[name][1][row] = value
        for name, bracket in (("outside", measures.outside), ("support_measure", measures.size)):
            tables[f"{name}_low"][1][row], tables[f"{name}_high"][1][row] = rounded(bracket)
        classes = Classes(target, parameters, registry)
        for column, label in enumerate(labels):
            members = []
            for index, budget in enumerate(parameters.budgets):
                found = classes.member(label, budget)
                if found is None:
                    continue
                proof = proved(found, ruler, measures, parameters.scale)
                _enter(tables, (row, column, index), found, proof, ruler, measures)
                if label == SLOPES:
                    _slopes(tables, (row, index), found)
                known = None if np.isnan(proof.cube) else proof.cube
                members.append(
                    SupportMember(float(tables["l1_error"][1][row, column, index]), known, proof.reason)
                )
            _judge(tables, (row, column), members, level)
            done += 1
            progress(done, steps)
    return _dataset(parameters, labels, tables)


def box_of(target: Target) -> float:
    """Return R: the box [−R, R]^d has twice the size of the smallest one about 0 that holds the support."""
    assert target.support is not None
    return 2 * max(abs(float(end)) for side in target.support.bounds for end in side)


def _empty(targets: int, classes: int, budgets: int) -> dict[str, Any]:
    """Return the tables, without numbers."""
    axes, shape = ("target", "class", "budget"), (targets, classes, budgets)
    return {
        **{name: (axes, np.full(shape, nan)) for name in _REAL},
        **{
            name: (("target", "budget"), np.full((targets, budgets), nan)) for name in (*_BARE, "slopes_near")
        },
        "slope": (("target", "budget", "quantile"), np.full((targets, budgets, len(QUANTILES)), nan)),
        "connections": (axes, np.full(shape, -1, np.int64)),
        "bare_connections": (("target", "budget"), np.full((targets, budgets), -1, np.int64)),
        "certificate": (axes, np.zeros(shape, np.int8)),
        "reason": (axes, np.full(shape, "", dtype=object)),
        **{name: (axes[:2], np.zeros(shape[:2], np.int8)) for name in ("convergence", "matching")},
        "convergence_reason": (axes[:2], np.full(shape[:2], "", dtype=object)),
        **{name: ("target", np.full(targets, nan)) for name in ("radius", "target_cube", *_MEASURES)},
        "variables": ("target", np.zeros(targets, np.int64)),
    }


def _enter(
    tables: dict[str, Any], at: tuple[int, int, int], member: Member, proof: Proof, ruler: Quadrature,
    measures: BoxMeasures,
) -> None:  # fmt: skip
    """Write the numbers of one network."""
    numbers = measured(member.network, ruler, member.built)
    if proof.certificate == "nonzero":
        numbers["mismatch_float"] = nan
    numbers["cube"] = proof.cube
    numbers["leak_low"], numbers["leak_high"] = rounded(proof.leak)
    numbers["mismatch_low"], numbers["mismatch_high"] = measures.over_size(proof.mismatch)
    for name, value in numbers.items():
        tables[name][1][at] = value
    tables["connections"][1][at] = member.network.connections
    tables["certificate"][1][at] = CERTIFICATES[proof.certificate]
    tables["reason"][1][at] = proof.reason
    if member.bare is not None:
        bare = measured(member.bare, ruler)
        for name in _BARE:
            tables[name][1][at[0], at[2]] = bare[name.removeprefix("bare_")]
        tables["bare_connections"][1][at[0], at[2]] = member.bare.connections


def measured(network: Network, ruler: Quadrature, built: SupportedNetwork | None = None) -> dict[str, float]:
    """Return the errors and the leak of a network by quadrature; the box is the only one of the ruler."""
    seen, radius = ruler.measured(network, built), ruler.radii[-1]
    rule, box = seen.rule, [(-radius, radius)] * network.inputs
    held = rule.errors(seen.apart, rule.inside)
    wrong = rule.within(box) & ((seen.values != 0).any(axis=1) != rule.inside)
    return {
        "l1_error": seen.errors(box).l1,
        "sup_error": held.sup,
        "l2_error": held.l2,
        "leak_l1": seen.leak(radius),
        "mismatch_float": rule.measure(wrong) / rule.measure(rule.inside),
    }


def _slopes(tables: dict[str, Any], at: tuple[int, int], member: Member) -> None:
    """Write the distribution of the trained slopes."""
    slopes = np.concatenate(trained_slopes(member.network))
    tables["slope"][1][at] = np.quantile(slopes, QUANTILES)
    tables["slopes_near"][1][at] = np.mean((abs(slopes) <= NEAR) | (abs(slopes - 1) <= NEAR))


def _judge(
    tables: dict[str, Any], at: tuple[int, int], members: list[SupportMember], level: int
) -> None:  # fmt: skip
    """Write the verdict on a sequence; one with fewer than two networks has none."""
    if len(members) < 2:
        return
    verdict = support_verdict(members, level)
    tables["convergence"][1][at] = CONVERGENCE[verdict.convergence.replace(" ", "_")]
    tables["matching"][1][at] = MATCHING[{True: "yes", False: "no", None: "undecided"}[verdict.matching]]
    tables["convergence_reason"][1][at] = verdict.reason


def _dataset(parameters: SupportVerdicts, labels: tuple[str, ...], tables: dict[str, Any]) -> "xr.Dataset":
    """Return everything with names."""
    import xarray as xr

    dataset = xr.Dataset(
        tables,
        coords={
            "target": np.array(parameters.targets, dtype=object),
            "class": np.array(labels, dtype=object),
            "budget": list(parameters.budgets),
            "quantile": list(QUANTILES),
        },
        attrs={"trainer": parameters.trainer, "slopes": parameters.slopes, "scale": parameters.scale},
    )
    for name, text in _LONG_NAMES.items():
        dataset[name].attrs["long_name"] = text
    for name, meanings in (
        ("certificate", CERTIFICATES),
        ("convergence", CONVERGENCE),
        ("matching", MATCHING),
    ):
        dataset[name].attrs["flag_values"] = np.array(list(meanings.values()), dtype=np.int8)
        dataset[name].attrs["flag_meanings"] = " ".join(meanings)
    return dataset
