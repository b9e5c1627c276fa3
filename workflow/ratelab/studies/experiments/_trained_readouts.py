"""Constructed against trained readouts: networks of one width and depth, read after every hidden layer.

The constructed network is ours, with the parameters of its two sines as long as they must be. The trained ones have as
many neurons in every hidden layer, two of them sines, and float64 parameters: trained end to end, where the best affine
readout of every hidden layer is fitted afterwards by least squares, or grade by grade, one hidden layer a grade.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ratelab import exact
from ratelab.networks import FitProblem, Layout, Network, Readout, graded_readouts, power
from ratelab.registry import Progress, Registry, Target, Trainer
from ratelab.spaces import LayerwiseApproximation, layerwise, layerwise_sizes
from ratelab.studies.experiments._layer_parameters import TrainedReadouts
from ratelab.studies.experiments._seed_spread import spread
from ratelab.studies.experiments._served_targets import served_targets
from ratelab.training import Adam, Multigrade

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]

TRAININGS = ("end to end", "grade by grade")
SINES = 2
_NODES = 500
"""Quadrature nodes of the loss, and of the readouts fitted afterwards."""

_LONG_NAMES = {
    "target": "target on [0, 1]",
    "base": "base N of the constructed network",
    "layer": "hidden layer that is read",
    "training": "how networks are trained",
    "grades": "grades L of the constructed network",
    "width": "neurons of every hidden layer, two of them sines",
    "hidden": "hidden layers, L + 2",
    "constructed_low": "lower end of the L2 error of the constructed readout",
    "constructed_high": "upper end of the L2 error of the constructed readout",
    "bound": "(2d + 1) times the L2 modulus at N^-l",
    "constructed_bits": "binary digits of the longest parameter up to that readout",
    "error": "L2 error of the trained readout, integrated between its breakpoints and the target's singular points",
    "error_median": "median over seeds of the trained readout's L2 error",
    "error_least": "least L2 error of the trained readouts",
    "error_most": "largest L2 error of the trained readouts",
    "work": "work units of the training",
}


def run(parameters: TrainedReadouts, registry: Registry, progress: Progress) -> "xr.Dataset":
    """Construct, train, measure every readout, and return everything."""
    import xarray as xr

    targets = served_targets("trained-readouts", parameters, registry)
    bases = [int(base) for base in parameters.bases]
    grades = [parameters.grades_of(base) for base in bases]
    layers = np.arange(1, max(grades) + 3)
    shape = (len(parameters.targets), len(bases), len(layers))
    tables = {
        name: np.full(shape, np.nan)
        for name in ("constructed_low", "constructed_high", "bound", "constructed_bits")
    }
    errors = np.full((len(TRAININGS), *shape, parameters.seeds), np.nan)
    work = np.full((len(TRAININGS), *shape[:2], parameters.seeds), np.nan)
    steps = len(parameters.targets) * len(bases)
    for i, target in enumerate(targets):
        for j, (base, count) in enumerate(zip(bases, grades, strict=True)):
            progress(i * len(bases) + j, steps)
            built = layerwise(target, base, count, p=2, decoder=parameters.decoder)
            for name, row in _constructed(built).items():
                tables[name][i, j, 1 : count + 2] = row
            for k, training in enumerate(TRAININGS):
                found, spent = trained_errors(training, target, base, count + 2, parameters, registry)
                errors[k, i, j, : count + 2] = found
                work[k, i, j] = spent
    place = ("target", "base", "layer")
    medians = dict(zip(("error_median", "error_least", "error_most"), spread(errors), strict=True))
    dataset = xr.Dataset(
        {
            "grades": ("base", np.array(grades)),
            "width": ("base", np.array([width_of(base) for base in bases])),
            "hidden": ("base", np.array(grades) + 2),
            **{name: (place, table) for name, table in tables.items()},
            "error": (("training", *place, "seed"), errors),
            **{name: (("training", *place), table) for name, table in medians.items()},
            "work": (("training", *place[:2], "seed"), work),
        },
        coords={
            "target": np.array(parameters.targets, dtype=object),
            "base": bases,
            "layer": layers,
            "training": np.array(TRAININGS, dtype=object),
            "seed": np.arange(parameters.seeds),
        },
        attrs={"steps": parameters.steps, "decoder": parameters.decoder},
    )
    dataset["seed"].attrs["long_name"] = "initialisation"
    for name, text in _LONG_NAMES.items():
        dataset[name].attrs["long_name"] = text
    progress(1, 1)
    return dataset


def width_of(base: int) -> int:
    """Return the width 2dN + d + 2 of the constructed network, d = 1."""
    return layerwise_sizes(1, base, 1).width


def layout_of(training: str, width: int, hidden: int, registry: Registry) -> Layout:
    """Return the layout with that many hidden layers of that many neurons, two of them sines in each.

    Grade by grade every hidden layer but the first has one more, an identity neuron that carries the sum of heads.
    """
    whole = training == TRAININGS[0]
    architecture = registry.architectures[f"{'mixed' if whole else 'graded'}(sines={SINES})"]
    budget = width * hidden + (0 if whole else hidden - 1)
    return architecture.layout(budget=budget, complexity="neurons", depth=hidden + 1, dimension=1, outputs=1)


def fitted_readouts(network: Network, nodes: Array, weights: Array, values: Array) -> Network:
    """Return the network with the best affine readout of every hidden layer, by weighted least squares on the nodes.

    Parameters
    ----------
    network
        One output.
    nodes, weights, values
        (m, d), (m,) and (m,).
    """
    root = np.sqrt(weights)
    heads = []
    open_heads = [Readout(i + 1, np.eye(width), np.zeros(width)) for i, width in enumerate(network.widths)]
    hidden = Network(network.layers, open_heads)
    for index in range(len(network.widths)):
        matrix = root[:, None] * np.column_stack([hidden.readout(index)(nodes), np.ones(len(nodes))])
        size = np.linalg.norm(matrix, axis=0)
        size[size == 0] = 1.0
        head = np.linalg.lstsq(matrix / size, root * values, rcond=None)[0] / size
        heads.append(Readout(index + 1, head[None, :-1], head[-1:]))
    return Network(network.layers, heads)


def _constructed(built: LayerwiseApproximation) -> dict[str, list[float]]:
    """Return the columns of the constructed network's readouts Φ_0 … Φ_L, which read hidden layers 2 … L + 2."""
    rows = built.grades
    return {
        "constructed_low": [row.error[0] for row in rows],
        "constructed_high": [row.error[1] for row in rows],
        "bound": [row.bound for row in rows],
        "constructed_bits": [float(row.bits) for row in rows],
    }


def trained_readouts(
    training: str, target: Target, base: int, hidden: int, parameters: TrainedReadouts, registry: Registry
) -> tuple[list[Network | None], Array]:
    """Return one trained network a seed, with a readout of every hidden layer (None: diverged), and their work."""
    layout = layout_of(training, width_of(base), hidden, registry)
    nodes, weights = exact.nodes(target, _NODES)
    values = target(nodes).reshape(-1, 1)
    fits = tuple((layout, seed) for seed in range(parameters.seeds))
    problem = FitProblem(nodes, weights, values, power(1), fits, target.domain)
    adam = Adam(steps=parameters.steps, rate=parameters.rate)
    whole = training == TRAININGS[0]
    trainer: Trainer = adam if whole else Multigrade(adam)
    results = trainer.fit(problem)
    networks: list[Network | None] = []
    for network in (result.network for result in results):
        if network is None:
            networks.append(None)
        elif whole:
            networks.append(fitted_readouts(network, nodes, weights, values[:, 0]))
        else:
            networks.append(graded_readouts(network, layout))
    return networks, np.array([result.work for result in results])


def trained_errors(
    training: str, target: Target, base: int, hidden: int, parameters: TrainedReadouts, registry: Registry
) -> tuple[Array, Array]:
    """Return the errors (hidden, seeds) of the readouts, NaN where a fit diverged, and the work (seeds,)."""
    networks, work = trained_readouts(training, target, base, hidden, parameters, registry)
    errors = np.full((hidden, len(networks)), np.nan)
    for seed, network in enumerate(networks):
        if network is not None:
            errors[:, seed] = [exact.error(network.readout(index), target) for index in range(hidden)]
    return errors, work
