"""Shapes with pooled layers."""

from dataclasses import replace

import numpy as np
import pytest

from ratelab import UserError
from ratelab.networks import Layout, sine
from ratelab.networks._layout import grades_of


def test_a_pooled_layer_gives_half_of_its_neurons_and_the_next_one_reads_them():
    layout = Layout.dense((2, 6, 5, 4, 1), pooled=(0, 1))
    assert [layer.free.shape for layer in layout.layers] == [(6, 2), (5, 3), (4, 3), (1, 4)]
    assert [layer.outputs for layer in layout.layers] == [3, 3, 4, 1]
    assert layout.widths == (2, 6, 5, 4, 1)
    assert (layout.poolings, layout.neurons, layout.connections) == (2, 15, 12 + 15 + 12 + 4)


def test_shapes_without_poolings_are_called_what_they_always_were():
    assert Layout.dense((2, 6, 4, 1)).key == "2-6-4-1"
    assert Layout.dense((2, 6, 4, 1), ()).poolings == 0


def test_names_tell_which_layers_are_pooled():
    names = [Layout.dense((2, 6, 4, 1), pooled).key for pooled in ((), (0,), (1,), (0, 1))]
    assert names == ["2-6-4-1", "2-6-4-1:*10", "2-6-4-1:*01", "2-6-4-1:*11"]
    hidden, last = Layout.dense((2, 4, 1), (0,)).layers
    mixed = Layout((replace(hidden, others=((sine, np.arange(4) == 3),)), last))
    assert mixed.key == "2-4-1:sine=0001:*1"


def test_what_does_not_fit_is_refused():
    first, last = Layout.dense((2, 6, 1)).layers
    with pytest.raises(UserError, match="the last layer is pooled"):
        Layout((first, replace(last, pooled=True)))
    with pytest.raises(UserError, match="layer 2 reads 6 values; allowed: the 3 that layer 1 gives"):
        Layout((replace(first, pooled=True), last))
    with pytest.raises(UserError, match="allowed: hidden layers 0 to 0"):
        Layout.dense((2, 6, 1), (1,))


def test_a_pooled_layout_has_no_grades():
    with pytest.raises(UserError, match="has pooled layers"):
        grades_of(Layout.dense((1, 4, 4, 1), (1,)))
