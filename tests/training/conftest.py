"""Problems that several test modules share."""

from collections.abc import Callable

import numpy as np
import pytest

from ratelab.networks import FitProblem, Layout
from ratelab.registry import Activation, Registry, load_plugins


@pytest.fixture(scope="session")
def plugins() -> Registry:
    return load_plugins()


@pytest.fixture(scope="session")
def smooth() -> dict[str, Activation]:
    """Activations that go through torch, among them one whose scalar and vector code differ."""
    import torch

    return {
        "tanh": Activation("tanh", torch.tanh, regularity="analytic"),
        "gelu": Activation("gelu", torch.nn.functional.gelu, regularity="analytic"),
        "softplus": Activation("softplus", torch.nn.functional.softplus, regularity="analytic"),
        "squareplus": Activation("squareplus", lambda x: (x + (x * x + 4).sqrt()) / 2, regularity="analytic"),
    }


@pytest.fixture(scope="session")
def problem() -> Callable[..., FitProblem]:
    """Make a problem on [0, 1]^d: Gauss nodes, d of them chosen at will, values of a smooth function."""

    def make(
        activation: Activation, fits: tuple[tuple[Layout, int], ...], nodes: int = 100, outputs: int = 1
    ) -> FitProblem:
        dimension = fits[0][0].widths[0] if fits else 1
        x, w = np.polynomial.legendre.leggauss(nodes if dimension == 1 else 12)
        x, w = (x + 1) / 2, w / 2
        grid = np.stack([g.ravel() for g in np.meshgrid(*[x] * dimension, indexing="ij")], axis=1)
        weights = np.prod(np.stack([g.ravel() for g in np.meshgrid(*[w] * dimension, indexing="ij")]), axis=0)
        values = np.stack([np.sin((k + 2) * grid.sum(axis=1) * 2) for k in range(outputs)], axis=1)
        return FitProblem(grid, weights, values, activation, fits, ((0.0, 1.0),) * dimension)

    return make
