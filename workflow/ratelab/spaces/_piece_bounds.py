"""How many pieces, cells and partitions: largest numbers for given widths, and the numbers of the hard families."""

from collections.abc import Sequence
from fractions import Fraction
from math import comb, prod
from operator import index
from typing import Literal

from ratelab._errors import UserError

Where = Literal["interval", "line"]


def whole(what: str, value: int, least: int) -> int:
    """Return the value as an int of at least `least`, or raise a `UserError` that names it."""
    try:
        number = index(value)
    except TypeError:
        raise UserError(f"{what} is {value!r}; allowed: whole numbers from {least} on") from None
    if number < least:
        raise UserError(f"{what} is {number}; allowed: whole numbers from {least} on")
    return number


def most_pieces(widths: Sequence[int]) -> int:
    """Bound the pieces of a ReLU network R → R with the given hidden widths: Π (w_l + 1).

    On every piece of what comes before, a neuron is affine and adds at most one breakpoint, and all neurons of a layer
    share the pieces before it. Identity neurons need not be counted. Derived here; attained by one hidden layer and
    by `zigzag_pieces` for widths from 3 on. For other activations and for connections see `best.pieces_bound`.

    Parameters
    ----------
    widths
        ReLU neurons in each hidden layer, each at least 1; empty for an affine function.

    Raises
    ------
    UserError
        If a width is not a whole number from 1 on.
    """
    return prod(width + 1 for width in _widths(widths, 1))


def most_pieces_recalled(widths: Sequence[int]) -> int:
    """Return the weaker bound 2^(k−1)·(w_1 + 1)·w_2⋯w_k of the pieces of a ReLU network R → R.

    Recalled from Arora, Basu, Mianjy and Mukherjee (arXiv 1611.01491), not verified; it follows from `most_pieces`
    because w + 1 ≤ 2w.

    Parameters
    ----------
    widths
        Hidden widths, each at least 1; at least one.
    """
    checked = _widths(widths, 1)
    if not checked:
        raise UserError("there is no hidden layer; allowed: one or more widths")
    return (checked[0] + 1) * prod(2 * width for width in checked[1:])


def most_pieces_of_size(size: int, hidden: int) -> int:
    """Maximise Π (w_l + 1) over the ways to put `size` neurons into at most `hidden` layers, exactly.

    The best split is as even as possible: moving a neuron from a layer to one that has two fewer or less increases the
    product. More layers never reduce it, for w + 1 ≤ 2((w − 1) + 1), so min(hidden, size) layers are used and
    none is empty. Derived here.

    Parameters
    ----------
    size
        Number of hidden ReLU neurons in all, at least 0.
    hidden
        Largest number of hidden layers, at least 1.
    """
    size, hidden = whole("size", size, 0), whole("number of hidden layers", hidden, 1)
    layers = min(size, hidden)
    if layers == 0:
        return 1
    narrow, wider = divmod(size, layers)
    return int((narrow + 2) ** wider * (narrow + 1) ** (layers - wider))


def pieces_envelope(size: int, hidden: int) -> Fraction:
    """Return (s/k + 1)^k, which bounds `most_pieces_of_size` by the means inequality; derived here."""
    size, hidden = whole("size", size, 0), whole("number of hidden layers", hidden, 1)
    return Fraction(size + hidden, hidden) ** hidden


def pieces_envelope_recalled(size: int, hidden: int) -> Fraction:
    """Return (2s/k)^k, a bound of the pieces when each of the k hidden layers has a neuron.

    Recalled from Arora, Basu, Mianjy and Mukherjee (arXiv 1611.01491), not verified; it follows from
    `pieces_envelope` when s ≥ k, and is no bound for smaller s, which is refused.
    """
    size, hidden = whole("size", size, 0), whole("number of hidden layers", hidden, 1)
    if size < hidden:
        raise UserError(f"size is {size}; allowed: at least one neuron in each of the {hidden} hidden layers")
    return Fraction(2 * size, hidden) ** hidden


def tents_pieces(widths: Sequence[int], where: Where = "interval") -> int:
    """Count the pieces of a composition of tents, whichever their parameters.

    Π w_l on [0, M]: every piece of every layer covers [0, M]. On the line one flat piece comes before 0; beyond M an
    odd layer goes on increasing and an even one falls below 0, where the next layer is constant: one more piece if
    any layer but the last is even. Derived here. For equal widths w: w^k on the interval, and on the line w^k + 1
    (w odd, or k = 1) or w^k + 2.

    Parameters
    ----------
    widths
        Neurons of each hidden layer, the innermost first, each at least 1.
    where
        On [0, M] (``interval``) or on all of R (``line``).
    """
    checked = _widths(widths, 1)
    if not checked:
        raise UserError("there is no hidden layer; allowed: one or more widths")
    if where not in ("interval", "line"):
        raise UserError(f"where is '{where}'; allowed: interval, line")
    inside = prod(checked)
    return inside if where == "interval" else inside + 1 + any(width % 2 == 0 for width in checked[:-1])


def zigzag_pieces(widths: Sequence[int]) -> int:
    """Count the pieces of a composition of zigzags, on R and on [0, 1] alike: Π (w_l + 1), the most there can be.

    Every one of a zigzag's w + 1 pieces covers [0, 1] already on [0, 1]. Derived here; for w = 2 no such layer exists.

    Parameters
    ----------
    widths
        Neurons of each hidden layer, each at least 3.
    """
    return most_pieces(_widths(widths, 3))


def arrangement_regions(hyperplanes: int, dimension: int) -> int:
    """Count the regions of hyperplanes in general position in R^d: Σ_{i≤d} C(n, i), the most there can be.

    Classical: a new hyperplane adds the regions that the others cut out of it. It is the number of cells of a generic
    network with one hidden layer of n neurons.
    """
    hyperplanes, dimension = whole("number of hyperplanes", hyperplanes, 0), whole("dimension", dimension, 0)
    return sum(comb(hyperplanes, i) for i in range(min(dimension, hyperplanes) + 1))


def hyperplane_partitions(points: int, dimension: int) -> int:
    """Count the ways in which hyperplanes split D points in general position in R^n: 2·Σ_{i≤n} C(D − 1, i).

    Ordered pairs (P⁺, P⁻), the two trivial ones included. Derived here from the regions of D generic hyperplanes
    through 0 in R^(n+1). The recalled 2·C(D, n) of the literature on exact training is too small for n = 2 and 3.
    """
    points, dimension = whole("number of points", points, 1), whole("dimension", dimension, 1)
    return 2 * arrangement_regions(points - 1, dimension)


def zonotope_vertices(dimension: int, generators: int) -> int:
    """Count the vertices of a generic zonotope with m generators in R^n: 2·Σ_{i<n} C(m − 1, i), the most possible.

    They are the regions of m generic hyperplanes through 0, and the pieces of the gauge Σ |⟨r, b_i⟩|. Derived here.

    Parameters
    ----------
    dimension
        n, at least 1.
    generators
        m, at least 1.
    """
    dimension, generators = whole("dimension", dimension, 1), whole("number of generators", generators, 1)
    return 2 * arrangement_regions(generators - 1, dimension - 1)


def zonotope_vertices_recalled(dimension: int, generators: int) -> int:
    """Return Σ_{i<n} C(m − 1, i), half the true number of vertices: wrong as an equality, for comparison only.

    Recalled from Arora, Basu, Mianjy and Mukherjee (arXiv 1611.01491), not verified; a square has 4 vertices,
    not 2. The right number is `zonotope_vertices`.
    """
    return zonotope_vertices(dimension, generators) // 2


def zonotope_family_pieces(
    dimension: int, generators: int, widths: Sequence[int], where: Literal["inside", "everywhere"] = "inside"
) -> int:
    """Count the pieces of composed tents after the gauge of a generic zonotope.

    Inside {γ ≤ M}: `zonotope_vertices` times Π w_l, for each vertex has a cone on which γ runs linearly from 0 to M,
    and no slope of the tents is zero there. Everywhere: the set {γ > M} adds one flat piece (two if n = 1 or m = 1)
    if any layer but the last is even (see `tents_pieces`), and none otherwise. Derived here; the recalled count has
    half as many vertices.

    Parameters
    ----------
    dimension, generators
        n ≥ 1 and m ≥ 1.
    widths
        Neurons of each layer of tents, the innermost first.
    where
        ``inside``: where the gauge is at most M; ``everywhere``: on R^n.
    """
    if where not in ("inside", "everywhere"):
        raise UserError(f"where is '{where}'; allowed: inside, everywhere")
    vertices = zonotope_vertices(dimension, generators)
    inside = tents_pieces(widths)
    outer = tents_pieces(widths, "line") - inside - 1
    components = 2 if min(dimension, generators) == 1 else 1  # one generator leaves two half-spaces
    return vertices * inside + (outer * components if where == "everywhere" else 0)


def most_cells(widths: Sequence[int], dimension: int) -> int:
    """Bound the activation cells, hence the pieces, of a ReLU network on R^d: Π_l Σ_{j≤r_l} C(w_l, j).

    On a cell of what comes before, layer l is an arrangement of w_l hyperplanes pulled back by an affine map of rank at
    most r_l = min(d, w_1, …, w_(l−1)), which has at most that many regions. Derived here; a product of this form is
    in Montúfar (2017) as recalled. At d = 1 it is `most_pieces`. Every hidden neuron must be a ReLU, because an
    identity neuron keeps up the rank.

    Parameters
    ----------
    widths
        Hidden widths, each at least 1.
    dimension
        Number of input variables d, at least 1.
    """
    rank, cells = whole("dimension", dimension, 1), 1
    for width in _widths(widths, 1):
        cells *= arrangement_regions(width, rank)
        rank = min(rank, width)
    return cells


def most_cells_refined(widths: Sequence[int], dimension: int) -> int:
    """Bound the activation cells of a strict ReLU network on R^d, using that inactive neurons lose rank.

    R_l(r) = Σ_{j≤min(r, w_l)} C(w_l, j)·R_(l+1)(min(r, w_l − j)) bounds the cells that layers l, l+1, … make of a set
    on which they read a map of rank r: at most C(w, j) regions have exactly w − j active neurons, there are at most
    Σ_{j≤r} C(w, j) regions in all, and R_(l+1) does not decrease, so the worst case has the most active ones. Derived
    here; the same numbers as the bound of Serra, Tjandraatmadja and Ramalingam (2018) as recalled. Never above
    `most_cells`, and below it already in one variable when a width is 1. Every hidden neuron must be a ReLU.

    Parameters
    ----------
    widths
        Hidden widths, each at least 1.
    dimension
        Number of input variables d, at least 1.
    """
    dimension = whole("dimension", dimension, 1)
    following = [1] * (dimension + 1)
    for width in reversed(_widths(widths, 1)):
        following = [
            sum(comb(width, j) * following[min(rank, width - j)] for j in range(min(rank, width) + 1))
            for rank in range(dimension + 1)
        ]
    return following[dimension]


def montufar_lower(widths: Sequence[int], dimension: int) -> int:
    """Return Π_{l<k} ⌊w_l/n⌋^n · Σ_{j≤n} C(w_k, j): so many cells some network with these widths has.

    Recalled from Montúfar, Pascanu, Cho and Bengio (2014), not verified.

    Parameters
    ----------
    widths
        Hidden widths, each at least the dimension.
    dimension
        Number of input variables n, at least 1.
    """
    dimension = whole("dimension", dimension, 1)
    checked = _widths(widths, dimension)
    if not checked:
        raise UserError("there is no hidden layer; allowed: one or more widths")
    folds = prod(width // dimension for width in checked[:-1] for _ in range(dimension))
    return folds * arrangement_regions(checked[-1], dimension)


def most_cells_of_size(size: int, hidden: int, dimension: int) -> int:
    """Maximise `most_cells` over the ways to put `size` neurons into at most `hidden` layers, exactly.

    Again the best split is as even as possible, the wider layers first: the number A(w) of regions of w hyperplanes in
    R^d is log-concave in w, since A(w + 1)/A(w) = 1 + P(X < d)/P(X ≤ d) with X binomial (w, ½) decreases with w. No
    layer then reads a rank below both d and its own width. A(w) ≤ 2A(w − 1), so more layers never reduce the
    product. Derived here; `most_pieces_of_size` at d = 1.

    Parameters
    ----------
    size
        Number of hidden ReLU neurons in all, at least 0.
    hidden, dimension
        Largest number of hidden layers and number of input variables, both at least 1.
    """
    size, hidden = whole("size", size, 0), whole("number of hidden layers", hidden, 1)
    dimension = whole("dimension", dimension, 1)
    layers = min(size, hidden)
    if layers == 0:
        return 1
    narrow, wider = divmod(size, layers)
    regions = arrangement_regions(narrow + 1, dimension), arrangement_regions(narrow, dimension)
    return int(regions[0] ** wider * regions[1] ** (layers - wider))


def _widths(widths: Sequence[int], least: int) -> tuple[int, ...]:
    return tuple(whole("width", width, least) for width in widths)
