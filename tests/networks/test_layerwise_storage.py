"""Layer-wise networks come back from files digit for digit."""

import copy
import pickle
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ratelab import UserError
from ratelab.networks import Network
from ratelab.networks._layerwise import LayerwiseNetwork
from ratelab.networks._layerwise_build import layerwise_network
from ratelab.networks._sine_decoder import SineDecoder


def built(decoder: Any = "closed-form", base: int = 2, grades: int = 3, **options: Any) -> LayerwiseNetwork:
    generator = np.random.default_rng(base)
    given = [generator.uniform(-1, 1, base**level) for level in range(grades + 1)]
    return layerwise_network(given, dimension=1, base=base, decoder=decoder, **options)


@pytest.mark.parametrize(
    ("decoder", "accuracy"),
    [("closed-form", 2.0**-40), ("table", 2.0**-40), ("lattice", 2.0**-16), ("float64", 0.5)],
)
def test_a_network_comes_back_as_it_was_and_grows_as_it_would_have(
    decoder: str, accuracy: float, tmp_path: Path
) -> None:
    net = built(decoder, depth_max=4, accuracy=accuracy)
    net.save(tmp_path / "net.nc")
    back = LayerwiseNetwork.load(tmp_path / "net.nc")
    assert repr(back) == repr(net) and back.errors == net.errors and back.bits() == net.bits()
    assert [back.prefix_hash(k) for k in range(4)] == [net.prefix_hash(k) for k in range(4)]
    x = np.random.default_rng(0).random((50, 1))
    assert (back(x) == net(x)).all()
    more = np.repeat(net.cell_values(3), 2) + np.tile([0.0, 0.01], 8)  # simple enough for all decoders
    assert back.append(more).prefix_hash(4) == net.append(more).prefix_hash(4)


def test_copies_and_pickles_are_the_same_network() -> None:
    net = built()
    again = pickle.loads(pickle.dumps(net))
    assert again.prefix_hash(3) == net.prefix_hash(3) and copy.deepcopy(net) is net
    with pytest.raises(FrozenInstanceError):
        net.depth_max = 7  # type: ignore[misc]


def test_weight_matrices_come_back_too(tmp_path: Path) -> None:
    net = built(base=4, grades=2).network
    net.save(tmp_path / "net.nc")
    back = Network.load(tmp_path / "net.nc")
    for before, after in zip(net.layers, back.layers, strict=True):
        assert (before.weight == after.weight).all() and (before.bias == after.bias).all()
        assert [a.name for a in before.activations] == [a.name for a in after.activations]
    assert [head.layer for head in back.readouts] == [2, 3, 4]


def test_what_is_no_network_is_refused(tmp_path: Path) -> None:
    net = built()
    net.network.save(tmp_path / "weights.nc")
    with pytest.raises(UserError, match="holds no layer-wise network"):
        LayerwiseNetwork.load(tmp_path / "weights.nc")
    with pytest.raises(UserError, match="is a folder"):
        LayerwiseNetwork.load(tmp_path)
    with pytest.raises(UserError, match="does not exist"):
        LayerwiseNetwork.load(tmp_path / "none.nc")
    net.save(tmp_path / "net.nc")
    (tmp_path / "cut.nc").write_bytes((tmp_path / "net.nc").read_bytes()[:2000])
    with pytest.raises(UserError, match="truncated"):
        LayerwiseNetwork.load(tmp_path / "cut.nc")


def test_parts_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    from ratelab.datasets import read, write

    built().save(tmp_path / "net.nc")
    stored = read(tmp_path / "net.nc")
    stored["cells"].values[1] = 5
    write(stored, tmp_path / "wrong.nc")
    with pytest.raises(UserError, match="grade 2 has 5 cells instead of 4"):
        LayerwiseNetwork.load(tmp_path / "wrong.nc")
    stored = read(tmp_path / "net.nc").assign_attrs(layerwise_ramp="a half")
    write(stored, tmp_path / "wrong.nc")
    with pytest.raises(UserError, match="is no rational number"):
        LayerwiseNetwork.load(tmp_path / "wrong.nc")


def test_a_foreign_decoder_cannot_be_stored(tmp_path: Path) -> None:
    class Foreign(SineDecoder):
        name = "foreign"

    net = built(Foreign())
    with pytest.raises(UserError, match="'foreign' is none of ratelab's own"):
        net.save(tmp_path / "net.nc")
