"""Which rates are proved for every size: certified derivatives, and functions that repeat themselves."""

from dataclasses import dataclass
from functools import lru_cache
from math import inf, nan

from ratelab.registry import Activation, Complexity, Target
from ratelab.spaces._derivatives import derivative_bound, lower_bound_all_n
from ratelab.spaces._network_class import PolynomialClass, check_class, polynomial_class
from ratelab.spaces._predictions import represents
from ratelab.spaces._self_similar import self_similar_bound, self_similar_exponent

End = tuple[float, str]


@dataclass(frozen=True)
class _Proof:
    low: End
    high: End


def proved_rate(
    target: Target, activation: Activation, depth: int, complexity: Complexity
) -> tuple[float, float]:
    """Return (low, high) with c·n^(−high) ≤ E_n ≤ C·n^(−low) proved for all large n, C < ∞, c > 0.

    Parameters
    ----------
    target
        One variable, with `pieces` or an `enclosure`, when the proof is a certified bound of a derivative, or with
        `self_similar` and certified moments.
    activation, depth, complexity
        The class: generalized networks of depth at most `depth`, errors in L2.

    Returns
    -------
    low
        R + 1 if |f^(R+1)| is bounded between the target's singular points, and splines of degree R with n
        pieces are in the closure of networks of size C·n; the exponent of a self-similar target, times what depth
        makes of it; ∞ if the target itself is in the closure.
    high
        (D + 1)·e if f^(D+1) has no zero on some interval and networks of size n have at most C·n^e polynomial
        pieces of degree at most D; the exponent of a self-similar target times e.
    NaN where nothing is proved; `proof_source` says why. A target that declares a finite Besov index and has a
    bounded derivative all the same is a finite stand-in for a rough function (a partial sum, say): then low, true
    only with a constant that no run can see, is left out. `docs/rates.md` has the proofs.

    Raises
    ------
    UserError
        If the depth is below 2 or the complexity is neither of the two.
    """
    proof = _proof(target, activation, depth, complexity)
    return proof.low[0], proof.high[0]


def proof_source(target: Target, activation: Activation, depth: int, complexity: Complexity) -> str:
    """Return in words what `proved_rate` rests on at either end, or why it has none.

    Raises
    ------
    UserError
        If the depth is below 2 or the complexity is neither of the two.
    """
    proof = _proof(target, activation, depth, complexity)
    if proof.low[1] == proof.high[1]:
        return proof.low[1]
    return f"low: {proof.low[1]}; high: {proof.high[1]}"


@lru_cache(maxsize=64)
def _proof(target: Target, activation: Activation, depth: int, complexity: Complexity) -> _Proof:
    check_class(depth, complexity)
    if target.dimension > 1:
        return _nothing("no proof in several variables")
    shape = polynomial_class(activation, depth, complexity)
    if shape is None:
        return _nothing("the activation is not piecewise polynomial: nothing bounds its pieces")
    if represents(target.pieces, shape):
        return _Proof(
            (inf, "the target is in the closure of the class from some size on"),
            (nan, "the error vanishes from some size on"),
        )
    return _Proof(_low(target, shape, depth, complexity), _high(target, shape))


def _nothing(reason: str) -> _Proof:
    return _Proof((nan, reason), (nan, reason))


def _low(target: Target, shape: PolynomialClass, depth: int, complexity: Complexity) -> End:
    if shape.spline_degree is None:
        return nan, "splines are not known to be in the closure of these networks"
    similar = self_similar_exponent(target, depth, complexity == "neurons")
    repeated: End | None = None
    if similar is not None and shape.spline_degree >= 1:
        composed = target.self_similar is not None and similar > target.self_similar.exponent
        how = "a composed zigzag" if composed else "splines in every copy"
        repeated = similar, f"the target repeats itself: {how}"
    stand_in = target.pieces is None and target.smoothness is not None and target.smoothness.besov < inf
    if stand_in and repeated is None:
        return nan, "the target stands for a rough function, whose upper end is not proved"
    if not stand_in and derivative_bound(target, shape.spline_degree + 1) < inf:
        order = shape.spline_degree + 1.0
        if repeated is None or order > repeated[0]:
            return order, f"a certified bound of derivative {order:.0f} between the singular points"
    return repeated or (nan, f"no certified bound of derivative {shape.spline_degree + 1}")


def _high(target: Target, shape: PolynomialClass) -> End:
    # With a Heaviside activation identity neurons add one global slope, so the networks are piecewise linear;
    # a second derivative without zero makes f' differ from every such slope on some interval.
    order = max(shape.degree, 1)
    found: list[End] = []
    if lower_bound_all_n(target, order) is not None:
        high = (shape.degree + 1.0) * shape.pieces_exponent
        found.append((high, f"derivative {order + 1} is certified not to vanish on some interval"))
    if target.self_similar is not None and self_similar_bound(target, order) is not None:
        high = target.self_similar.exponent * shape.pieces_exponent
        found.append((high, "the target repeats itself: induction over the number of pieces"))
    if found:
        return min(found)
    return nan, f"derivative {order + 1} is not certified to stay away from 0 on any interval"
