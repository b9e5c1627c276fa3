"""Wall lifting: a continuous piecewise linear function as a convex one minus ramps over whole hyperplanes (C16)."""

from dataclasses import dataclass

from flint import fmpq

from ratelab._errors import UserError
from ratelab.exact._cells_of import Cells
from ratelab.exact._integers import Integers, dot, integers
from ratelab.exact._represent_cones import Cone
from ratelab.networks import Network, rational

Map = tuple[fmpq, ...]


@dataclass(frozen=True)
class Walls:
    """The cells of a scalar function as polyhedra with their maps, and its creases.

    Parameters
    ----------
    cones
        Of each cell the cone {(x, t)} over it at height t = 1.
    maps
        Of each cell (a, b): the function is a·x + b.
    creases
        Hyperplane (a, b), first non-zero entry positive, and jump c ≠ 0: across a facet on it the map grows by
        c·(a·x + b) towards its positive side.
    """

    cones: tuple[Cone, ...]
    maps: tuple[Map, ...]
    creases: tuple[tuple[Integers, fmpq], ...]

    @property
    def distinct(self) -> tuple[Map, ...]:
        """The distinct maps, in order of appearance."""
        return tuple(dict.fromkeys(self.maps))

    def lifts(self, sign: int) -> dict[Integers, fmpq]:
        """Return the smallest strengths c > 0 with sign·f + Σ c·ρ(hyperplane) convex.

        A continuous piecewise linear function on a convex domain is convex if its slope does not fall across any facet.
        The ramp adds c to the jump of every facet on its hyperplane, and elsewhere only creases with jump c > 0.
        """
        result: dict[Integers, fmpq] = {}
        for hyperplane, jump in self.creases:
            if sign * jump < 0:
                result[hyperplane] = max(-sign * jump, result.get(hyperplane, fmpq(0)))
        return result


def cells_of(given: Cells | Network) -> Cells:
    """Return cells as they are, and the rational cells of a network on all of R^d.

    Raises
    ------
    UserError
        If it is neither, or the network has no affine pieces.
    """
    if isinstance(given, Network):
        from ratelab.exact._count import cells

        return cells(given, arithmetic="rational")
    if not isinstance(given, Cells):
        raise UserError(f"found {type(given).__name__}; allowed: the cells of a network, or a network")
    return given


def walls(cells: Cells) -> Walls:
    """Return a scalar function's polyhedra, maps and creases from its rational cells.

    A cell is the intersection of the domain with the sides of the walls to its neighbours on which it lies.

    Raises
    ------
    UserError
        If the cells are in float64, have several outputs, lack their walls, or their maps jump.
    """
    if not cells.exact:
        raise UserError(
            "the cells are in float64; a network that equals their function needs rational ones: "
            'exact.cells(net, domain, arithmetic="rational")'
        )
    if cells.gradients.shape[1] != 1:
        raise UserError(f"the cells have {cells.gradients.shape[1]} outputs; allowed: 1")
    if cells.walls is None:
        raise UserError("the cells come without the hyperplanes through their facets")
    maps = [(*a[0], b[0]) for a, b in zip(cells.gradients, cells.offsets, strict=True)]
    points = [integers([*point, fmpq(1)]) for point in cells.points]
    limits: list[dict[Integers, None]] = [dict.fromkeys(_box(cells)) for _ in maps]
    creases: dict[tuple[Integers, fmpq], None] = {}
    for (i, j), row in zip(cells.neighbours.tolist(), cells.walls, strict=True):
        wall = integers(row)
        if next(v for v in wall if v) < 0:
            wall = tuple(-v for v in wall)
        side = dot(wall, points[j])
        upper, lower = (j, i) if side > 0 else (i, j)
        limits[upper][wall] = None
        limits[lower][tuple(-v for v in wall)] = None
        change = [u - v for u, v in zip(maps[upper], maps[lower], strict=True)]
        if not any(change):
            continue
        place = next(k for k, v in enumerate(wall) if v)
        jump = change[place] / wall[place]
        if any(u != jump * v for u, v in zip(change, wall, strict=True)):
            raise UserError(
                f"the maps of cells {i} and {j} differ on the facet between them: no continuous function"
            )
        creases[wall, jump] = None
    cones = []
    for normals in limits:
        cone = Cone.whole(cells.dimension + 1).cut((*[0] * cells.dimension, 1))
        for normal in normals:
            cone = cone.cut(normal)
        cones.append(cone)
    return Walls(tuple(cones), tuple(maps), tuple(creases))


def lifted_maps(given: Walls, sign: int, lifts: dict[Integers, fmpq], limit: int) -> tuple[Map, ...]:
    """Return the distinct maps of sign·f + Σ c·ρ(hyperplane); each is the map on some open set.

    Every cell is cut by the hyperplanes that meet its inside.

    Raises
    ------
    UserError
        If there are more than `limit`.
    """
    found: dict[Map, None] = {}
    ramps = [(wall, [strength * v for v in wall]) for wall, strength in lifts.items()]
    for cone, row in zip(given.cones, given.maps, strict=True):
        stack = [(cone, tuple(sign * v for v in row), 0)]
        while stack:
            part, current, index = stack.pop()
            if index == len(ramps):
                found[current] = None
                if len(found) > limit:
                    raise UserError(
                        f"lifting makes more than {limit} affine functions of {len(given.distinct)}; raise limit, or "
                        "use exact.lattice, whose network is deeper but has a function for each map of the cells only"
                    )
                continue
            wall, ramp = ramps[index]
            above, below = part.sides(wall)
            if below:
                rest = part.cut([-v for v in wall]) if above else part
                stack.append((rest, current, index + 1))
            if above:
                rest = part.cut(wall) if below else part
                raised = tuple(u + v for u, v in zip(current, ramp, strict=True))
                stack.append((rest, raised, index + 1))
    return tuple(found)


def _box(cells: Cells) -> list[Integers]:
    if cells.domain is None:
        return []
    normals = []
    for axis, (lower, upper) in enumerate(cells.domain):
        for end, sign in ((lower, 1), (upper, -1)):
            row = [fmpq(0)] * (cells.dimension + 1)
            row[axis], row[-1] = fmpq(sign), -sign * rational(end)
            normals.append(integers(row))
    return normals
