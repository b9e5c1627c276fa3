"""What an activation says by its ball is compared with its function: certificates are made from balls."""

import pytest
import torch

from ratelab import Activation, UserError, load_plugins
from ratelab.networks import check_activation

REGISTRY = load_plugins(["plugins"])


def test_a_ball_must_hold_the_functions_values():
    shifted = Activation("shifted", torch.tanh, regularity="analytic", ball=lambda x: x.tanh() + 1)
    with pytest.raises(UserError, match=r"'shifted': function is .* its ball there"):
        check_activation(shifted)
    failing = Activation("failing", torch.tanh, regularity="analytic", ball=lambda x: x.missing())
    with pytest.raises(UserError, match=r"'failing': ball fails on"):
        check_activation(failing)


def test_what_is_constant_on_an_interval_is_not_analytic():
    """Otherwise one ball would certify a network that vanishes on open sets."""
    lie = Activation("lie", torch.relu, regularity="analytic", ball=lambda x: x.nonnegative_part())
    with pytest.raises(UserError, match=r"'lie': by its ball it is constant on .* not analytic"):
        check_activation(lie)


@pytest.mark.parametrize("name", sorted(n for n in REGISTRY.activations if n != "identity"))
def test_the_balls_of_all_activations_hold_their_values(name):
    check_activation(REGISTRY.activations[name])
