"""Budgets become the widest mixed and graded layouts, and these are trained like all others."""

import numpy as np
import pytest

from ratelab import UserError, load_plugins
from ratelab.networks import FitProblem, Layout, Network, power, resolve
from ratelab.networks._layout import graded_readouts, grades_of
from ratelab.training import LBFGS, Adam, Greedy, VariableProjection

REGISTRY = load_plugins()
ARCHITECTURES = REGISTRY.architectures
LABELS = (
    "mixed",
    "mixed(sines=1)",
    "graded",
    "graded(layers=2)",
    "graded(layers=3,first=sine)",
    "graded(sines=2)",
    "graded(layers=2,first=relu2,sines=1)",
)
CASES = [
    (label, complexity, depth, d, k)
    for label in LABELS
    for complexity in ("neurons", "connections")
    for depth in (2, 3, 5)
    for d, k in ((1, 1), (3, 2))
]


def _sines(label: str) -> int:
    return ARCHITECTURES[label].sines


def _count(layout: Layout, complexity: str) -> int:
    return layout.neurons if complexity == "neurons" else layout.connections


def _widths(layout: Layout) -> list[int]:
    return [int((~layer.linear).sum()) for layer in layout.layers[:-1]]


def _smallest(label: str, complexity: str, depth: int, d: int, k: int) -> int:
    """Count the network with `sines` + 1 neurons in every hidden layer by hand, layer by layer."""
    width, hidden = _sines(label) + 1, depth - 1
    grade = hidden if label.startswith("mixed") else ARCHITECTURES[label].layers
    neurons, connections, carried = 0, 0, False
    for index in range(hidden):
        connections += width * (width if index else d)
        if carried:
            connections += k
        if index and index % grade == 0:
            connections += k * width
            carried = True
        neurons += width + k * carried
    connections += k * width + k * carried
    return neurons if complexity == "neurons" else connections


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layouts_are_the_widest_that_fit(case):
    label, complexity, depth, d, k = case
    make = ARCHITECTURES[label].layout
    smallest = _smallest(*case)
    with pytest.raises(UserError, match=rf"smallest that fits is {smallest}\b"):
        make(budget=smallest - 1, complexity=complexity, depth=depth, dimension=d, outputs=k)
    costs: dict[int, int] = {}
    for budget in range(smallest, smallest + 50):
        layout = make(budget=budget, complexity=complexity, depth=depth, dimension=d, outputs=k)
        widths = _widths(layout)
        assert widths == sorted(widths, reverse=True)
        assert widths[0] - widths[-1] <= 1
        assert widths[-1] > _sines(label)
        assert (layout.depth, layout.widths[0], layout.widths[-1]) == (depth, d, k)
        assert _count(layout, complexity) <= budget
        costs.setdefault(sum(widths), _count(layout, complexity))
        assert costs[sum(widths)] == _count(layout, complexity)
    least = (depth - 1) * (_sines(label) + 1)
    assert sorted(costs) == list(range(least, max(costs) + 1))
    for total, cost in costs.items():
        at_cost = make(budget=cost, complexity=complexity, depth=depth, dimension=d, outputs=k)
        assert sum(_widths(at_cost)) == total


@pytest.mark.parametrize("label", LABELS)
def test_every_hidden_layer_has_its_sines_and_the_rest_the_networks_activation(label):
    layout = ARCHITECTURES[label].layout(budget=70, complexity="neurons", depth=6, dimension=2, outputs=1)
    first = getattr(ARCHITECTURES[label], "first", None)
    for index, layer in enumerate(layout.layers[:-1]):
        names = [a.name for a in layer.activations(resolve("tanh"))]
        own = [name for name, linear in zip(names, layer.linear, strict=True) if not linear]
        in_first = first is not None and index < ARCHITECTURES[label].layers
        plain = first.name if in_first else "tanh"
        sines = _sines(label)
        assert own == [plain] * (len(own) - sines) + ["sine"] * sines
    assert layout.others <= set(ARCHITECTURES[label].others)
    assert layout.others == set(ARCHITECTURES[label].others)


def test_without_sines_one_grade_is_a_multilayer_perceptron():
    args = {"budget": 60, "complexity": "connections", "depth": 4, "dimension": 2, "outputs": 3}
    graded, mlp = (ARCHITECTURES[name].layout(**args) for name in ("graded(layers=3)", "mlp"))
    assert graded.key == mlp.key
    for a, b in zip(graded.layers, mlp.layers, strict=True):
        np.testing.assert_array_equal(a.free, b.free)
        np.testing.assert_array_equal(a.free_bias, b.free_bias)
        np.testing.assert_array_equal(a.linear, b.linear)
    mixed = ARCHITECTURES["mixed(sines=2)"].layout(**args)
    graded = ARCHITECTURES["graded(layers=3,sines=2)"].layout(**args)
    assert graded.key == mixed.key


def test_shapes_of_one_architecture_have_names_of_their_own():
    """Budgets that lead to equal names share a fit, so different shapes must never have one name."""
    labels = (*LABELS, "mlp", "skip", "graded(layers=2,first=sine)", "graded(sines=1)", "graded(first=relu2)")
    named: dict[str, list[bytes]] = {}
    for label in labels:
        for depth in (2, 3, 4, 6):
            for budget in range(20, 70, 3):
                layout = ARCHITECTURES[label].layout(
                    budget=budget, complexity="neurons", depth=depth, dimension=1, outputs=1
                )
                parts = [
                    a.tobytes() for layer in layout.layers for a in (layer.free, layer.fixed, layer.linear)
                ]
                parts += [
                    b
                    for layer in layout.layers
                    for other, mask in sorted(layer.others, key=lambda pair: pair[0].name)
                    for b in (other.name.encode(), mask.tobytes())
                ]
                named.setdefault(layout.key, []).append(b"|".join(parts))
    assert all(len(set(parts)) == 1 for parts in named.values())


@pytest.mark.parametrize("case", [c for c in CASES if c[1] == "connections"][::2], ids=str)
def test_a_trained_network_has_the_counts_and_the_readouts_of_its_layout(case):
    label, complexity, depth, d, k = case
    layout = ARCHITECTURES[label].layout(
        budget=_smallest(*case) + 25, complexity=complexity, depth=depth, dimension=d, outputs=k
    )
    x = np.random.default_rng(0).uniform(0, 1, (40, d))
    y = x[:, :1] ** 2 * np.ones(k)
    job = FitProblem(x, np.full(40, 1 / 40), y, power(1), ((layout, 0),), ((0.0, 1.0),) * d)
    network = Adam(steps=3).fit(job)[0].network
    assert isinstance(network, Network)
    assert (network.connections, network.neurons) == (layout.connections, layout.neurons)
    graded = graded_readouts(network, layout)
    assert len(graded.readouts) == len(grades_of(layout))
    np.testing.assert_allclose(graded.readout(-1)(x), network(x), rtol=1e-12)


@pytest.mark.parametrize(
    "trainer", [Adam(steps=150), LBFGS(steps=40), VariableProjection(steps=20), Greedy(size=64)]
)
@pytest.mark.parametrize("label", ["graded", "graded(layers=2)"])
@pytest.mark.parametrize("name", ["relu", "tanh"])
def test_every_trainer_fits_graded_layouts_of_one_activation(trainer, label, name):
    layout = ARCHITECTURES[label].layout(budget=20, complexity="neurons", depth=4, dimension=1, outputs=1)
    activation = REGISTRY.activations[name]
    x = (np.arange(64)[:, None] + 0.5) / 64
    job = FitProblem(x, np.full(64, 1 / 64), np.exp(x), activation, ((layout, 0), (layout, 1)), ((0.0, 1.0),))
    for result in trainer.fit(job):
        assert result.network is not None
        rest = result.network(x) - job.values
        assert result.loss == pytest.approx(float(np.mean(rest**2)), rel=1e-6, abs=1e-18)
        assert result.loss < 0.05  # the zero function has 3.2
        for layer, given in zip(result.network.layers, layout.layers, strict=True):
            assert (layer.weight[~given.free] == given.fixed[~given.free]).all()
            assert (layer.bias[~given.free_bias] == 0.0).all()


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ("graded(layers=0)", "layers is 0; allowed: 1 or more"),
        ("graded(sines=-1)", "sines is -1; allowed: 0 or more"),
        ("graded(first=identity)", "first is 'identity'; allowed: none, or"),
        ("graded(first=sin)", "did you mean 'sine'"),
        ("mixed(sines=0)", "sines is 0; allowed: 1 or more"),
        ("mixed(sinus=2)", "no parameter 'sinus'"),
    ],
)
def test_parameters_out_of_range_are_refused(label, message):
    with pytest.raises(UserError, match=message):
        ARCHITECTURES[label]


@pytest.mark.parametrize("label", ["mixed", "graded"])
def test_depth_one_is_refused(label):
    with pytest.raises(UserError, match=f"'{label}': depth is 1"):
        ARCHITECTURES[label].layout(budget=9, complexity="neurons", depth=1, dimension=1, outputs=1)
