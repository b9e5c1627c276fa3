"""Networks count, evaluate and store what they are."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelab import Network, UserError
from ratelab.networks import Layout, from_dataset, identity, power, resolve, to_dataset


def random_network(seed: int, widths: tuple[int, ...] = (2, 3, 4, 1)) -> Network:
    generator = np.random.default_rng(seed)
    weights = [generator.standard_normal((b, a)) for a, b in zip(widths, widths[1:], strict=False)]
    weights[1][0, 0] = 0.0
    biases = [generator.standard_normal(b) for b in widths[1:]]
    hidden = [
        [identity if (i + k) % 2 else power(1 + i % 3) for i in range(width)]
        for k, width in enumerate(widths[1:-1])
    ]
    return Network.dense(weights, biases, hidden)


def test_counts_are_those_of_the_definition() -> None:
    network = Network.dense([[[1.0], [0.0]], [[3.0, -7.0]]], [[0, -1], [0.5]])
    assert (network.connections, network.neurons, network.depth, network.width) == (3, 2, 2, 2)
    assert network.largest_weight == 7.0 and network.strict


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_numpy_and_torch_evaluate_the_same_function(seed: int) -> None:
    network = random_network(seed)
    x = np.random.default_rng(seed).standard_normal((7, 2))
    np.testing.assert_allclose(network(x), network(torch.from_numpy(x)).numpy(), rtol=1e-12, atol=1e-12)


def test_a_network_survives_storage_bit_for_bit(tmp_path: Path) -> None:
    network = random_network(1)
    network.save(tmp_path / "net.nc")
    again = Network.load(tmp_path / "net.nc")
    x = np.linspace(-1, 1, 10).reshape(5, 2)
    assert (again(x) == network(x)).all() and again.connections == network.connections
    network.save(tmp_path / "twice.nc")
    assert (tmp_path / "net.nc").read_bytes() == (tmp_path / "twice.nc").read_bytes()


def test_missing_networks_keep_their_place_in_a_dataset() -> None:
    first, second = random_network(1), random_network(2, (1, 2, 1))
    stored = from_dataset(to_dataset([first, None, second]))
    assert stored[1] is None and stored[2] is not None
    x = np.ones((1, 1))
    assert (stored[2](x) == second(x)).all()


@pytest.mark.parametrize(
    ("weights", "biases", "message"),
    [
        ([[[1.0]], [[1.0, 2.0]]], [[0.0], [0.0]], "reads 2 values"),
        ([[[float("nan")]]], [[0.0]], "finite"),
        ([[[1.0]]], [], "one bias per weight"),
        ([[[1.0]]], [[0.0, 1.0]], "do not fit"),
    ],
)
def test_ill_formed_networks_are_refused(weights: list[object], biases: list[object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        Network.dense(weights, biases)


def test_points_of_another_dimension_are_refused() -> None:
    with pytest.raises(UserError, match=r"shape \(m, 2\)"):
        random_network(0)(np.zeros((3, 1)))


def test_networks_are_immutable() -> None:
    with pytest.raises(ValueError, match="read-only"):
        random_network(0).layers[0].weight[0, 0] = 1.0


def test_truncated_files_are_named(tmp_path: Path) -> None:
    random_network(0).save(tmp_path / "net.nc")
    (tmp_path / "cut.nc").write_bytes((tmp_path / "net.nc").read_bytes()[:300])
    with pytest.raises(UserError, match=r"cut\.nc is truncated"):
        Network.load(tmp_path / "cut.nc")


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 5])
def test_powers_are_the_truncated_monomials_in_every_arithmetic(exponent: int) -> None:
    rho = power(exponent)
    assert resolve(rho.name) is rho
    x = np.array([-2.0, -0.5, 0.0, 0.5, 3.0])
    expected = np.where(x >= 0, x**exponent, 0.0)
    assert (rho(x) == expected).all() and (rho(torch.from_numpy(x)).numpy() == expected).all()
    assert rho.polynomial is not None
    assert [rho.polynomial(Fraction(v)) for v in x.tolist()] == [Fraction(v) for v in expected.tolist()]


def test_layouts_count_like_networks() -> None:
    layout = Layout.dense((2, 3, 4, 1))
    assert (layout.neurons, layout.connections, layout.depth) == (7, 6 + 12 + 4, 3)
    assert Layout.dense((1, 2, 1)).key != Layout.dense((1, 1, 1)).key
