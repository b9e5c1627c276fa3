"""The norm of a target: the error of the network that is zero, so that E_0 is what Σ_0 = {0} leaves."""

import numpy as np

from ratelab.exact._certified_error import Enclosure, certified_error
from ratelab.exact._nodes import nodes
from ratelab.networks import Network
from ratelab.registry import Target

_NODES = 256


def target_norm(target: Target) -> Enclosure:
    """Enclose the L2 norm of a target on its domain: certified in one variable, by quadrature in several.

    Parameters
    ----------
    target
        With one value in one variable; any number of values elsewhere.
    """
    if target.dimension == 1 and target(np.array([[target.domain[0][0]]])).shape[1] == 1:
        return certified_error(Network.dense([[[0.0]]], [[0.0]]), target)
    x, weight = nodes(target, _NODES)
    value = float(np.sqrt(np.sum(weight[:, None] * target(x) ** 2)))
    return Enclosure(value, value, "numerical")
