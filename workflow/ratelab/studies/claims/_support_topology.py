"""D1–D4, D11: the finer topology, its seminorms, matching supports, metric capacity."""

from collections.abc import Iterator
from fractions import Fraction
from math import inf

import numpy as np

from ratelab.exact import nonzero, smallest_cube
from ratelab.registry import Box
from ratelab.spaces import (
    finite_metric_capacity,
    growth_weights,
    interval_capacity,
    interval_packing,
    metric_capacity,
    metric_capacity_bound,
    separating_weight,
    supported,
    weighted_mass,
    weighted_mass_bound,
)
from ratelab.spaces._support_topology import Convergence, SupportMember, SupportVerdict, support_verdict
from ratelab.studies.claims import _support_topology_sequences as sequences
from ratelab.studies.claims._claim import Case, Scope, counted, illustrated, judged, not_measurable
from ratelab.training import polynomial_regressor

_ANALYTIC = ("tanh", "sigmoid", "softplus", "gelu", "silu", "sine", "gaussian", "arctan")
_WIDTHS = (25, 50, 100, 200)
_EXPONENTS = {1: (2, 3, 4, 5), 2: (1, 2, 3, 4)}
_CUBE = Fraction(1)
_DEGREES = (1, 2, 5, 8)


def d1(scope: Scope) -> Iterator[Case]:
    """Sequences that converge in L1 only, sequences that show density, proofs that analytic networks never vanish."""
    for label in ("tent", "compact_cone"):
        found = _moving(scope, label)
        yield illustrated(
            f"(i) moving bumps on {label}: last over first L1 error",
            found.ratio,
            "≤",
            0.5,
            "upper ends of errors",
        )
        yield illustrated(
            f"(i) moving bumps on {label}: supports in one cube",
            float(found.cube is not None),
            "=",
            0,
            found.reason,
        )
    failed = 0
    for index in range(scope.cases):
        verdict = _random_masks(scope, "D1", index)
        failed += not (verdict.converges and verdict.matching)
        scope.progress(index + 1, scope.cases)
    yield illustrated(
        f"(ii) masks on finer grids, {counted(scope.cases, 'random target')}: sequences that fail", failed, "=", 0,
        "sums of cones, d = 1, 2; upper ends of L1 errors, exact supports, on the computed prefix",
    )  # fmt: skip
    tried = unproved = 0
    for index in range(scope.cases):
        generator = scope.generator("D1", "analytic", index)
        for name in _ANALYTIC:
            activation = scope.registry.activations[name]
            for pooled in (False, True):
                dimension = 1 + int(generator.integers(0, 3))
                width = 1 + int(generator.integers(0, 12))
                network = sequences.analytic_network(activation, width, dimension, generator, pooled)
                tried += 1
                unproved += not nonzero(network)
    nodes = np.linspace(-1.5, 1.5, 65)[:, None]
    values = scope.registry.targets["tent"](nodes)
    polynomials = [
        polynomial_regressor(degree, nodes, np.full(65, 3 / 65), values, [(-1.5, 1.5)]) for degree in _DEGREES
    ]
    unproved_polynomials = sum(not nonzero(network) for network in polynomials)
    note = "one ball without 0 each, with and without pooling"
    yield judged(f"(iii) analytic networks without a certificate, of {tried}", unproved, "=", 0, note)
    yield judged(
        f"(iii) polynomials without a certificate, of {len(polynomials)}", unproved_polynomials, "=", 0,
        "least squares on the tent, as networks of poolings",
    )  # fmt: skip
    yield not_measurable(
        "(iii) no network of analytic activations but 0 is in the open set of compactly supported functions",
        "identity theorem on R^d; witnesses are the certificates above: "
        f"{tried - unproved + len(polynomials) - unproved_polynomials} networks that vanish on a null set only",
    )


def d2(scope: Scope) -> Iterator[Case]:
    """Three kinds of sequences, whose verdicts are known."""
    tent, cone = scope.registry.targets["tent"], scope.registry.targets["compact_cone"]
    for label, target in (("tent", tent), ("compact_cone", cone)):
        members = sequences.masks(target, _EXPONENTS[target.dimension], _CUBE)
        assert target.support is not None
        found = support_verdict(members, smallest_cube(target.support))
        yield _expected(f"masks on finer grids, {label}", found, "converges")
        yield _expected(f"moving bumps, {label}", _moving(scope, label), "L1_loc only")
    for name in ("tanh", "gaussian", "sigmoid"):
        members = _sweep(scope, name)
        yield _expected(
            f"{name}, widths {_WIDTHS[0]} to {_WIDTHS[-1]}, tent", support_verdict(members, 1), "L1_loc only"
        )
        unproved = [SupportMember(m.error, None, "floats only", m.everywhere) for m in members]
        yield _expected(f"{name}, the same without certificates", support_verdict(unproved, 1), "undecided")
    wrong = 0
    for index in range(scope.cases):
        generator = scope.generator("D2", index)
        levels = [int(n) for n in generator.integers(1, 5, 8)]
        errors = 2.0 ** -np.arange(8.0)
        level = int(generator.integers(1, 4))
        members = [SupportMember(float(e), n) for e, n in zip(errors, levels, strict=True)]
        settled = max(levels[4:]) <= max([level, *levels[:4]])
        wrong += support_verdict(members, level).converges != settled
    yield judged(
        f"verdicts on random prefixes other than the definition's, of {scope.cases}", wrong, "=", 0,
        "falling errors, random cubes: converges if the later half needs no new cube",
    )  # fmt: skip


def d3(scope: Scope) -> Iterator[Case]:
    """Weights against sequences with growing supports, and bounds for those in one cube."""
    least, spread = inf, 0.0
    for index in range(scope.cases):
        generator = scope.generator("D3", index)
        size = int(generator.integers(4, 12))
        masses = np.tril(
            2.0 ** -generator.uniform(0, 40, (size, size)) * generator.integers(0, 2, (size, size))
        )
        masses[np.arange(size), np.arange(size)] = 2.0 ** -generator.uniform(0, 60, size)
        found = separating_weight(masses)
        terms = [sum(_product(a, w) for a, w in zip(row, found.weights, strict=True)) for row in masses]
        least = min(least, float(min(terms)))
        cube = int(generator.integers(1, size))
        inside = masses[-1] * (np.arange(size) < cube)
        weights = growth_weights(size, "geometric") * generator.uniform(0.1, 10, size)
        bound = weighted_mass_bound(weights, cube, float(inside.sum()))
        if bound:
            spread = max(spread, weighted_mass(inside, weights, complete=True).high / bound)
        scope.progress(index + 1, scope.cases)
    yield judged("growing supports, random masses: least p_w of a member", least, "≥", 1, "in rationals")
    yield judged(
        "supports in one K_N: largest p_w over max w_n·‖g‖_1", spread, "≤", 1, "so no weight separates them from 0",
        tolerance=1e-12,
    )  # fmt: skip
    tent = scope.registry.targets["tent"]
    masses = np.array([row for _, row in sequences.moving_bumps(tent, Fraction(1, 8), 6, _CUBE)])
    found = separating_weight(masses)
    yield judged(
        "moving bumps on the tent: least p_w of f_k − f", float(found.seminorms.min()), "≥", 1,
        "masses of the bumps where their masks are 1; networks with certified supports",
    )  # fmt: skip
    yield judged("members that one annulus serves, at most", found.uses, "=", 1)
    late = [separating_weight([[2.0**-k, 0.0] for k in range(1, count)]).weights[0] for count in (6, 12, 24)]
    yield illustrated(
        "supports in one cube: growth of the weight needed, K = 5 to 23", late[-1] / late[0], "≥", 2.0**18,
        "on the computed prefix; no weight separates such a sequence from 0",
    )  # fmt: skip


def d4(scope: Scope) -> Iterator[Case]:
    """Masks inside the cube of the target, masks that stick out of it, and what shrinking does."""
    for label in ("tent", "compact_cone"):
        target = scope.registry.targets[label]
        assert target.support is not None
        own = smallest_cube(target.support)
        found = support_verdict(sequences.masks(target, _EXPONENTS[target.dimension], _CUBE), own)
        yield illustrated(
            f"masks on finer grids, {label}: matching", float(bool(found.matching)), "=", 1, found.reason
        )
    failed = 0
    for index in range(scope.cases):
        verdict = _random_masks(scope, "D4", index)
        failed += not (verdict.converges and verdict.matching)
        scope.progress(index + 1, scope.cases)
    yield illustrated(
        f"{counted(scope.cases, 'random target')} inside a cube: sequences without matching supports",
        failed,
        "=",
        0,
    )
    tent = scope.registry.targets["tent"]
    assert isinstance(tent.support, Box)
    edge = Fraction(tent.support.upper[0])
    touching = support_verdict(sequences.masks(tent, _EXPONENTS[1], edge), 1)
    yield illustrated(
        "a support that fills K_1, masks around it: matching",
        float(bool(touching.matching)),
        "=",
        0,
        touching.reason,
    )
    yield judged("the same: common cube", float(touching.cube or 0), "=", 2, "the weaker test is passed")
    inner = []
    for k in range(1, 6):
        share = 1 - Fraction(1, 2 ** (k + 1))
        built = supported(sequences.shrunken(tent, share), Fraction(1, 2 ** (k + 3)))
        member = sequences.mask_member(built, edge)
        # f(x/λ) ≤ f(x) for a tent, so their distance is (1 − λ)·∫f
        distance = float((1 - share) * edge)
        inner.append(SupportMember(member.error + distance, member.level, member.reason))
    found = support_verdict(inner, 1)
    yield illustrated(
        "the same, shrunken slightly and then built: matching",
        float(bool(found.matching)),
        "=",
        1,
        found.reason,
    )
    yield illustrated("the same: last over first L1 error", found.ratio, "≤", 0.5)


def d11(scope: Scope) -> Iterator[Case]:
    """Packings of an interval in rationals, of small sets by trying everything, of samples greedily."""
    radius, centres = interval_packing()
    gap = min(b - a for a, b in zip(centres, centres[1:], strict=False))
    yield judged(
        "interval [−1, 1]: disjoint balls in one packing", len(centres), "=", 5, f"r = {radius}, in rationals"
    )
    yield judged(
        "least distance of its centres over 2r/5", float(gap / (2 * radius / 5)), "≥", 1, "rational, disjoint"
    )
    yield judged(
        "six disjoint balls would span, over the length of B(x_0, r)", float(5 * 2 * Fraction(1, 5) / 2), "≥", 1,
        "centres of six are 2r apart at least, and lie in an interval shorter than 2r",
    )  # fmt: skip
    yield judged("capacity of an interval", interval_capacity(), "=", 5, "⌈1/ε⌉ for ε = 1/5")
    for dimension in (1, 2, 3):
        largest = 0
        for index in range(scope.cases):
            generator = scope.generator("D11", dimension, index)
            reach = int(generator.integers(3, 12))
            points = np.unique(generator.integers(-reach, reach + 1, (12, dimension)), axis=0)
            if index == 0:
                points = _lattice(dimension)
            largest = max(largest, finite_metric_capacity([[int(v) for v in point] for point in points]))
            scope.progress(index + 1, scope.cases)
        yield judged(
            f"{counted(scope.cases, 'set')} of up to 16 points, d = {dimension}: largest capacity", largest, "≤",
            metric_capacity_bound(dimension), "exact: all centres, radii and packings",
        )  # fmt: skip
    line = np.arange(201.0)[:, None]
    fine = max(metric_capacity(line, r).count for r in (25.0, 31.5, 50.0, 80.0))
    yield judged("201 points of an interval, r ≥ 25 mesh widths: greedy count", fine, "=", 5)
    coarse = metric_capacity(line, 5.0, check_mesh=False).count
    yield judged("the same, r = 5 mesh widths", coarse, "=", 9, "balls of single points: counts too many")


def _product(a: float, w: float) -> Fraction:
    return Fraction(float(a)) * Fraction(float(w))


def _lattice(dimension: int) -> np.ndarray:
    """Return at most 16 points of a grid around 0, whose capacity is large."""
    if dimension == 1:
        return np.arange(-7, 8)[:, None]
    side = np.arange(-1, 3) if dimension == 2 else np.arange(2)
    return np.stack(np.meshgrid(*[side] * dimension), axis=-1).reshape(-1, dimension)


def _moving(scope: Scope, label: str) -> SupportVerdict:
    target = scope.registry.targets[label]
    spacing, count = (Fraction(1, 8), 6) if target.dimension == 1 else (Fraction(1, 4), 4)
    found = sequences.moving_bumps(target, spacing, count, _CUBE)
    return support_verdict([member for member, _ in found], 1)


def _random_masks(scope: Scope, claim: str, index: int) -> SupportVerdict:
    dimension = 2 if index % 4 == 3 else 1
    target, cube = sequences.cones(scope.generator(claim, index), dimension)
    assert target.support is not None
    members = sequences.masks(target, _EXPONENTS[dimension], cube)
    return support_verdict(members, smallest_cube(target.support, float(cube)))


def _sweep(scope: Scope, name: str) -> list[SupportMember]:
    activation = scope.registry.activations[name]
    return sequences.width_sweep(
        scope.registry.targets["tent"], activation, _WIDTHS, scope.generator("sweep", name)
    )


def _expected(name: str, found: SupportVerdict, expected: Convergence) -> Case:
    note = f"{found.convergence}, on the computed prefix: {found.reason}"
    return illustrated(f"{name}: verdict '{expected}'", float(found.convergence == expected), "=", 1, note)
