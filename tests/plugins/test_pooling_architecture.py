"""Budgets become the widest layouts with poolings."""

import numpy as np
import pytest

from ratelab import Network, UserError, load_plugins
from ratelab.networks import Layer, power

ARCHITECTURES = load_plugins().architectures
CASES = [
    (layers, form, complexity, hidden, d, k)
    for layers in (1, 2)
    for form in ("pairs", "outer")
    for complexity in ("neurons", "connections")
    for hidden in (2, 3)
    for d, k in ((1, 1), (3, 2))
]


def _make(layers, form, **kwargs):
    return ARCHITECTURES[f"pooling(layers={layers},form={form})"].layout(**kwargs)


def _by_hand(own, layers, form, d, k):
    """Neurons and connections of own sizes (n_1, …), counted layer by layer."""
    neurons, connections, reads = 0, 0, d
    for index, n in enumerate(own):
        pooled = index >= len(own) - layers
        rows = n if not pooled else 2 * n if form == "pairs" else n + 1
        neurons, connections, reads = neurons + rows, connections + rows * reads, n
        if pooled and form == "outer":
            products = -(-rows // 2) * (rows // 2)
            neurons, connections, reads = neurons + 2 * products, connections + 2 * products, products
    return neurons, connections + k * reads


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layouts_are_the_widest_that_fit(case):
    layers, form, complexity, hidden, d, k = case
    depth = hidden + 1 + layers * (form == "outer")
    which = 0 if complexity == "neurons" else 1

    def own(total):
        return [total // hidden + (i < total % hidden) for i in range(hidden)]

    smallest = _by_hand(own(hidden), layers, form, d, k)[which]
    shape = {"complexity": complexity, "depth": depth, "dimension": d, "outputs": k}
    with pytest.raises(UserError, match=rf"smallest that fits is {smallest}\b"):
        _make(layers, form, budget=smallest - 1, **shape)
    for budget in range(smallest, smallest + 80, 7):
        layout = _make(layers, form, budget=budget, **shape)
        total = hidden
        while _by_hand(own(total + 1), layers, form, d, k)[which] <= budget:
            total += 1
        neurons, connections = _by_hand(own(total), layers, form, d, k)
        assert (layout.neurons, layout.connections) == (neurons, connections)
        assert (layout.depth, layout.poolings) == (depth, layers)
        assert all(len(layer.linear) % 2 == 0 for layer in layout.layers if layer.pooled)
        assert not any(layer.pooled for layer in layout.layers[: hidden - layers])


def test_the_outer_form_gives_all_products_of_two_halves():
    layout = _make(1, "outer", budget=45, complexity="neurons", depth=3, dimension=2, outputs=1)
    random = np.random.default_rng(0)
    layers = [
        Layer(
            np.where(a.free, random.standard_normal(a.free.shape), a.fixed),
            np.where(a.free_bias, random.standard_normal(len(a.linear)), 0.0),
            a.activations(power(1)),
            a.pooled,
        )
        for a in layout.layers
    ]
    layers[-1] = Layer(np.eye(layers[-1].inputs), np.zeros(layers[-1].inputs), "identity")
    x = random.standard_normal((20, 2))
    values = np.maximum(layers[0].weight @ x.T + layers[0].bias[:, None], 0)
    a = -(-len(values) // 2)
    products = np.einsum("im,jm->mij", values[:a], values[a:]).reshape(20, -1)
    np.testing.assert_allclose(Network(layers)(x), products, rtol=1e-13)


@pytest.mark.parametrize(
    ("layers", "form", "least"), [(1, "pairs", 2), (2, "pairs", 3), (1, "outer", 3), (2, "outer", 5)]
)
def test_a_depth_without_room_for_the_poolings_is_refused(layers, form, least):
    shape = {"budget": 500, "complexity": "neurons", "dimension": 1, "outputs": 1}
    with pytest.raises(UserError, match=rf"{least} or more"):
        _make(layers, form, depth=least - 1, **shape)
    assert _make(layers, form, depth=least, **shape).poolings == layers


def test_wrong_parameters_and_layers_beyond_memory_are_refused():
    with pytest.raises(UserError, match="layers is 0"):
        ARCHITECTURES["pooling(layers=0)"]
    with pytest.raises(UserError, match="form is 'inner'; allowed: pairs, outer"):
        ARCHITECTURES["pooling(form=inner)"]
    with pytest.raises(UserError, match="do not fit into memory"):
        _make(1, "outer", budget=10**6, complexity="neurons", depth=3, dimension=1, outputs=1)


def test_the_architecture_says_that_it_pools():
    assert ARCHITECTURES["pooling"].pools is True
    assert not hasattr(ARCHITECTURES["mlp"], "pools")
