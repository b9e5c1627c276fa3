"""What depth saves: least sizes of networks with fewer hidden layers that compute a composition of k layers of width w.

For every number k′ of hidden layers the least size lies in a bracket. Below: a function with p pieces needs a size
whose largest product Π (w_l + 1) reaches p; for one hidden layer also the subset sums of its jumps of slope. Above: the
k layers in k′ blocks, as even as can be, each written as the smallest network with one hidden layer that is found,
and composed. All weights are rational, and the networks are compared with the functions exactly, on [0, 1].
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from ratelab import exact, spaces
from ratelab.networks import Network, compose, composed_tents, composed_zigzag, fraction
from ratelab.registry import Progress, Registry
from ratelab.studies.experiments._catalogue import DepthGap

if TYPE_CHECKING:
    import xarray as xr

Interval = tuple[Fraction, Fraction]

UNIT: Interval = (Fraction(0), Fraction(1))
_WHOLE_COST = 1_500_000
"""Pieces times connections up to which a network is compared as a whole, not block by block."""
VERIFIED = {"by_blocks": 1, "as_a_whole": 2}

_LONG_NAMES = {
    "family": "composition of k layers of width w: tents (w pieces each) or zigzags (w + 1 pieces each)",
    "hidden": "number of hidden layers allowed",
    "family_pieces": "maximal affine pieces on [0, 1], counted exactly",
    "family_pieces_theory": "pieces that theory gives",
    "family_size": "hidden neurons of the composition itself, w times k",
    "size_lower": "every network with that many hidden layers that is equal on [0, 1] has at least so many neurons",
    "size_upper": "hidden neurons of the network in hand, equal on [0, 1]",
    "size_envelope": "closed form k' (p^(1/k') - 1) below size_lower",
    "size_paper": "lower bound of the paper for tents, k' w^(k/k') / 2 - 1, as recalled",
    "verified": "how the network in hand was compared with the function, exactly",
}


@dataclass(frozen=True, eq=False)
class _Family:
    """A composition of k layers."""

    name: str
    width: int
    layers: int

    def block(self, count: int) -> Network:
        """Return the composition of `count` of the layers."""
        if self.name == "tents":
            breakpoints = [Fraction(i, self.width) for i in range(1, self.width)]
            return composed_tents([breakpoints] * count)
        return composed_zigzag([self.width] * count)

    @property
    def pieces(self) -> int:
        """Pieces by theory."""
        widths = [self.width] * self.layers
        return spaces.tents_pieces(widths) if self.name == "tents" else spaces.zigzag_pieces(widths)


@dataclass(frozen=True, eq=False)
class _InHand:
    """A network with k′ hidden layers that is equal to the composition on [0, 1]."""

    network: Network
    least: bool
    verified: str


def run(parameters: DepthGap, registry: Registry, progress: Progress) -> "xr.Dataset":
    """Bracket the least size of every number of hidden layers."""
    import xarray as xr

    del registry
    width, layers = parameters.width, parameters.layers
    names = ["tents"] if width < 3 else ["tents", "zigzags"]
    families = [_Family(name, width, layers) for name in names if _affordable(name, width, layers)]
    hidden = np.arange(1, layers + 1)
    sizes = {name: np.zeros((len(families), layers), np.int64) for name in ("size_lower", "size_upper")}
    verified = np.zeros((len(families), layers), np.int8)
    counted = np.zeros(len(families), np.int64)
    for row, family in enumerate(families):
        function = exact.piecewise_linear(family.block(layers), (UNIT,), arithmetic="rational")
        counted[row] = function.pieces
        if function.pieces != family.pieces:
            raise RuntimeError(
                f"{family}: {function.pieces} pieces, not {family.pieces}; this is a bug in ratelab"
            )
        for column in range(layers):
            found = _in_hand(family, column + 1, function)
            lower, upper = spaces.least_size(function.pieces, column + 1), found.network.neurons
            lower = upper if found.least else lower
            if lower > upper:
                raise RuntimeError(
                    f"{family}: size {upper} below the least size {lower}; this is a bug in ratelab"
                )
            sizes["size_lower"][row, column], sizes["size_upper"][row, column] = lower, upper
            verified[row, column] = VERIFIED[found.verified]
            progress(row * layers + column + 1, len(families) * layers)
    cell = ("family", "hidden")
    envelope = [[float(spaces.least_size_envelope(f.pieces, int(k))) for k in hidden] for f in families]
    paper = [float(spaces.least_size_recalled(width**layers, int(k))) for k in hidden]
    dataset = xr.Dataset(
        {name: (cell, table) for name, table in sizes.items()}
        | {
            "verified": (cell, verified),
            "size_envelope": (cell, np.array(envelope)),
            "size_paper": ("hidden", np.array(paper)),
            "family_pieces": ("family", counted),
            "family_pieces_theory": ("family", np.array([f.pieces for f in families])),
            "family_size": ("family", np.array([f.block(layers).neurons for f in families])),
        },
        coords={"family": np.array([f.name for f in families], dtype=object), "hidden": hidden},
        attrs={"width": width, "layers": layers},
    )
    for name, text in _LONG_NAMES.items():
        dataset[name].attrs["long_name"] = text
    dataset["verified"].attrs["flag_values"] = np.array(list(VERIFIED.values()), dtype=np.int8)
    dataset["verified"].attrs["flag_meanings"] = " ".join(VERIFIED)
    return dataset


def blocks(layers: int, count: int) -> list[int]:
    """Split k layers into k′ blocks as even as can be, the largest first."""
    narrow, larger = divmod(layers, count)
    return [narrow + 1] * larger + [narrow] * (count - larger)


def one_layer(network: Network, domain: Interval) -> exact.PiecewiseLinear:
    """Return a rational network R → R with one hidden ReLU layer on an interval, by sorting its kinks.

    Independent of how the network was made, and in time p log p, so that large networks can be compared.
    """
    hidden, output = network.layers
    neurons = [
        (fraction(a), fraction(b), fraction(c))
        for a, b, c in zip(hidden.weight[:, 0], hidden.bias, output.weight[0], strict=True)
    ]
    low, high = domain
    value, slope = fraction(output.bias[0]), Fraction(0)
    jumps: dict[Fraction, Fraction] = {}
    for a, b, c in neurons:
        start = a * low + b
        if start > 0 or (start == 0 and a > 0):
            value, slope = value + c * start, slope + c * a
        if a and low < -b / a < high:
            jumps[-b / a] = jumps.get(-b / a, Fraction(0)) + c * abs(a)
    knots = sorted(knot for knot, jump in jumps.items() if jump)
    first, place, values = slope, low, []
    at_zero = value - slope * low
    for knot in knots:
        value, place = value + slope * (knot - place), knot
        slope += jumps[knot]
        values.append(value)
    intercept = None if knots else at_zero
    return exact.PiecewiseLinear(knots, values, first, slope, domain, intercept=intercept)


def _affordable(name: str, width: int, layers: int) -> bool:
    return name == "tents" or (width + 1) ** layers <= 65536


def _in_hand(family: _Family, hidden: int, function: exact.PiecewiseLinear) -> _InHand:
    """Write each block with one hidden layer, compose, and compare."""
    network: Network | None = None
    domain, least = UNIT, False
    for count in blocks(family.layers, hidden):
        part = exact.piecewise_linear(family.block(count), (domain,), arithmetic="rational")
        found = exact.represent(part)
        if one_layer(found.network, domain) != part:
            raise RuntimeError(f"{family}: a block of {count} layers differs; this is a bug in ratelab")
        least = hidden == 1 and found.minimal == "proved"
        network = found.network if network is None else compose(found.network, network)
        domain = _range(part)
    assert network is not None
    if function.pieces * network.connections > _WHOLE_COST:
        return _InHand(network, least, "by_blocks")
    if exact.piecewise_linear(network, (UNIT,), arithmetic="rational") != function:
        raise RuntimeError(
            f"{family}: the network of {hidden} hidden layers differs; this is a bug in ratelab"
        )
    return _InHand(network, least, "as_a_whole")


def _range(function: exact.PiecewiseLinear) -> Interval:
    assert function.domain is not None
    ends: Sequence[Fraction] = [function(Fraction(end)) for end in function.domain]
    values = [*ends, *function.values]
    return min(values), max(values)
