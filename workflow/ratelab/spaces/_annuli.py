"""Seminorms by annuli: p_w(g) = Σ w_n·‖g‖_{L1(A_n)}, A_n = K_n ∖ K_(n−1).

On compactly supported functions the finer topology is that of all p_w, w any positive sequence. One weight never
decides: as extended seminorms on L1_loc single p_w do not separate analytic functions from compactly supported ones;
that compactly supported functions are an open set does.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import factorial, frexp, inf, ldexp
from typing import TYPE_CHECKING, Literal

import numpy as np

from ratelab._errors import UserError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

Growth = Literal["constant", "linear", "geometric", "factorial"]

_GROWTH: dict[str, Callable[[int], float]] = {
    "constant": lambda n: 1.0,
    "linear": float,
    "geometric": lambda n: ldexp(1.0, n),
    "factorial": lambda n: float(factorial(n)),
}
_LARGEST = 1023
_MOST = {"factorial": 170}


@dataclass(frozen=True, eq=False)
class WeightedMass:
    """The value of a seminorm p_w, as far as annuli were computed.

    Parameters
    ----------
    partial_sums
        Σ_{n ≤ N} w_n·a_n for N = 1 … number of annuli, increasing.
    complete
        Whether the function is 0 outside the computed annuli: then the last sum is p_w(g). Otherwise p_w(g) is at least
        that, and may be infinite: partial sums above every bound are the only sign of it, and no finite number of them
        proves it.
    """

    partial_sums: "NDArray[np.float64]"
    complete: bool

    @property
    def low(self) -> float:
        """Lower end of p_w(g)."""
        return float(self.partial_sums[-1])

    @property
    def high(self) -> float:
        """Upper end of p_w(g): infinite if annuli are missing."""
        return float(self.partial_sums[-1]) if self.complete else inf


@dataclass(frozen=True, eq=False)
class SeparatingWeight:
    """A weight w for which p_w is at least 1 on every member of a computed prefix.

    Parameters
    ----------
    weights
        w_1 … w_N, powers of 2.
    annulus
        For each member the number (from 1 on) of the outermost annulus with a known mass: its term alone is at least 1.
    seminorms
        p_w of each member, or what the computed annuli add up to; at least 1.
    uses
        Largest number of members that one annulus serves. For a whole sequence w exists if every annulus serves
        finitely many members, that is if supports leave every cube; where this number keeps growing with the prefix
        they do not.
    """

    weights: "NDArray[np.float64]"
    annulus: "NDArray[np.int64]"
    seminorms: "NDArray[np.float64]"
    uses: int


def weighted_mass(masses: "ArrayLike", weights: "ArrayLike", *, complete: bool = False) -> WeightedMass:
    """Return p_w(g) = Σ w_n·a_n from the masses a_n of g on the annuli.

    Parameters
    ----------
    masses
        a_1 … a_N, from 0 on.
    weights
        w_1 … w_N, above 0.
    complete
        Whether g is 0 outside K_N.

    Raises
    ------
    UserError
        If the numbers are out of range or not equally many.
    """
    a, w = _masses(masses, 1), np.asarray(weights, dtype=np.float64)
    if w.shape != a.shape or not (np.isfinite(w).all() and (w > 0).all()):
        raise UserError(
            f"weights of shape {w.shape} for {len(a)} masses; allowed: as many finite numbers above 0"
        )
    return WeightedMass(np.cumsum(a * w), complete)


def growth(masses: "ArrayLike") -> "NDArray[np.float64]":
    """Return ‖g‖_{L1(K_N)} for N = 1, 2, …, the seminorms of L1_loc, from the masses of g on the annuli."""
    return np.cumsum(_masses(masses, 1))


def growth_weights(count: int, kind: Growth = "geometric") -> "NDArray[np.float64]":
    """Return w_1 … w_count of a usual growth: 1, n, 2^n or n!.

    Raises
    ------
    UserError
        If the growth is unknown or a weight is larger than float64 holds.
    """
    if kind not in _GROWTH:
        raise UserError(f"growth is {kind!r}; allowed: {', '.join(_GROWTH)}")
    most = _MOST.get(kind, _LARGEST)
    if not 1 <= count <= most:
        raise UserError(f"{count} weights of growth {kind}; allowed: 1 to {most}, beyond which float64 ends")
    return np.array([_GROWTH[kind](n) for n in range(1, count + 1)])


def separating_weight(masses: "Sequence[Sequence[float]] | ArrayLike") -> SeparatingWeight:
    """Return a weight w with p_w(f_k) ≥ 1 for all members of a prefix whose supports grow.

    Let n_k be the outermost annulus in which f_k has a known mass a_k > 0, and w_n = max 1/a_k over the k with n_k = n,
    1 where there is none. Then p_w(f_k) ≥ w_{n_k}·a_k ≥ 1. If supports leave every cube, n_k → ∞, each w_n is a maximum
    over finitely many k and the same rule serves the whole sequence: so it does not tend to 0, however small its norms.
    If all supports lie in one K_N no weight can do it, see `weighted_mass_bound`. Weights are rounded up to powers
    of 2, with which products are exact.

    Parameters
    ----------
    masses
        (K, N): for each f_k lower ends of its masses in the annuli; 0 where none is known.

    Raises
    ------
    UserError
        If a member has no positive mass (f_k = 0 has p_w = 0 for every w), or one too small for its inverse.
    """
    a = _masses(masses, 2)
    weights = np.ones(a.shape[1])
    annulus = np.zeros(len(a), dtype=np.int64)
    for k, row in enumerate(a):
        known = np.flatnonzero(row > 0)
        if not len(known):
            raise UserError(
                f"member {k + 1} has no positive mass; no weight separates the zero function from 0"
            )
        annulus[k] = known[-1] + 1
        exponent = 1 - frexp(float(row[known[-1]]))[1]
        if exponent > _LARGEST:
            raise UserError(
                f"member {k + 1}: mass {row[known[-1]]:.3g} is too small; its inverse is no float64"
            )
        weights[known[-1]] = max(weights[known[-1]], ldexp(1.0, exponent))
    with np.errstate(over="ignore"):
        seminorms = (a * weights).sum(axis=1)
    uses = int(np.bincount(annulus).max())
    return SeparatingWeight(weights, annulus, seminorms, uses)


def weighted_mass_bound(weights: "ArrayLike", cube: int, norm: float) -> float:
    """Return max_{n ≤ N} w_n · ‖g‖_1, which bounds p_w(g) for every g with support in K_N.

    So a sequence with all supports in one cube that tends to 0 in L1 tends to 0 in every p_w.

    Parameters
    ----------
    weights
        At least N of them.
    cube
        N ≥ 1.
    norm
        ‖g‖_1.
    """
    w = np.asarray(weights, dtype=np.float64)
    if not 1 <= cube <= len(w):
        raise UserError(f"cube is K_{cube} for {len(w)} weights; allowed: K_1 to K_{len(w)}")
    return float(w[:cube].max()) * float(norm)


def _masses(masses: "ArrayLike", axes: int) -> "NDArray[np.float64]":
    a = np.asarray(masses, dtype=np.float64)
    if a.ndim != axes or not a.size:
        raise UserError(f"masses have shape {a.shape}; allowed: {axes} axes, at least one annulus")
    if not np.isfinite(a).all() or (a < 0).any():
        raise UserError("masses must be finite numbers from 0 on")
    return a
