"""A network of logarithmic depth from the cells of a piecewise linear function, exactly (claim C1)."""

from collections import Counter

from flint import fmpq

from ratelab.exact._arity import reduce_arity
from ratelab.exact._cells_of import Cells
from ratelab.exact._represent_gadgets import Term, affine, network, neurons_bound
from ratelab.exact._walls import cells_of, lifted_maps, walls
from ratelab.networks import Network

LIMIT = 500


def represent_cells(cells: Cells | Network, *, limit: int = LIMIT) -> Network:
    """Return a rational ReLU network of depth at most ⌈log2(d + 1)⌉ + 1 that equals the function of the cells.

    Wall lifting: ramps c·ρ(h) over the hyperplanes of all concave creases make f, or −f if that takes fewer, convex,
    hence the maximum of its distinct maps. `reduce_arity` writes the maximum as a sum of maxima of at most d + 1 maps,
    which are built by halving, side by side with the ramps that are subtracted again. A convex or concave function has
    no ramps. The neurons are at most those of `represent_cells_bound`.

    Parameters
    ----------
    cells
        Rational cells with one output, as `exact.cells(net, domain, arithmetic="rational")` gives them; on a box the
        networks agree on the box. A network stands for its cells on all of R^d.
    limit
        Most affine functions that the convex function may have.

    Raises
    ------
    UserError
        If the cells are in float64, have several outputs or no walls, or the limit is passed (`lattice` has no such
        growth, but is deeper).
    """
    cells = cells_of(cells)
    given = walls(cells)
    sign = min((1, -1), key=lambda s: len(given.lifts(s)))
    lifts = given.lifts(sign)
    maps = lifted_maps(given, sign, lifts, limit)
    terms = reduce_arity(maps)
    result = network(
        cells.dimension,
        [
            Term(fmpq(sign * factor), tuple((affine(maps[i]),) for i in sorted(members)))
            for members, factor in terms.items()
        ],
        [(-sign * strength, affine([fmpq(v) for v in wall])) for wall, strength in lifts.items()],
    )
    arities = Counter(map(len, terms))
    neurons, depth = represent_cells_bound(arities, len(lifts))
    highest = cells.dimension.bit_length() + 1
    if result.neurons > neurons or result.depth > depth or depth > highest:
        raise AssertionError(
            f"{result.neurons} neurons at depth {result.depth}; promised: at most {neurons} at depth {depth}, "
            f"at most {highest}"
        )
    return result


def represent_cells_bound(arities: dict[int, int], lifts: int) -> tuple[int, int]:
    """Return the most neurons, and the depth, that a sum of that many maxima of each arity and of ramps takes.

    Σ_r t_r·n(r) + lifts + 2·(depth − 1) with n(2), n(3), n(4) = 1, 4, 5 (n of `neurons_bound`), and depth
    1 + ⌈log2 of the largest arity⌉, at least 2 if there is a ramp.
    """
    sizes = [[1] * arity for arity, times in arities.items() for _ in range(times)]
    neurons, layers = neurons_bound(sizes, lifts)
    return neurons, layers + 1
