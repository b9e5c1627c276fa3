"""C12–C14: how many pieces networks of one variable have."""

from collections.abc import Iterator
from fractions import Fraction

from ratelab import exact, networks, spaces
from ratelab.studies.claims import _random
from ratelab.studies.claims._claim import Case, Scope, judged

UNIT = ((0, 1),)
_SHAPES = ((3,), (6,), (3, 4), (5, 5), (2, 2, 2), (4, 3, 4), (3, 3, 3, 3))


def c12(scope: Scope) -> Iterator[Case]:
    """Random sparse networks on the whole line, in rationals."""
    for done, widths in enumerate(_SHAPES):
        most, fewest_left = 0, float("inf")
        for index in range(scope.cases):
            generator = scope.generator("C12", widths, index)
            network = _random.network(generator, (1, *widths, 1), density=0.7 + 0.3 * (index % 2))
            pieces = int(exact.count_pieces(network))
            most = max(most, pieces)
            fewest_left = min(fewest_left, network.neurons - spaces.least_size(pieces, len(widths)))
        name = f"{scope.cases} random networks of widths {'-'.join(map(str, widths))}"
        yield judged(name, most, "≤", spaces.most_pieces(widths), "largest number of pieces on R")
        yield judged(
            name, fewest_left, "≥", 0, "neurons minus the least that so many pieces need, smallest value"
        )
        scope.progress(done + 1, len(_SHAPES))


def c13(scope: Scope) -> Iterator[Case]:
    """Composed zigzags, on the interval and on the whole line."""
    shapes = ((3,), (4,), (8,), (3, 3), (4, 4), (5, 3), (3, 5, 4), (4, 3, 6), (8, 3, 3), (3, 4, 5, 3))
    for widths in shapes:
        network = networks.composed_zigzag(widths)
        name = f"widths {'-'.join(map(str, widths))}"
        pieces = spaces.zigzag_pieces(widths)
        yield judged(f"{name}, [0, 1]", exact.count_pieces(network, UNIT), "=", pieces)
        yield judged(f"{name}, R", exact.count_pieces(network), "=", pieces)


def c14(scope: Scope) -> Iterator[Case]:
    """Composed tents with random rational parameters."""
    sizes = [(w, k) for w in range(2, 9) for k in range(1, 6)]
    for done, (width, layers) in enumerate(sizes):
        network = tents(scope, "C14", width, layers)
        name = f"w={width}, k={layers}"
        pieces = width**layers
        counted = exact.count_pieces(network, UNIT, arithmetic="rational")
        yield judged(f"{name}, [0, 1]", counted, "=", pieces, "in rationals")
        floats = exact.count_pieces(network, UNIT, arithmetic="float")
        yield judged(f"{name}, [0, 1]", floats, "=", pieces, "in floats", proved=floats.certain)
        line = exact.count_pieces(network)
        yield judged(f"{name}, R", line, "=", spaces.tents_pieces((width,) * layers, "line"), "in rationals")
        scope.progress(done + 1, len(sizes))


def tents(scope: Scope, name: str, width: int, layers: int) -> networks.Network:
    """Composed tents with random rational parameters in (0, 1)."""
    generator = scope.generator(name, width, layers)
    parameters = networks.random_simplex(width, layers, generator)
    return networks.composed_tents(parameters, Fraction(1))
