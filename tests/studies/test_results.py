"""A trainer plugin that returns something else is told so, before anything is measured."""

import numpy as np
import pytest

from ratelab import Network, UserError
from ratelab.networks import FitProblem, FitResult, Layout, power
from ratelab.studies._results import checked

LAYOUT = Layout.dense((1, 3, 1))
PROBLEM = FitProblem(
    np.zeros((4, 1)), np.ones(4), np.zeros((4, 1)), power(1), ((LAYOUT, 0),), ((0.0, 1.0),), (1.0, 2.0)
)


def network(width, depth=2):
    sizes = [1, *[width] * (depth - 1), 1]
    weights = [np.ones((b, a)) for a, b in zip(sizes, sizes[1:], strict=False)]
    return Network.dense(weights, [np.zeros(b) for b in sizes[1:]], "relu")


def test_what_fits_passes():
    for snapshots in ((), (None, network(2))):
        (result,) = checked([FitResult(network(3), 0.0, "converged", 1, 1.0, snapshots)], PROBLEM, "mine")
        assert result.network.neurons == 3


@pytest.mark.parametrize(
    ("results", "message"),
    [
        (None, "returned NoneType"),
        ([], "returned 0 results"),
        ([3], "returned int"),
        ([FitResult(network(4), 0.0, "converged", 1)], r"hidden widths \(4,\)"),
        ([FitResult(network(1, 3), 0.0, "converged", 1)], r"hidden widths \(1, 1\)"),
        ([FitResult(np.ones(3), 0.0, "converged", 1)], "ndarray as a network"),
        ([FitResult(None, 0.0, "fine", 1)], "status is 'fine'"),
        ([FitResult(None, 0.0, "diverged", 1, 0.0, (None,))], "1 snapshots"),
    ],
)
def test_anything_else_is_named_with_the_trainer(results, message):
    with pytest.raises(UserError, match=f"trainer 'mine'.*{message}"):
        checked(results, PROBLEM, "mine")
