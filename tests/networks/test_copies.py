"""Networks never change; copies and pickles are the same network."""

import copy
import pickle
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from ratelab import Network, UserError
from ratelab.networks import Layer, Readout, identity, power

EXAMPLES = {
    "float": Network.dense([[[1.0], [2.0]], [[1.0, -1.0]]], [[0.0, -0.5], [0.25]], [["relu", "identity"]]),
    "rational": Network.dense([[[Fraction(1, 3)]], [[1]]], [[0], [1]]),
    "plugin": Network.dense([[[1.0]], [[1.0]]], [[0.0], [0.0]], "tanh"),
    "pooled": Network([Layer(np.eye(2), np.zeros(2), "identity", pooled=True)], [Readout(0, [[1, 1]], [0])]),
}


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("way", [copy.copy, copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
def test_copies_and_pickles_are_the_same_network(name: str, way: object) -> None:
    network = EXAMPLES[name]
    again = way(network)  # type: ignore[operator]
    assert repr(again) == repr(network) and again.strict == network.strict
    x = np.array([[0.3] * network.inputs, [-1.0] * network.inputs])
    assert (again(x) == network(x)).all()
    with pytest.raises(ValueError, match="read-only"):
        again.layers[0].weight[0, 0] = 1


def test_the_primitives_stay_themselves() -> None:
    assert copy.deepcopy(identity) is identity and pickle.loads(pickle.dumps(power(3))) is power(3)


def test_attributes_of_a_network_cannot_be_set() -> None:
    with pytest.raises(AttributeError, match="immutable"):
        EXAMPLES["float"].layers = ()  # type: ignore[misc]


def test_one_activation_may_stand_for_all_neurons_of_a_layer() -> None:
    layers = [Layer([[1.0], [-1.0]], [0.0, 0.0], "relu"), Layer([[1.0, 1.0]], [0.0], identity)]
    assert Network(layers)(np.array([[-2.0]])).item() == 2.0


def test_what_is_no_stored_network_is_named_without_advice_to_delete_it(tmp_path: Path) -> None:
    (tmp_path / "text.nc").write_text("no network")
    with pytest.raises(UserError, match=r"text\.nc.*cannot be loaded as a network"):
        Network.load(tmp_path / "text.nc")
    with pytest.raises(UserError, match="is a folder"):
        Network.load(tmp_path)
