"""Two hidden layers whose second one bends once in every interval of the first.

The first layer cuts the domain at joints t_0 < … < t_m. A neuron of the second layer reads a continuous function that
is linear between the joints, so it is given by its values v_0, …, v_m there, which are free; if they alternate in
sign, the neuron has a kink in every interval, at a place that the two values at its ends choose. So n neurons make up
to m·n kinks with m + 1 parameters each. Across a joint a zigzag reflects: the kinks next to the joint on both sides
belong to the same neuron. If a kink at ξ is to change the slope by s, then |v| at a joint t is s·|t − ξ|, from the left
and from the right; joints that share |f″|^{1/2} equally make the two nearly agree, and their geometric mean is taken.
Neurons for convex kinks rest (keep their sign) where the target is concave, and vice versa. One more neuron of the
second layer, never at rest, carries any function that is linear between the joints.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lstsq

from ratelab._errors import UserError
from ratelab.best._deep_profile import Profile
from ratelab.networks import Layout, Network, power
from ratelab.registry import Target

Array = NDArray[np.float64]

_POWERS = ((0.4, 0.4), (0.4, 0.5), (0.45, 0.4), (0.5, 0.4), (0.5, 0.5))
"""Of |f″|: for the joints, and for the kinks between them."""

_REST = 0.15
"""A neuron rests in intervals with less than this share of the most bending to its side that an interval has."""

_ONE_SIDED = 0.03
_NODES_PER_PIECE, _FEWEST_NODES, _MOST_NODES = 14, 1024, 8192
_TRIED, _SHORT, _LONG = 4, 15, 60


@dataclass(frozen=True, eq=False)
class Sawtooth:
    """A function of two hidden layers, by its values at joints.

    Parameters
    ----------
    joints
        (m + 1,) increasing, from one end of the domain to the other.
    carried
        (m + 1,) values at the joints of the part that is linear between them.
    teeth
        (n, m + 1) values at the joints of what the other neurons read.
    heights
        (n,) output weights of these.
    """

    joints: Array
    carried: Array
    teeth: Array
    heights: Array

    def network(self) -> Network:
        """Return the network with hidden widths (m, n + 1)."""
        lift = float(np.ptp(self.carried)) or 1.0
        shift = lift - float(self.carried.min())
        values = np.vstack([self.carried + shift, self.teeth])
        slopes = np.diff(values, axis=1) / np.diff(self.joints)
        second = np.concatenate([slopes[:, :1], np.diff(slopes, axis=1)], axis=1)
        first = np.ones((len(self.joints) - 1, 1))
        last = np.concatenate([[1.0], self.heights])[None]
        return Network.dense(
            [first, second, last], [-self.joints[:-1], values[:, 0], np.array([-shift])], power(1)
        )


def deep_sawtooth(target: Target, widths: tuple[int, int]) -> Network:
    """Return a ReLU network of depth 3 with at most these hidden widths: the best of several zigzags, after a descent.

    Parameters
    ----------
    target
        One variable, one value.
    widths
        Of the two hidden layers, at least 1 each.

    Raises
    ------
    UserError
        If the target has more variables or values, or a width is below 1.
    """
    if target.dimension != 1:
        raise UserError(f"target '{target.name}' has {target.dimension} variables; zigzags are for one")
    if min(widths) < 1:
        raise UserError(f"hidden widths are {widths}; allowed: 1 or more each")
    from ratelab.training._polish_descent import Descent
    from ratelab.training._polish_embed import embed
    from ratelab.training._polish_samples import padded
    from ratelab.training._stack import Shape

    profile = Profile.of(target)
    wanted = _NODES_PER_PIECE * (widths[0] + 1) * (widths[1] + 1)
    x, weights, values = profile.nodes(min(max(wanted, _FEWEST_NODES), _MOST_NODES))
    found = sorted(candidates(profile, widths, x, weights, values), key=lambda pair: pair[0])
    samples = padded(x[None], weights, values[None])
    descents = []
    for _, sawtooth in found[:_TRIED]:
        network = sawtooth.network()
        shape = Shape(Layout.dense((1, *network.widths, 1)))
        start = embed(network, shape, power(1))
        assert start is not None
        descents.append((Descent(shape, start, samples, power(1)), shape))
    for descent, _ in descents:
        descent.run(_SHORT)
    descent, shape = min(descents, key=lambda pair: pair[0].loss)
    descent.run(_LONG)
    return shape.network(descent.parameters, power(1))


def candidates(
    profile: Profile, widths: tuple[int, int], x: Array, weights: Array, values: Array
) -> list[tuple[float, Sawtooth]]:
    """Return zigzags and their squared errors at the nodes, the linear parameters by least squares."""
    result = []
    for coarse, fine in _POWERS:
        joints = profile.joints(widths[0], coarse)
        for convex in _splits(profile, widths[1] - 1):
            teeth = zigzags(profile, joints, (convex, widths[1] - 1 - convex), fine)
            result.append(_fitted(joints, teeth, x, weights, values))
    return result


def zigzags(profile: Profile, joints: Array, counts: tuple[int, int], fine: float) -> Array:
    """Return values at the joints, (n, m + 1), of that many neurons for convex and for concave kinks.

    Parameters
    ----------
    fine
        Power of |f″| that the kinks between two joints share equally.
    """
    rows = [
        _one_side(profile, joints, count, sign, fine)
        for count, sign in zip(counts, (1, -1), strict=True)
        if count
    ]
    return np.concatenate(rows) if rows else np.zeros((0, len(joints)))


def _one_side(profile: Profile, joints: Array, count: int, sign: int, fine: float) -> Array:
    edges, mass = profile.edges, profile.cumulative(fine, sign)
    turning = np.append(0.0, np.cumsum(np.maximum(sign * profile.bend, 0.0) * np.diff(edges)))
    rising = np.append(True, np.diff(mass) > 0)
    at_joints = np.interp(joints, edges, mass)
    shares = np.diff(at_joints)
    bends = shares > _REST * shares.max(initial=0.0)
    signs = np.empty((count, len(joints)))
    signs[:, 0] = -1.0
    logs = np.full((2, count, len(joints)), np.nan)
    forward = True
    for j, (left, right) in enumerate(zip(joints, joints[1:], strict=False)):
        signs[:, j + 1] = -signs[:, j] if bends[j] else signs[:, j]
        if not bends[j]:
            continue
        steps = np.arange(2 * count + 1) / (2 * count)
        places = np.interp(at_joints[j] + shares[j] * steps, mass[rising], edges[rising])
        slope = np.diff(np.interp(places[::2], edges, turning))
        slope = np.maximum(slope, 1e-12 * slope.max())
        kinks = np.clip(places[1::2], left + 1e-6 * (right - left), right - 1e-6 * (right - left))
        order = slice(None) if forward else slice(None, None, -1)
        logs[0, :, j] = np.log(slope * (kinks - left))[order]
        logs[1, :, j + 1] = np.log(slope * (right - kinks))[order]
        forward = not forward
    known = np.isfinite(logs)
    number = known.sum(axis=0)
    sizes = np.where(known, logs, 0.0).sum(axis=0) / np.maximum(number, 1)
    places = np.arange(len(joints))
    for row, seen in zip(sizes, number > 0, strict=True):
        row[:] = np.interp(places, places[seen], row[seen]) if seen.any() else 0.0
    return np.asarray(signs * np.exp(sizes - sizes.max(initial=0.0)))


def _splits(profile: Profile, count: int) -> list[int]:
    """Return how many of the kinks of an interval may be convex ones."""
    convex, concave = profile.cumulative(0.4, 1)[-1], profile.cumulative(0.4, -1)[-1]
    share = convex / (convex + concave) if convex + concave > 0 else 1.0
    if count < 2 or min(share, 1 - share) < _ONE_SIDED:
        return [count if share > 0.5 else 0]
    nearest = min(max(round(share * count), 1), count - 1)
    return sorted({nearest, max(nearest - 1, 1), count // 2})


def _fitted(joints: Array, teeth: Array, x: Array, weights: Array, values: Array) -> tuple[float, Sawtooth]:
    roots = np.sqrt(weights)
    hats = np.stack([np.interp(x, joints, unit) for unit in np.eye(len(joints))])
    columns = np.concatenate([hats, np.maximum(teeth @ hats, 0.0)]) * roots
    length = np.linalg.norm(columns, axis=1)
    length = np.where(length > 0, length, 1.0)
    solved = lstsq((columns / length[:, None]).T, values * roots, cond=1e-13, check_finite=False)[0] / length
    residual = solved @ columns - values * roots
    split = len(joints)
    return float(residual @ residual), Sawtooth(joints, solved[:split], teeth, solved[split:])
