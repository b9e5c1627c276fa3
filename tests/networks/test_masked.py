"""Networks times masks and gated networks: values, exact zeros, weights, counts."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import issparse

from ratelab import UserError
from ratelab.exact._interval_values import interval_values
from ratelab.networks import Layer, Network, strict
from ratelab.networks._box_mask import box_mask
from ratelab.networks._generic_shift import generic_shift
from ratelab.networks._hat_counts import PooledCounts
from ratelab.networks._kuhn_hats import kuhn_hats
from ratelab.networks._masked import clip, gated, gated_bound, masked, masked_bound
from ratelab.networks._tensor_hats import tensor_hats


def mask_of(dimension, unit=Fraction(1, 4)):
    cells = np.array(list(product(range(-2, 2), repeat=dimension))).astype(object)
    return box_mask(cells * unit, (cells + 1) * unit, unit / 2)


def inner(name, dimension, outputs, generator):
    """Networks g of several kinds; float64 weights of full length unless rational."""
    nodes = np.array(list(product(range(-2, 3), repeat=dimension)))
    if name == "affine":
        return Network.dense([generator.normal(size=(outputs, dimension))], [generator.normal(size=outputs)])
    if name in ("hats", "kuhn"):
        build = tensor_hats if name == "hats" else kuhn_hats
        return build(nodes, generator.normal(size=(len(nodes), outputs)), Fraction(1, 4))
    widths = {"shallow": (7,), "rational": (4,), "deep": (5, 4, 4, 3, 3)}[name]
    sizes = [dimension, *widths, outputs]
    weights = [generator.normal(size=(b, a)) for a, b in zip(sizes, sizes[1:], strict=False)]
    biases = [generator.normal(size=b) for b in sizes[1:]]
    if name == "rational":
        weights = [[[Fraction(int(9 * v), 7) for v in row] for row in w] for w in weights]
    return Network.dense(weights, biases)


KINDS = ("affine", "shallow", "deep", "hats", "kuhn", "rational")


def points(generator, dimension, count=6):
    return [[Fraction(int(v), 64) for v in row] for row in generator.integers(-50, 51, (count, dimension))]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("dimension", "outputs"), [(1, 1), (2, 3)])
@pytest.mark.parametrize("shift", ["none", "ratio", "dyadic"])
def test_the_network_is_g_plus_the_shift_times_the_mask_exactly(kind, dimension, outputs, shift):
    generator = np.random.default_rng(len(kind) + dimension)
    g, mask = inner(kind, dimension, outputs, generator), mask_of(dimension)
    if kind == "rational" and shift == "dyadic":
        shift = "ratio"
    eta = Fraction(0) if shift == "none" else generic_shift(g, Fraction(1, 50), shift)
    network = masked(g, mask, eta)
    assert network.exact == (kind == "rational" or shift == "ratio")
    where = points(generator, dimension)
    expected = (g(where) + eta) * mask(where)
    assert (network(where) == expected).all()
    assert PooledCounts.of(network).within(masked_bound(g, mask, bool(eta)))
    assert network.depth == max(g.depth, mask.depth) and network.layers[-1].pooled
    if not g.poolings:
        extra = int(shift == "dyadic")
        assert network.width <= mask.width + max(g.width, min(dimension, outputs)) + extra
        assert network.poolings == 1


def test_a_mask_and_a_shallow_network_make_four_affine_maps_and_one_pooling():
    generator = np.random.default_rng(0)
    g, mask = inner("shallow", 2, 1, generator), mask_of(2)
    network = masked(g, mask, generic_shift(g, 1, "dyadic"))
    assert (network.depth, network.poolings) == (4, 1)
    assert network.width <= 2 * 2 * 16 + g.width
    assert masked(g, mask).connections == masked_bound(g, mask, False).connections
    relu_only = strict(network)
    where = points(generator, 2)
    assert relu_only.strict and (relu_only(where) == network(where)).all()


@pytest.mark.parametrize(
    ("steps", "cubes", "width"), [(8, 12, 74), (16, 24, 146), (32, 46, 286), (128, 180, 1130)]
)
def test_widths_stay_below_the_published_table(steps, cubes, width):
    """Masks of the tent on [−0.7, 0.7] with an interpolant at the grid points of [−1.5, 1.5]: width 2J + width(g)."""
    left = np.arange(-(cubes // 2), cubes // 2)[:, None] / steps
    mask = box_mask(left, left + 1 / steps, 1 / (4 * steps))
    nodes = np.arange(-3 * steps // 2, 3 * steps // 2 + 1)[:, None]
    g = tensor_hats(nodes, np.maximum(0, 1 - np.abs(nodes[:, 0]) / steps / 0.7), Fraction(1, steps))
    network = masked(g, mask, generic_shift(g, Fraction(1, 100), "dyadic"))
    assert (network.depth, network.poolings) == (4, 1) and not network.exact
    assert network.width <= mask.width + g.width == width


def test_masked_and_gated_networks_survive_storage(tmp_path):
    g, mask = inner("hats", 2, 2, np.random.default_rng(10)), mask_of(2)
    x = np.random.default_rng(11).uniform(-1, 1, (50, 2))
    for network in (masked(g, mask, 2.0**-90), masked(g, mask, Fraction(1, 3)), gated(g, mask, 2)):
        network.save(tmp_path / "network.nc")
        assert (Network.load(tmp_path / "network.nc")(x) == network(x)).all()


def test_shifts_are_rounded_only_when_asked_for():
    g, mask = inner("shallow", 1, 1, np.random.default_rng(3)), mask_of(1)
    third = Fraction(1, 3 * 2**7)
    assert masked(g, mask, third).exact and masked(g, mask, exact=True).exact
    rounded = masked(g, mask, third, exact=False)
    assert not rounded.exact
    x = np.linspace(-1, 1, 41)[:, None]
    np.testing.assert_allclose(rounded(x), masked(g, mask, third)(x), atol=1e-15)
    assert not rounded(np.array([[0.625], [-0.625], [1e9]])).any()


@pytest.mark.parametrize("kind", ["shallow", "deep", "hats", "kuhn"])
@pytest.mark.parametrize("build", ["masked", "gated"])
def test_half_spaces_and_cells_outside_the_mask_are_certified_to_be_zero(kind, build):
    generator = np.random.default_rng(4)
    g, mask = inner(kind, 2, 2, generator), mask_of(2)
    network = masked(g, mask, 2.0**-80) if build == "masked" else gated(g, mask, 3)
    low, high = np.full((4, 2), -np.inf), np.full((4, 2), np.inf)
    for axis in range(2):
        low[axis, axis], high[2 + axis, axis] = 5 / 8, -5 / 8
    cells = np.array([c for c in product(range(-12, 12), repeat=2) if max(*c, *(-1 - k for k in c)) >= 5])
    low, high = np.concatenate([low, cells / 8]), np.concatenate([high, (cells + 1) / 8])
    for end in interval_values(network, low, high):
        assert not end.any()


def test_networks_stay_sparse_next_to_a_mask():
    generator = np.random.default_rng(5)
    hats, mask = inner("hats", 2, 1, generator), mask_of(2)
    for network in (masked(hats, mask, 2.0**-70), gated(hats, mask, 4)):
        assert all(issparse(layer.weight) for layer in network.layers)


@pytest.mark.parametrize("form", ["nested", "difference"])
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=5, deadline=None)
@given(bound=st.sampled_from([Fraction(1, 4), Fraction(1, 3), 0.3, 2]), seed=st.integers(0, 100))
def test_clipping_is_exact(kind, form, bound, seed):
    generator = np.random.default_rng(seed)
    g = inner(kind, 2, 2, generator)
    network = clip(g, bound, form)
    assert network.exact == (kind == "rational" or bound == Fraction(1, 3))
    where = points(generator, 2)
    most = Fraction(bound)
    expected = [[min(max(v, -most), most) for v in row] for row in g(where)]
    assert network(where).tolist() == expected


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("dimension", "outputs"), [(1, 1), (2, 2)])
def test_the_gate_is_g_on_the_mask_and_zero_outside(kind, dimension, outputs):
    generator = np.random.default_rng(7)
    g, mask = inner(kind, dimension, outputs, generator), mask_of(dimension)
    where = points(generator, dimension, 40)
    bound = float(np.median(np.abs(g(where).astype(float)))) + 0.1
    network = gated(g, mask, bound)
    assert network.poolings == g.poolings
    assert PooledCounts.of(network).within(gated_bound(g, mask))
    inside, outside = 0, 0
    for psi, value, given_ in zip(mask(where)[:, 0], network(where), g(where), strict=True):
        for v, w in zip(value, given_, strict=True):
            assert abs(v) <= abs(w)
            if psi == 0:
                assert v == 0
                outside += 1
            elif psi == 1 and abs(w) <= Fraction(bound):
                assert v == w
                inside += 1
    assert inside and outside
    far = generator.uniform(-1, 1, (300, dimension)) * 10.0 ** generator.uniform(0, 6, (300, 1))
    far = far[np.abs(far).max(axis=1) >= 0.625]
    assert not network(far).any()


@pytest.mark.parametrize("kind", KINDS)
def test_a_shut_gate_stays_below_zero_by_its_slack(kind):
    """What the two neurons of each output read is at most −2^-20·M where Ψ = 0, rounding left aside."""
    g, mask = inner(kind, 1, 2, np.random.default_rng(9)), mask_of(1)
    *below, gate, _ = gated(g, mask, 1).layers
    arguments = Network([*below, Layer(gate.weight, gate.bias, "identity")])
    values = arguments.float64()(np.array([[0.625], [-0.7], [3.0], [-1e5]]))
    assert values.shape == (4, 4) and values.max() <= -(2.0**-20)


def test_the_nested_clip_is_certified_where_the_difference_is_not():
    """An unbounded enclosure of g makes ρ(g + M) − ρ(g − M) unbounded, M − ρ(2M − ρ(g + M)) not."""
    g = Network.dense([[[1.0], [-1.0]], [[1.0, 1.0]]], [[0.0, 0.0], [0.0]])
    low, high = np.array([[-np.inf]]), np.array([[np.inf]])
    assert [float(end[0, 0]) for end in interval_values(clip(g, 1), low, high)] == [0.0, 1.0]
    assert interval_values(clip(g, 1, "difference"), low, high)[1][0, 0] == np.inf


def test_wrong_masks_shifts_and_bounds_are_refused():
    g, mask = inner("shallow", 1, 1, np.random.default_rng(8)), mask_of(1)
    two = Network([Layer([[1.0], [1.0]], [0.0, 0.0], "identity")])
    with pytest.raises(UserError, match="outputs"):
        masked(g, two)
    with pytest.raises(UserError, match="inputs"):
        gated(g, mask_of(2), 1)
    with pytest.raises(UserError, match="shift"):
        masked(g, mask, np.inf)
    for bound in (0, -1, np.nan):
        with pytest.raises(UserError, match="bound"):
            gated(g, mask, bound)
    with pytest.raises(UserError, match="slack"):
        gated(g, mask, 1, 2.0**-40)
    large = tensor_hats(np.array(list(product(range(90), repeat=2))), np.ones(8100), Fraction(1, 8))
    with pytest.raises(UserError, match="too large"):
        masked(large, mask_of(2), Fraction(1, 3))
