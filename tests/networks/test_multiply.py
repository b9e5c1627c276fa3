"""Products of networks by one pooling, and their counts."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelab import UserError
from ratelab.networks import Layer, Network
from ratelab.networks._hat_counts import PooledCounts
from ratelab.networks._multiply import (
    bilinear,
    bilinear_bound,
    multiply,
    multiply_bound,
    outer_product,
    outer_product_bound,
)


def random_network(generator, inputs, widths, outputs, pooled=(), sparse=False):
    """A rational ReLU network, with poolings after the hidden layers of these indices."""
    layers, given_ = [], inputs
    for index, size in enumerate([*widths, outputs]):
        weight = generator.choice([-1.0, -0.5, -0.25, 0.25, 0.75, 1.0], (size, given_))
        bias = generator.integers(-4, 5, size) / 4
        last = index == len(widths)
        layer = Layer(weight, bias, "identity" if last else "relu", index in pooled)
        layers.append(layer)
        given_ = (size + 1) // 2 if index in pooled else size
    if sparse:
        from scipy.sparse import csr_array

        layers = [Layer(csr_array(a.weight), a.bias, a.activations, a.pooled) for a in layers]
    return Network(layers)


def points(generator, inputs, count=5):
    return [[Fraction(int(v), 8) for v in row] for row in generator.integers(-16, 17, (count, inputs))]


SHAPES = [
    ((3,), (), (4,), ()),
    ((3, 2), (), (5,), ()),
    ((4, 2), (0,), (3,), ()),
    ((), (), (3, 3), (1,)),
    ((), (), (), ()),
]
IDS = ["alike", "deeper", "pooled", "affine-pooled", "affine"]


@pytest.mark.parametrize(("first", "pools", "second", "others"), SHAPES, ids=IDS)
@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "sparse"])
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_all_forms_compute_their_products_within_the_counts(first, pools, second, others, sparse, seed):
    generator = np.random.default_rng(seed)
    f = random_network(generator, 2, first, 3, pools, sparse)
    g = random_network(generator, 2, second, 2, others, sparse)
    tensor = generator.integers(-2, 3, (2, 3, 2)) / 2
    where = points(generator, 2)
    u, v = f(where), g(where)
    outer = outer_product(f, g)
    general = bilinear(f, g, tensor)
    for row, (a, b) in enumerate(zip(u, v, strict=True)):
        assert outer(where)[row].tolist() == [x * y for x in a for y in b]
        expected = [
            sum((Fraction(tensor[k, i, j]) * a[i] * b[j] for i in range(3) for j in range(2)), Fraction(0))
            for k in range(2)
        ]
        assert general(where)[row].tolist() == expected
    twin = random_network(generator, 2, second, 3, others, sparse)
    both = multiply(f, twin)
    assert (both(where) == u * twin(where)).all()
    assert PooledCounts.of(both) == multiply_bound(f, twin)
    assert PooledCounts.of(outer) == outer_product_bound(f, g)
    assert PooledCounts.of(general).within(bilinear_bound(f, g, tensor))
    assert both.poolings <= 1 + f.poolings + twin.poolings and both.depth == max(f.depth, twin.depth)


def test_networks_that_end_in_a_pooling_can_be_multiplied():
    square = Network([Layer([[1.0], [1.0]], [0.0, 0.0], "identity", pooled=True)])
    cube = multiply(square, Network([Layer([[1.0]], [0.0], "identity")]))
    assert cube([[Fraction(3, 2)]])[0, 0] == Fraction(27, 8)
    assert PooledCounts.of(cube) == multiply_bound(square, Network([Layer([[1.0]], [0.0], "identity")]))


def test_products_that_no_matrix_uses_are_left_out():
    generator = np.random.default_rng(0)
    f, g = (random_network(generator, 2, (3,), 3) for _ in range(2))
    diagonal = np.eye(3)[None]
    assert bilinear(f, g, diagonal).widths[-1] == 6
    assert bilinear(f, g, np.zeros((1, 3, 3)))(points(generator, 2)).any() == 0


def test_rational_tensors_give_rational_networks():
    generator = np.random.default_rng(1)
    f = random_network(generator, 1, (2,), 1)
    third = bilinear(f, f, [[[Fraction(1, 3)]]])
    assert third.exact
    (x,) = points(generator, 1, 1)
    assert third([x])[0, 0] == f([x])[0, 0] ** 2 / 3


def test_sizes_must_fit():
    generator = np.random.default_rng(2)
    f, g = random_network(generator, 2, (3,), 2), random_network(generator, 2, (3,), 3)
    with pytest.raises(UserError, match="outputs"):
        multiply(f, g)
    with pytest.raises(UserError, match="inputs"):
        outer_product(f, random_network(generator, 1, (3,), 2))
    with pytest.raises(UserError, match="tensor has shape"):
        bilinear(f, g, np.ones((1, 3, 2)))
    with pytest.raises(UserError, match="tensor"):
        bilinear(f, g, np.full((1, 2, 3), np.nan))
    with pytest.raises(UserError, match="tensor"):
        bilinear(f, g, "abc")
