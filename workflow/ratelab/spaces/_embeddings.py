"""Embeddings between approximation spaces of ReLU powers and Besov spaces, in one variable and L_p, p < ∞.

The spaces are W^α_q(L), N^α_q(L), the Besov spaces B^s := B^s_τ(L_τ), 1/τ = s + 1/p, on a bounded interval, and
X = L_p. Besov spaces are defined with moduli of smoothness of order above s. `embeds` decides by rules that are closed
under composition, and by counterexamples; `docs/families.md` has the proofs.
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from math import inf
from typing import Literal, NamedTuple

from ratelab._errors import UserError
from ratelab.spaces._depth_growth import DepthGrowth
from ratelab.spaces._prediction_smoothness import pieces_exponent

Answer = Literal["yes", "no", "unknown"]
Letter = Literal["W", "N", "B", "X"]
Number = int | float | Fraction


@dataclass(frozen=True)
class Space:
    """One space of functions on a bounded interval. Make one with `approximation`, `besov` or `whole`.

    Parameters
    ----------
    letter
        ``W`` (budget: connections), ``N`` (neurons), ``B`` (Besov, on the line 1/τ = s + 1/p), ``X`` (L_p itself).
    order
        α, or s; 0 for X.
    inverse_q
        1/q ≥ 0; for ``B`` s + 1/p, for X 0.
    depth
        ℒ; None for ``B`` and X.
    degree
        r of the activation ρ_r.
    p
        Of the errors, 0 < p < ∞.
    """

    letter: Letter
    order: Fraction
    inverse_q: Fraction
    depth: DepthGrowth | None
    degree: int
    p: Fraction

    @classmethod
    def approximation(
        cls,
        letter: Letter,
        alpha: Number,
        q: Number | None,
        depth: int | str | DepthGrowth,
        degree: int = 1,
        p: Number = 2,
    ) -> "Space":
        """Return W^α_q(ℒ) or N^α_q(ℒ); q = None means 1/q = α + 1/p, ∞ is allowed.

        Raises
        ------
        UserError
            For a letter, order, q, depth, degree or p that is not allowed.
        """
        if letter not in ("W", "N"):
            raise UserError(f"an approximation space is called '{letter}'; allowed: W, N")
        order, norm = _positive("α", alpha), _norm(p)
        inverse = order + 1 / norm if q is None else Fraction(0) if q == inf else 1 / _positive("q", q)
        growth = DepthGrowth.parse(depth)
        if growth.supremum < 2:
            raise UserError(f"depth is {growth.label}; allowed: 2 (shallow) or more")
        return cls(letter, order, inverse, growth, _degree(degree), norm)

    @classmethod
    def besov(cls, s: Number, degree: int = 1, p: Number = 2) -> "Space":
        """Return B^s_τ(L_τ), 1/τ = s + 1/p; `degree` says with which networks it is compared."""
        order, norm = _positive("s", s), _norm(p)
        return cls("B", order, order + 1 / norm, None, _degree(degree), norm)

    @classmethod
    def whole(cls, degree: int = 1, p: Number = 2) -> "Space":
        """Return X = L_p."""
        return cls("X", Fraction(0), Fraction(0), None, _degree(degree), _norm(p))

    @property
    def name(self) -> str:
        """Like W^1_2(4), B^1/2 or L_2."""
        if self.letter == "X":
            return f"L_{self.p}"
        if self.letter == "B":
            return f"B^{self.order}"
        assert self.depth is not None
        q = "∞" if self.inverse_q == 0 else str(1 / self.inverse_q)
        return f"{self.letter}^{self.order}_{q}({self.depth.label})"


class Embedding(NamedTuple):
    """Whether one space lies in another: ``yes``, ``no`` (a counterexample is known) or ``unknown``; why; claims."""

    answer: Answer
    reason: str
    claims: tuple[str, ...] = ()


def embeds(first: Space, second: Space) -> Embedding:
    """Return whether the first space lies in the second.

    ``yes`` is closed under composition, and never contradicts ``no``.

    Raises
    ------
    UserError
        If the two spaces have different activations or errors.
    """
    if (first.degree, first.p) != (second.degree, second.p):
        raise UserError(
            f"{first.name} and {second.name} have ρ_{first.degree} in L_{first.p} and ρ_{second.degree} in "
            f"L_{second.p}; both must agree"
        )
    one, other = first, second
    first, second = _normal(first), _normal(second)
    if first == second and one != other:
        claims = ("A3",) if one.letter != other.letter else ("A4",)
        return Embedding("yes", "the same space: N = W at depth 2, and ℒ(n) ≥ c·n is no restriction", claims)
    found = _inside(first, second) or _outside(first, second)
    if found and found.answer == "yes" and not found.claims and one.letter + other.letter in ("WN", "NW"):
        return found._replace(claims=("A3",))
    return found or Embedding("unknown", "neither an embedding nor a counterexample is known")


def equal(first: Space, second: Space) -> bool:
    """Return whether two spaces are known to be the same: each lies in the other."""
    return embeds(first, second).answer == "yes" == embeds(second, first).answer


def _inside(first: Space, second: Space) -> Embedding | None:
    """The embeddings."""
    if first == second:
        return Embedding("yes", "the same space")
    if second.letter == "X":
        return Embedding(
            "yes", "E_0 is the norm of L_p" if first.letter != "B" else "Besov embedding into L_p"
        )
    if first.letter == "X":
        return None
    if first.letter == "B":
        return _from_besov(first, second)
    if second.letter == "B":
        if (first.order / _exponent(first), first.inverse_q) >= (second.order, second.inverse_q):
            return Embedding("yes", "inverse estimate by the number of pieces", ("A8",))
        return None
    return _between(first, second) or _through_besov(first, second)


def _from_besov(first: Space, second: Space) -> Embedding | None:
    if second.letter == "B":
        return (
            Embedding("yes", "Besov spaces on one line are nested") if first.order >= second.order else None
        )
    if second.order < second.degree + 1 and _key(first) >= _key(second):
        return Embedding("yes", "direct estimate by splines, α < r + 1", ("A10",))
    return None


def _between(first: Space, second: Space) -> Embedding | None:
    """Embeddings of approximation spaces by inclusion of the families."""
    assert first.depth is not None and second.depth is not None
    if not first.depth.no_deeper(second.depth):
        return None
    depth = () if first.depth == second.depth else ("A4",)
    if (first.letter, second.letter) == ("N", "W"):
        if (first.order / 2, first.inverse_q) >= _key(second):
            return Embedding("yes", "n neurons have O(n²) connections", ("A3", *depth))
        return None
    if _key(first) < _key(second):
        return None
    if first.letter != second.letter:
        return Embedding("yes", "connections bound neurons", ("A3", *depth))
    return Embedding("yes", "at most as deep, α ≥ β, and q ≤ s where α = β", depth)


def _through_besov(first: Space, second: Space) -> Embedding | None:
    """First into B^s by the inverse estimate, B^s into the second by the direct one; also to smaller depth."""
    if not second.order < second.degree + 1:
        return None
    smooth = first.order / _exponent(first)
    line = second.order + 1 / second.p
    between = smooth == second.order and first.inverse_q >= line >= second.inverse_q
    if smooth > second.order or between:
        return Embedding("yes", "through a Besov space: inverse, then direct estimate", ("A8", "A10"))
    return None


def _outside(first: Space, second: Space) -> Embedding | None:
    """The counterexamples: T_a = Σ 2^(−aj) Δ_j has rate a·e in every class and Besov index a; eˣ saturates."""
    if second.letter == "X":
        return None
    if first.letter == "X":
        if second.letter == "B" or _exponent(second) < inf:
            return Embedding("no", "T_a with a small lies in L_p only", ("A14",))
        return None
    reach = second.order if second.letter == "B" else second.order / _exponent(second)
    smooth = first.order if first.letter == "B" else first.order / _exponent(first)
    if smooth < reach:
        if first.letter != "B" and _exponent(first) == inf:
            return Embedding(
                "no", "depth without bound reaches functions of arbitrarily low smoothness", ("A9",)
            )
        return Embedding("no", f"T_a, {smooth} < a < {reach}, lies in the first only", ("A9", "A14"))
    if first.letter == "B" and second.letter != "B" and second.depth is not None:
        layers = second.depth.supremum
        if layers < inf and reach > second.degree ** (int(layers) - 1) + 1:
            return Embedding(
                "no", "smooth functions saturate at (degree + 1) times the rate of pieces", ("A14",)
            )
    return None


def _normal(space: Space) -> Space:
    """Return the same space in one form: N(2) = W(2), and depth that is no restriction as unbounded."""
    if space.depth is None:
        return space
    depth = DepthGrowth.unbounded() if space.depth.linear_at_least else space.depth
    return replace(space, letter="W" if depth.supremum == 2 else space.letter, depth=depth)


def _exponent(space: Space) -> float | Fraction:
    """e: networks of size n have O(n^e) pieces."""
    assert space.depth is not None
    if space.depth.supremum == inf:
        return inf
    complexity: Literal["connections", "neurons"] = "connections" if space.letter == "W" else "neurons"
    return Fraction(pieces_exponent(int(space.depth.supremum), complexity))


def _key(space: Space) -> tuple[Fraction, Fraction]:
    """(α, 1/q): larger means smaller space."""
    return space.order, space.inverse_q


def _positive(name: str, value: Number) -> Fraction:
    if isinstance(value, bool) or not isinstance(value, int | float | Fraction) or not 0 < value < inf:
        raise UserError(f"{name} is {value!r}; allowed: finite numbers above 0")
    return Fraction(repr(value)) if isinstance(value, float) else Fraction(value)


def _norm(p: Number) -> Fraction:
    if p == inf:
        raise UserError("p is inf; allowed: finite numbers above 0, since direct estimates need p < ∞")
    return _positive("p", p)


def _degree(degree: int) -> int:
    if isinstance(degree, bool) or not isinstance(degree, int) or degree < 1:
        raise UserError(f"the power of ReLU is {degree!r}; allowed: whole numbers from 1 on")
    return degree
