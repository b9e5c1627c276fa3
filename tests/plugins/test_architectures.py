"""Budgets become the widest layouts."""

import numpy as np
import pytest

from ratelab import UserError, load_plugins
from ratelab.networks import FitProblem, Layout, Network, power
from ratelab.training import Adam

ARCHITECTURES = load_plugins().architectures
CASES = [
    (name, complexity, depth, d, k)
    for name in ("mlp", "skip")
    for complexity in ("neurons", "connections")
    for depth in (2, 3, 4)
    for d, k in ((1, 1), (2, 1), (3, 2))
]


def _count(layout: Layout, complexity: str) -> int:
    return layout.neurons if complexity == "neurons" else layout.connections


def _widths(layout: Layout) -> list[int]:
    return [int((~layer.linear).sum()) for layer in layout.layers[:-1]]


def _smallest(name: str, complexity: str, depth: int, d: int, k: int) -> int:
    """Count the network of width 1 by hand."""
    if name == "mlp":
        return depth - 1 if complexity == "neurons" else d + (depth - 2) + k
    if complexity == "neurons":
        return (depth - 1) * (1 + d) + (depth - 2) * k
    later = sum((1 + d) + d + k + (k if level > 1 else 0) for level in range(1, depth - 1))
    return 2 * d + later + k * (1 + d) + (k if depth > 2 else 0)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layouts_are_the_widest_that_fit(case):
    name, complexity, depth, d, k = case
    make = ARCHITECTURES[name].layout
    smallest = _smallest(*case)
    with pytest.raises(UserError, match=rf"smallest that fits is {smallest}\b"):
        make(budget=smallest - 1, complexity=complexity, depth=depth, dimension=d, outputs=k)
    costs: dict[int, int] = {}
    for budget in range(smallest, smallest + 60):
        layout = make(budget=budget, complexity=complexity, depth=depth, dimension=d, outputs=k)
        widths = _widths(layout)
        assert widths == sorted(widths, reverse=True)
        assert widths[0] - widths[-1] <= 1
        assert (layout.depth, layout.widths[0], layout.widths[-1]) == (depth, d, k)
        assert _count(layout, complexity) <= budget
        costs.setdefault(sum(widths), _count(layout, complexity))
        assert costs[sum(widths)] == _count(layout, complexity)
    totals = sorted(costs)
    assert totals == list(range(depth - 1, totals[-1] + 1))
    for total in totals:
        at_cost = make(budget=costs[total], complexity=complexity, depth=depth, dimension=d, outputs=k)
        assert sum(_widths(at_cost)) == total


@pytest.mark.parametrize("n", range(1, 12))
def test_shallow_neurons_are_the_budget_and_connections_twice_as_many(n):
    layout = ARCHITECTURES["mlp"].layout(budget=n, complexity="neurons", depth=2, dimension=1, outputs=1)
    assert (layout.neurons, layout.connections) == (n, 2 * n)


@pytest.mark.parametrize("name", ["mlp", "skip"])
def test_depth_one_is_refused(name):
    with pytest.raises(UserError, match=f"'{name}': depth is 1"):
        ARCHITECTURES[name].layout(budget=9, complexity="neurons", depth=1, dimension=1, outputs=1)


@pytest.mark.parametrize("case", [c for c in CASES if c[1] == "connections"], ids=str)
def test_a_trained_network_has_the_counts_of_its_layout(case):
    name, complexity, depth, d, k = case
    layout = ARCHITECTURES[name].layout(
        budget=_smallest(*case) + 25, complexity=complexity, depth=depth, dimension=d, outputs=k
    )
    x = np.random.default_rng(0).uniform(0, 1, (40, d))
    job = FitProblem(
        x, np.full(40, 1 / 40), x[:, :1] ** 2 * np.ones(k), power(1), ((layout, 0),), ((0.0, 1.0),) * d
    )
    network = Adam(steps=3).fit(job)[0].network
    assert isinstance(network, Network)
    assert (network.connections, network.neurons) == (layout.connections, layout.neurons)
    assert network.strict == (name == "mlp")


def test_skip_networks_contain_affine_maps_and_sums_of_readouts():
    """With the input carried, a line is fitted exactly; with sums, the first layer's features reach the output."""
    layout = ARCHITECTURES["skip"].layout(budget=9, complexity="neurons", depth=3, dimension=1, outputs=1)
    assert [layer.free.shape for layer in layout.layers] == [(4, 1), (5, 4), (1, 5)]
    last = layout.layers[-1]
    assert last.free.tolist() == [[True, True, True, True, False]]
    assert last.fixed.tolist() == [[0.0, 0.0, 0.0, 0.0, 1.0]]
    middle = layout.layers[1]
    assert middle.free[-1].tolist() == [True, True, True, False]
    assert middle.fixed[-2].tolist() == [0.0, 0.0, 0.0, 1.0]
