"""Networks that match function and support: a target with a declared support in, a certified network out.

Every build proves or measures what it states, and stops where that fails: counts, zeros on the whole complement of a
neighbourhood, unbounded parts included, inclusion of supports, their distance, the error.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from math import ceil, isfinite
from typing import Literal

import numpy as np

from ratelab._errors import UserError
from ratelab.exact import (
    CubeUnion,
    SupportDistance,
    SupportErrors,
    ZeroCertificate,
    cell_quadrature,
    check_support,
    cover,
    leak_measure,
    network_values,
    support_distance,
    vanishes,
)
from ratelab.networks import Network, PooledCounts
from ratelab.networks._hat_layers import one_number
from ratelab.registry import LevelSet, Target
from ratelab.spaces._supported_build import METHODS, Method, Recipe, hats, mask
from ratelab.spaces._supported_grid import (
    checked_margin,
    checked_spacing,
    dilated_cells,
)
from ratelab.spaces._supported_measure import Side, box_sides, lattice

LIMIT = 20_000
"""Default for the most cubes or nodes."""
_CHECKED = 1 << 25
_MEASURED = 1 << 28
_ROUNDING = 2.0**-38
_MOST_WITNESSES = 1000


@dataclass(frozen=True, eq=False, repr=False)
class SupportedNetwork:
    """A network with its support, and what was proved and measured of both when it was built.

    Parameters
    ----------
    network
        f̂. Its float64 weights are exact: what is said of the support holds in real arithmetic.
    target, method, spacing
        What it was built for, and how.
    margin
        δ of the mask; 0 without one.
    support
        The closed set that is the essential support of f̂, or contains it: see `support_equal`.
    support_equal, support_reason
        Whether the essential support is exactly `support`, and why.
    neighbourhood
        Outside of which f̂ is certified to be 0: the margin in the maximum norm, so that boxes cover its complement.
    certificate
        That f̂ is 0 on the complement of the neighbourhood; None if it was not asked for.
    error_bound
        Of the largest error of an output on R^d; infinite if the target has no Lipschitz constant.
    error_certainty
        ``rigorous``: proved from the Lipschitz constant, up to the rounding of the target's values; ``numerical``: from
        the errors of a given network on a grid.
    shift
        η of masks; 0 for the others.
    counts, promised
        Depth, width, poolings, connections and neurons, and the most that was promised; nothing is promised of the
        last two for masks and gates.
    excess_bound
        How far the support reaches beyond the target's at most, in the maximum norm: h, or h + δ for masks and gates.
    undecided
        Number of cubes for which that is not proved, as no point of the target's support is known in them.
    sup_sampled
        Largest error seen when the network was built.
    base, mask
        g and Ψ of masks and gates; None for hats.
    nodes
        Grid points (J, d) in units of the spacing at which the target is not 0.
    """

    network: Network
    target: Target
    method: Method
    spacing: Fraction
    margin: Fraction
    support: CubeUnion
    support_equal: bool
    support_reason: str
    neighbourhood: CubeUnion
    certificate: ZeroCertificate | None
    error_bound: float
    error_certainty: Literal["rigorous", "numerical"]
    shift: Fraction
    counts: PooledCounts
    promised: PooledCounts
    excess_bound: Fraction
    undecided: int
    sup_sampled: float
    base: Network | None = field(default=None)
    mask: Network | None = field(default=None)
    nodes: "np.ndarray[tuple[int, int], np.dtype[np.int64]]" = field(
        default_factory=lambda: np.empty((0, 1), np.int64)
    )

    @property
    def float_network(self) -> Network:
        """The network in float64: itself, unless it was built from a rational one."""
        return self.network.float64()

    @property
    def cubes(self) -> int:
        """Number of grid cubes in the support, before margins."""
        return len(self.support)

    @cached_property
    def distance(self) -> SupportDistance:
        """How far `support` reaches beyond the target's and what it misses of it, as brackets in two norms."""
        assert self.target.support is not None
        # level sets are known by cells only, and small ones are many
        accuracy = float(self.spacing) / 16 if isinstance(self.target.support, LevelSet) else None
        return support_distance(self.support, self.target.support, accuracy=accuracy)

    @cached_property
    def leak_measure(self) -> tuple[float, float]:
        """Bracket of the measure of `support` outside the target's support."""
        assert self.target.support is not None
        return leak_measure(self.support, self.target.support)

    @property
    def sup_error(self) -> tuple[float, float]:
        """Bracket of the uniform error: the largest one seen when the network was built, and `error_bound`."""
        return self.sup_sampled, self.error_bound

    def errors(self, box: "float | Sequence[Side] | None" = None, parts: int | None = None) -> SupportErrors:
        """Measure errors by Gauss rules on the cells of the grid near both supports; elsewhere both functions are 0.

        Parameters
        ----------
        box
            A number R for [−R, R]^d, or d pairs (lower, upper); None for all of R^d.
        parts
            Parts into which each side of a cell is divided; by default 16, 4 or 2 in one, two or more variables, and
            fewer for large networks.

        Raises
        ------
        UserError
            If the box has another dimension, or parts are no whole number from 1 on.
        """
        sides = box_sides(box, self.target.dimension)
        if parts is not None and (not isinstance(parts, int) or parts < 1):
            raise UserError(f"parts is {parts!r}; allowed: whole numbers from 1 on, or None")
        assert self.target.support is not None
        cubes = np.vstack([self.support.cubes, cover(self.target.support, self.spacing).union.cubes])
        cubes = dilated_cells(cubes, ceil(self.margin / self.spacing))
        if parts is None:
            parts, dimension = {1: 16, 2: 4}.get(self.target.dimension, 2), self.target.dimension
            work = len(cubes) * self.network.connections * 2**dimension
            while parts > 1 and work * parts**dimension > _MEASURED:
                parts -= 1
        rule = cell_quadrature(self.target.support, float(self.spacing), cubes, parts, sides=sides)
        return rule.errors(network_values(self.float_network, rule.points) - self.target(rule.points))

    def __repr__(self) -> str:
        zero = f", {self.certificate!r}" if self.certificate is not None else ""
        margin = f", margin {self.margin}" if self.margin else ""
        relation = "=" if self.support_equal else "⊂"
        return (
            f"SupportedNetwork({self.target.name} by {self.method}, spacing {self.spacing}{margin}: "
            f"error ≤ {self.error_bound:.3g}, support {relation} {self.support!r}, {self.network!r}{zero})"
        )


def supported(
    target: Target,
    spacing: "Fraction | float",
    *,
    method: Method = "mask",
    margin: "Fraction | float | None" = None,
    network: Network | None = None,
    shift: "Fraction | float | None" = None,
    certify: bool = True,
    limit: int = LIMIT,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> SupportedNetwork:
    """Build a network that approximates a target together with its support, and certify it.

    Parameters
    ----------
    target
        With a declared support S; d variables, D outputs.
    spacing
        h of the grid, a power of 2.
    method
        ``mask``: (g + η)·Ψ, Ψ the mask of all grid cubes that meet the interior of S: its support is that of Ψ and
        holds S. ``hats``: interpolation by tensor hats and poolings: its support is in S + h[−1, 1]^d and may miss
        parts of S. ``gate``: g cut off by Ψ without pooling. ``kuhn``: hats without pooling.
    margin
        δ of the mask, a power of 2; by default h/4.
    network
        g for ``mask`` and ``gate``; by default tensor hats, or Kuhn's hats for the gate, of the target on that grid.
    shift
        η of the mask; by default about 2^(−40) times the largest value and such that g + η is 0 on no open set.
    certify
        Whether to prove zeros on the complement of the neighbourhood.
    limit
        Most cubes or nodes.
    progress
        Called with (done, total) boxes of the certificate.

    Raises
    ------
    UserError
        If the target declares no support or one outside of which it is not 0, the network does not fit it, a number is
        out of range, or the grid is too fine for the limit.
    AssertionError
        If a proved bound does not hold: a fault of the library, never of the user.
    """
    return kept(assembled(target, spacing, method, margin, network, shift, certify, limit, progress))


def assembled(
    target: Target,
    spacing: "Fraction | float",
    method: Method = "mask",
    margin: "Fraction | float | None" = None,
    network: Network | None = None,
    shift: "Fraction | float | None" = None,
    certify: bool = True,
    limit: int = LIMIT,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> SupportedNetwork:
    """Return what `supported` returns, before it is asserted that every bound holds."""
    step, width = _checked(target, spacing, method, margin, network, shift)
    check_limit(limit)
    number = None if shift is None else one_number("shift", shift, positive=False)
    if method in ("hats", "kuhn"):
        recipe, width = hats(target, step, method == "kuhn", limit), Fraction(0)
    else:
        recipe = mask(target, step, width, network, number, method == "gate", limit)
    certificate = None
    if certify:
        region = recipe.neighbourhood.complement()
        certificate = vanishes(recipe.network.float64(), region, progress=progress)
    assert target.support is not None
    sup = _sup(recipe, target, step)
    # a bound that was measured elsewhere is one of all points that were looked at
    bound = recipe.error_bound if recipe.certainty == "rigorous" else max(recipe.error_bound, sup)
    counts = PooledCounts.of(recipe.network)
    return SupportedNetwork(
        network=recipe.network, target=target, method=method, spacing=step, margin=width, support=recipe.support,
        support_equal=recipe.equal, support_reason=recipe.reason, neighbourhood=recipe.neighbourhood,
        certificate=certificate, error_bound=bound, error_certainty=recipe.certainty, shift=recipe.shift,
        counts=counts, promised=recipe.promised, excess_bound=recipe.excess_bound, undecided=recipe.undecided,
        sup_sampled=sup, base=recipe.base, mask=recipe.mask, nodes=recipe.nodes,
    )  # fmt: skip


def check_named(target: Target, method: str) -> None:
    """Raise a `UserError` unless there are such a target and such a method."""
    if not isinstance(target, Target):
        raise UserError(f"target is {target!r}; allowed: a Target, such as those of `load_plugins().targets`")
    if method not in METHODS:
        raise UserError(f"method is '{method}'; allowed: {', '.join(METHODS)}")


def check_limit(limit: int) -> None:
    """Raise a `UserError` unless this is a number of cubes."""
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
        raise UserError(f"limit is {limit!r}; allowed: whole numbers from 1 on")


def _checked(
    target: Target,
    spacing: "Fraction | float",
    method: str,
    margin: "Fraction | float | None",
    network: Network | None,
    shift: "Fraction | float | None",
) -> tuple[Fraction, Fraction]:
    """Check what the user gave; return spacing and margin as rationals."""
    check_named(target, method)
    if target.support is None:
        raise UserError(
            f"target '{target.name}' declares no support; allowed: targets with `support`, a compact set outside "
            "which they are 0 on all of R^d"
        )
    for name, value in (("margin", margin), ("network", network)):
        if value is not None and method in ("hats", "kuhn"):
            raise UserError(f"method '{method}' takes no {name}; allowed for: mask, gate")
    if shift is not None:
        if method != "mask":
            raise UserError(f"method '{method}' takes no shift; allowed for: mask")
        one_number("shift", shift, positive=False)
    step = checked_spacing(spacing, target)
    width = checked_margin(margin, step)
    if network is not None:
        outputs = target(np.array([[float(a) for a, _ in target.support.bounds]])).shape[1]
        if (network.inputs, network.outputs) != (target.dimension, outputs):
            raise UserError(
                f"the network maps {network.inputs} to {network.outputs} variables, target '{target.name}' "
                f"{target.dimension} to {outputs}; both must agree"
            )
    check_support(target)
    return step, width


def _sup(recipe: Recipe, target: Target, spacing: Fraction) -> float:
    """Return the largest error on a grid finer than the spacing, near both supports and at known points of S.

    Raises
    ------
    UserError
        If the target is not 0 at one of the points that lies in no cube that meets its support.
    """
    assert target.support is not None
    found = cover(target.support, spacing)
    covered, known = found.union, found.witnesses[np.isfinite(found.witnesses).all(axis=1)]
    cubes = dilated_cells(np.vstack([recipe.support.cubes, covered.cubes]), 1)
    most = max(256, min(1 << 16, _CHECKED // max(recipe.network.connections, 1)))
    points = np.vstack([lattice(spacing, cubes, most), known])  # a grid may miss all of a thin support
    wanted = target(points)
    beside = (wanted != 0).any(axis=1) & ~covered.contains(points)
    if beside.any():
        where = points[beside.argmax()].tolist()
        raise UserError(
            f"target '{target.name}' is {wanted[beside.argmax()].tolist()} at x = {where}, outside the support that it "
            "declares; allowed: a support outside which the function is 0"
        )
    return float(np.abs(network_values(recipe.network, points) - wanted).max(initial=0.0))


def kept(found: SupportedNetwork) -> SupportedNetwork:
    """Return the network if everything that is proved of it holds.

    Raises
    ------
    AssertionError
        If not: a fault of the library, never of the user.
    """
    name = f"supported({found.target.name}, {found.spacing}, method={found.method!r})"
    if not found.counts.within(found.promised):
        raise AssertionError(f"{name} has {found.counts}, more than the promised {found.promised}")
    if found.certificate is not None and not found.certificate:
        raise AssertionError(f"{name} is not certified zero outside its neighbourhood: {found.certificate!r}")
    if found.method in ("mask", "gate") and not _covered(found):
        raise AssertionError(f"{name} has a mask that does not hold the target's support")
    room = _ROUNDING * (1 + max(found.sup_sampled, abs(float(found.shift))))
    if isfinite(found.error_bound) and found.sup_sampled > found.error_bound + room:
        raise AssertionError(f"{name} has error {found.sup_sampled}, more than the bound {found.error_bound}")
    return found


def _covered(found: SupportedNetwork) -> bool:
    """Return whether the mask is 1 on the target's support: at points of the support, as far as such are known."""
    assert found.mask is not None and found.target.support is not None
    known = cover(found.target.support, found.spacing).witnesses
    known = known[~np.isnan(known[:, 0])][:_MOST_WITNESSES]
    return bool(found.support.contains(known).all() and (network_values(found.mask, known) == 1).all())
