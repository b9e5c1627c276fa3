"""What an activation must be."""

import pytest
import torch

from ratelab import UserError
from ratelab.networks import check_activation, identity, power
from ratelab.registry import Activation

BAD = {
    "not elementwise": lambda x: x - x.mean(),
    "shape": lambda x: torch.relu(x)[:1],
    "float32": lambda x: x.float(),
    "complex": lambda x: x.to(torch.complex128),
    "returns ndarray": lambda x: x.numpy().copy(),
    "finite on": lambda x: x.log(),
    "changes its input": lambda x: x.mul_(2.0),
    "fails on": lambda x: torch.relu(x, 1),  # type: ignore[call-arg]
    "derivative at": lambda x: torch.where(x > 0, x.sqrt(), torch.zeros_like(x)),
}


@pytest.mark.parametrize("message", BAD)
def test_a_bad_activation_is_refused_by_name_and_cause(message):
    with pytest.raises(UserError, match=rf"activation 'bad'.*{message}"):
        check_activation(Activation("bad", BAD[message]))


def test_softmax_is_not_elementwise():
    with pytest.raises(UserError, match="not elementwise"):
        check_activation(Activation("softmax", lambda x: x.softmax(-1), regularity="analytic"))


def test_a_false_declaration_is_refused():
    late = Activation("late", lambda x: (x - 5).clamp(min=0), "piecewise polynomial", degree=1, knots=(0.0,))
    with pytest.raises(UserError, match="declared"):
        check_activation(late)


def test_every_activation_that_ships_passes(plugins, smooth):
    for activation in [
        identity,
        *(power(r) for r in range(4)),
        *smooth.values(),
        *plugins.activations.values(),
    ]:
        check_activation(activation)


@pytest.mark.parametrize(
    "derivative", [lambda x, value: value, lambda x, value: (1 - value * value)[:1], lambda x, value: x / 0]
)
def test_a_wrong_derivative_is_refused(derivative):
    with pytest.raises(UserError, match=r"activation 'bad'.*derivative"):
        check_activation(Activation("bad", lambda x: x.tanh(), "analytic", derivative=derivative))


def test_a_polynomial_declared_analytic_is_refused():
    with pytest.raises(UserError, match="is a polynomial of degree 2"):
        check_activation(Activation("bad", lambda x: x * x, "analytic"))
