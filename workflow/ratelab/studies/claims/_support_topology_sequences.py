"""Sequences of networks with certified supports, for the checks of the finer topology."""

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from math import ceil, inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ratelab.exact import nonzero, vanishes
from ratelab.networks import Layer, Network, add, box_mask, identity, scale
from ratelab.registry import Activation, Box, LevelSet, Target
from ratelab.spaces import SupportedNetwork, SupportMember, supported

Generator = np.random.Generator
RADIUS = 1.5
"""Half side of the box on which analytic networks are fitted and their errors measured."""


def mask_member(built: SupportedNetwork, cube: Fraction) -> SupportMember:
    """Return what is proved of a masked network: n from its exact support, and an upper end of its L1 error on R^d.

    Target and network are 0 outside the network's neighbourhood, and nowhere farther apart than the error bound.
    """
    reach = max(abs(side) for pair in built.support.bounds for side in pair)
    level = max(1, ceil(reach / cube)) if built.support_equal and built.certificate else None
    return SupportMember(l1_bound(built), level, built.support_reason)


def l1_bound(built: SupportedNetwork) -> float:
    """Return an upper end of the L1 error of a masked network on R^d."""
    return built.error_bound * float(built.neighbourhood.measure)


def masks(target: Target, exponents: Sequence[int], cube: Fraction) -> list[SupportMember]:
    """Return masked networks of spacings 2^(−m)."""
    return [mask_member(supported(target, Fraction(1, 2**m)), cube) for m in exponents]


def moving_bumps(
    target: Target, spacing: Fraction, count: int, cube: Fraction
) -> Iterator[tuple[SupportMember, Any]]:
    """Return f̂_k + 2^(−k)·Ψ_k, Ψ_k the mask of a cube in K_(k+1) ∖ K_k, with lower ends of its masses on annuli.

    f̂_k is the masked network of spacing h·2^(−⌊k/2⌋). n = k + 1 is proved by intervals: the network is 0 outside
    K_(k+1), and not 0 at the middle of the bump.
    """
    side, margin, d = cube / 2, cube / 8, target.dimension
    for k in range(1, count + 1):
        built = supported(target, spacing / 2 ** (k // 2), certify=False)
        low = np.array([[float(k * cube + cube / 4)] + [float(-side / 2)] * (d - 1)])
        height = 2.0**-k
        network = add(built.float_network, scale(box_mask(low, low + float(side), float(margin)), height))
        middle = low + float(side) / 2
        there = bool(vanishes(network, (middle, middle)).nonzero.all())
        away = bool(vanishes(network, half_spaces(d, (k + 1) * float(cube))))
        error = l1_bound(built) + height * float(side + 2 * margin) ** d  # Ψ ≤ 1 on the bump's box
        masses = np.zeros(count + 1)
        masses[k] = height * float(side) ** d
        reason = "0 outside K_n and not 0 in its last annulus, by intervals"
        yield SupportMember(error, k + 1 if there and away else None, reason), masses


def half_spaces(dimension: int, half_side: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the 2d half-spaces that cover what lies outside [−R, R]^d, as boxes."""
    low, high = np.full((2 * dimension, dimension), -inf), np.full((2 * dimension, dimension), inf)
    for axis in range(dimension):
        high[2 * axis, axis], low[2 * axis + 1, axis] = -half_side, half_side
    return low, high


def analytic_network(
    activation: Activation, width: int, dimension: int, generator: Generator, pooled: bool = False
) -> Network:
    """Return a random network of one hidden layer, its outputs pooled in pairs if asked for."""
    size = 2 * width if pooled else width
    weight = generator.normal(size=(size, dimension))
    hidden = Layer(weight, generator.uniform(-1, 1, size), (activation,) * size, pooled)
    return Network([hidden, Layer(generator.normal(size=(1, width)), generator.normal(size=1), (identity,))])


def width_sweep(
    target: Target,
    activation: Activation,
    widths: Sequence[int],
    generator: Generator,
    steepness: float = 8.0,
) -> list[SupportMember]:
    """Return random features fitted by least squares to a target of one variable, one for each width.

    The errors are those on a box. A network whose ball excludes 0 has unbounded support; nothing else is said of any.
    """
    x = np.linspace(-RADIUS, RADIUS, 1601)[:, None]
    y = target(x)
    found = []
    for width in widths:
        weight = generator.normal(size=(width, 1)) * steepness
        bias = generator.uniform(-1, 1, width) * steepness * RADIUS
        features = Network(
            [
                Layer(weight, bias, (activation,) * width),
                Layer(np.eye(width), np.zeros(width), (identity,) * width),
            ]
        )
        matrix = np.concatenate([np.asarray(features(x)), np.ones_like(x)], axis=1)
        damped = np.vstack([matrix, np.sqrt(1e-10) * np.eye(width + 1)])
        readout = np.linalg.lstsq(damped, np.vstack([y, np.zeros((width + 1, 1))]), rcond=None)[0]
        network = Network([features.layers[0], Layer(readout[:-1].T, readout[-1], (identity,))])
        error = 2 * RADIUS * float(np.abs(np.asarray(network(x)) - y).mean())
        proof = nonzero(network)
        level = inf if proof else None
        found.append(SupportMember(error, level, f"{activation.name}: {proof.reason}", everywhere=False))
    return found


def cones(generator: Generator, dimension: int) -> tuple[Target, Fraction]:
    """Return a sum of one to three random cones, and a cube scale a for which its support ends well inside a cube."""
    count = int(generator.integers(1, 4))
    centres = generator.integers(-24, 25, (count, dimension)) / 64
    radii = generator.integers(14, 27, count) / 64
    slopes = generator.uniform(0.5, 2, count)
    # one of them is far enough out, so that grids see the difference between cubes
    centres[0, 0] = 0.375

    def away(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(radii - np.sqrt(((x[:, None] - centres[None]) ** 2).sum(axis=2)))

    low, high = (centres - radii[:, None]).min(axis=0), (centres + radii[:, None]).max(axis=0)
    lipschitz = float(slopes.sum()) * (1 + 1e-12)
    box = Box(tuple((low - 1 / 64).tolist()), tuple((high + 1 / 64).tolist()))
    target = Target(
        "random_cones",
        lambda x: (np.maximum(0.0, away(x)) * slopes).sum(axis=1),
        domain=((-RADIUS, RADIUS),) * dimension,
        support=LevelSet(lambda x: -away(x).max(axis=1), 1.0, box),
        lipschitz=lipschitz,
    )
    reach = Fraction(float(max(-low.min(), high.max())))
    return target, reach / (int(generator.integers(1, 4)) - Fraction(1, 2))


def shrunken(target: Target, share: Fraction) -> Target:
    """Return x ↦ f(x/share) for a target of one variable whose support is an interval around 0; 0 < share < 1."""
    support = target.support
    assert isinstance(support, Box) and target.lipschitz is not None
    function: Callable[[Any], Any] = target.function
    ends = [tuple(share * Fraction(v) for v in side) for side in (support.lower, support.upper)]
    return Target(
        "shrunken",
        lambda x: function(x / float(share)),
        domain=target.domain,
        support=Box(*ends),
        lipschitz=target.lipschitz / float(share) * (1 + 1e-12),
    )
