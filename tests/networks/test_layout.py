"""Shapes of networks: neurons with activations of their own, and grades."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelab import Network, UserError, load_plugins
from ratelab.networks import LayerShape, Layout, identity, power, sine
from ratelab.networks._layout import graded_readouts, grades_of

REGISTRY = load_plugins()


def _mask(*rows: int, size: int = 4) -> np.ndarray:
    return np.isin(np.arange(size), rows)


def _layer(others=(), linear=()) -> LayerShape:
    return LayerShape(
        np.ones((4, 2), bool), np.zeros((4, 2)), np.ones(4, bool), _mask(*linear), tuple(others)
    )


def _graded(label: str, depth: int, d: int = 1, k: int = 1, budget: int = 40) -> Layout:
    return REGISTRY.architectures[label].layout(
        budget=budget, complexity="neurons", depth=depth, dimension=d, outputs=k
    )


def _random(layout: Layout, seed: int = 0) -> Network:
    """A network of the layout with weights 1/8, 2/8, …, so that sums in float64 are exact for piecewise linear ones."""
    random = np.random.default_rng(seed)
    weights = [
        np.where(layer.free, random.integers(-8, 9, layer.free.shape) / 8, layer.fixed)
        for layer in layout.layers
    ]
    biases = [np.where(a.free_bias, random.integers(-8, 9, len(a.linear)) / 8, 0.0) for a in layout.layers]
    return Network.dense(weights, biases, [a.activations(power(1)) for a in layout.layers[:-1]])


def _by_hand(*layers) -> Layout:
    """Each layer: which weights are free, which are 1, how many of its last neurons are identities."""
    return Layout(
        tuple(
            LayerShape(
                np.array(free, bool),
                np.array(fixed, float),
                np.ones(len(free), bool),
                np.arange(len(free)) >= len(free) - carriers,
            )
            for free, fixed, carriers in layers
        )
    )


def test_sums_that_end_and_layers_without_neurons_are_refused():
    start = ([[1], [1]], [[0], [0]], 0)
    summed = ([[1, 1], [1, 1], [1, 1]], [[0, 0]] * 3, 1)
    whole = _by_hand(start, summed, ([[1, 1, 0]], [[0, 0, 1]], 1))
    assert [span.layers for span in grades_of(whole)] == [(0,), (1,)]
    lost = _by_hand(start, summed, ([[1, 1, 0]], [[0, 0, 0]], 0), ([[1]], [[0]], 1))
    alone = _by_hand(start, ([[1, 1]], [[0, 0]], 1), ([[0], [0]], [[0], [1]], 1), ([[1, 0]], [[0, 1]], 1))
    for wrong in (lost, alone):
        with pytest.raises(UserError, match="is no part of a grade"):
            grades_of(wrong)


def _affine(layer, rows, columns, value):
    """A block of a rational layer applied to Fractions (columns, m)."""
    weight = [[Fraction(int(w.p), int(w.q)) for w in row] for row in layer.matrix[np.ix_(rows, columns)]]
    bias = [[Fraction(int(b.p), int(b.q))] for b in layer.bias[rows]]
    return np.array(weight, object) @ value + np.array(bias, object)


def test_every_neuron_has_the_activation_that_its_masks_say():
    layer = _layer([(sine, _mask(1)), (power(2), _mask(0))], linear=[3])
    assert layer.activations(power(1)) == (power(2), sine, power(1), identity)
    assert layer.plain.tolist() == [False, False, True, False]
    assert _layer(linear=[0]).activations(sine) == (identity, sine, sine, sine)


@pytest.mark.parametrize(
    ("others", "linear", "message"),
    [
        ([(sine, _mask(1)), (power(2), _mask(1, 2))], [], "neuron 1 has activation 'relu2' and another one"),
        ([(sine, _mask(3))], [3], "neuron 3 has activation 'sine' and another one"),
        ([(sine, _mask(1, size=3))], [], r"allowed: a boolean array of shape \(4,\)"),
        ([(sine, np.ones(4))], [], "allowed: a boolean array"),
        ([(sine, _mask(0)), (sine, _mask(1))], [], "'others' has 'sine'"),
        ([("sine", _mask(0))], [], "'others' has 'sine'; allowed: pairs of an Activation"),
        ([(identity, _mask(0))], [], "the identity in 'linear' only"),
    ],
)
def test_activations_that_contradict_each_other_are_refused(others, linear, message):
    with pytest.raises(UserError, match=message):
        _layer(others, linear)


def test_layouts_without_other_activations_keep_their_names():
    assert Layout.dense((2, 3, 1)).key == "2-3-1"
    skip = REGISTRY.architectures["skip"].layout(
        budget=9, complexity="neurons", depth=3, dimension=1, outputs=1
    )
    assert skip.key == "1-4-5-1:000100011"
    first, last = Layout.dense((2, 3, 1)).layers
    empty = Layout((replace(first, others=((sine, np.zeros(3, bool)),)), last))
    assert (empty.key, empty.others) == ("2-3-1", frozenset())


def test_names_tell_apart_which_neurons_have_which_activation():
    first, last = Layout.dense((2, 3, 1)).layers

    def layout(*others):
        return Layout((replace(first, others=others), last))

    masks = [_mask(*rows, size=3) for rows in ((0,), (1,), (0, 1), (0, 1, 2))]
    made = [layout((a, mask)) for a in (sine, power(2)) for mask in masks]
    made += [layout((sine, masks[0]), (power(2), masks[1])), layout((sine, masks[1]), (power(2), masks[0]))]
    assert len({one.key for one in made} | {"2-3-1"}) == len(made) + 1
    swapped = layout((power(2), masks[1]), (sine, masks[0]))
    assert swapped.key == made[-2].key
    assert made[0].key == "2-3-1:sine=100"
    assert made[-1].others == {"sine", "relu2"}


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 4),
    st.integers(2, 8),
    st.integers(0, 2),
    st.sampled_from(["none", "sine", "relu2"]),
    st.integers(1, 3),
    st.integers(1, 3),
)
def test_grades_are_runs_of_hidden_layers_and_every_free_parameter_is_in_one_grade(
    layers, depth, sines, first, d, k
):
    layout = _graded(f"graded(layers={layers},first={first},sines={sines})", depth, d, k, budget=90)
    grades = grades_of(layout)
    assert [span.layers for span in grades] == [
        tuple(range(start, min(start + layers, depth - 1))) for start in range(0, depth - 1, layers)
    ]
    counted = [np.zeros(layer.free.shape, int) for layer in layout.layers]
    for span in grades:
        for index, rows, columns in zip(span.layers, span.rows, span.columns, strict=True):
            counted[index][np.ix_(rows, columns)] += 1
            assert not layout.layers[index].linear[rows].any()
        assert span.head_layer == span.layers[-1] + 1
        assert span.head_columns.tolist() == span.rows[-1].tolist()
        assert len(span.head_rows) == k
        counted[span.head_layer][np.ix_(span.head_rows, span.head_columns)] += 1
        assert layout.layers[span.head_layer].free_bias[span.head_rows].all()
    for count, layer in zip(counted, layout.layers, strict=True):
        np.testing.assert_array_equal(count, layer.free)


def test_a_layout_without_identity_neurons_is_one_grade():
    for layout in (Layout.dense((2, 3, 5, 1)), _graded("mixed", 3), _graded("graded(layers=2)", 3)):
        (span,) = grades_of(layout)
        assert (span.layers, span.head_layer) == ((0, 1), 2)
        assert [len(rows) for rows in span.rows] == list(layout.widths[1:-1])


@pytest.mark.parametrize("depth", [2, 3, 4])
def test_skip_layouts_have_no_grades(depth):
    layout = REGISTRY.architectures["skip"].layout(
        budget=30, complexity="neurons", depth=depth, dimension=1, outputs=1
    )
    with pytest.raises(UserError, match="layer 1 is no part of a grade"):
        grades_of(layout)


def _spoilt(layout: Layout, index: int, **changes) -> Layout:
    layers = list(layout.layers)
    layers[index] = replace(
        layers[index], **{name: change(layers[index]) for name, change in changes.items()}
    )
    return Layout(tuple(layers))


def test_what_is_nearly_graded_is_refused():
    layout = _graded("graded", 4, d=2, k=2)
    assert len(grades_of(layout)) == 3

    def edited(name, row, column, value):
        def change(layer):
            array = getattr(layer, name).copy()
            array[row, column] = value
            return array

        return {name: change}

    spoilt = [
        _spoilt(layout, 2, **edited("free", 0, -1, True)),  # a neuron reads the sum
        _spoilt(layout, 2, **edited("free", -1, -1, True)),  # the sum is trained
        _spoilt(layout, 2, **edited("fixed", -1, -1, 2.0)),  # the sum is doubled
        _spoilt(layout, 2, **edited("fixed", -1, -2, 1.0)),  # two sums are mixed
        _spoilt(layout, 1, linear=lambda a: np.zeros_like(a.linear)),  # no sums where the next layer has some
        _spoilt(layout, 3, **edited("free", slice(None), slice(None), False)),  # no last head
        _spoilt(layout, 0, linear=lambda a: ~a.linear),  # no neurons
        _spoilt(layout, 1, **edited("free", slice(-2, None), slice(None), False)),  # a sum without a head
        _spoilt(layout, 1, linear=lambda a: np.arange(len(a.linear)) == len(a.linear) - 1),  # one sum of two
        Layout((LayerShape(np.ones((1, 1), bool), np.zeros((1, 1)), np.ones(1, bool), np.ones(1, bool)),)),
    ]
    for wrong in spoilt:
        with pytest.raises(UserError, match="is no part of a grade"):
            grades_of(wrong)


@pytest.mark.parametrize("label", ["graded", "graded(layers=2)", "graded(layers=2,first=relu2)"])
@pytest.mark.parametrize(("d", "k"), [(1, 1), (2, 3)])
def test_readouts_are_partial_sums_of_the_heads(label, d, k):
    """Against networks written out grade by grade, in rational arithmetic."""
    layout = _graded(label, 6, d, k, budget=60)
    network = graded_readouts(_random(layout).rational(), layout)
    grades = grades_of(layout)
    assert [head.layer for head in network.readouts] == [span.head_layer for span in grades]
    inputs = [[Fraction(int(v), 8) for v in row] for row in np.random.default_rng(1).integers(0, 9, (5, d))]
    value, total = np.array(inputs, object).T, np.zeros((k, 5), object)
    for index, span in enumerate(grades):
        for layer, rows, columns in zip(span.layers, span.rows, span.columns, strict=True):
            value = np.maximum(_affine(network.layers[layer], rows, columns, value), 0)
            if "relu2" in label and index == 0:
                value = value * value
        total = total + _affine(network.layers[span.head_layer], span.head_rows, span.head_columns, value)
        assert (network.readout(index)(inputs) == total.T).all()
    assert (network(inputs) == total.T).all()


def test_readouts_survive_storage_and_float64(tmp_path):
    layout = _graded("graded(sines=2)", 4)
    network = graded_readouts(_random(layout), layout)
    x = np.linspace(0, 1, 9)[:, None]
    np.testing.assert_array_equal(network.readout(2)(x), network(x))
    network.save(tmp_path / "network.nc")
    back = Network.load(tmp_path / "network.nc")
    for index in range(3):
        np.testing.assert_array_equal(back.readout(index)(x), network.readout(index)(x))


def test_networks_of_other_widths_have_no_such_readouts():
    with pytest.raises(UserError, match=r"widths \(1, 2, 1\) does not fit layout 1-3-1"):
        graded_readouts(_random(Layout.dense((1, 2, 1))), Layout.dense((1, 3, 1)))
