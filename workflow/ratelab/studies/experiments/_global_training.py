"""Global optimum against training: a bracket of the least loss, and what optimisers find over many seeds.

Both sides look in the same class, f(x) = Σ_{i≤w} s_i max(0, a_i·x + b_i): one hidden layer of w ReLU neurons and no
output bias. The data are sin(3 Σ x_i) at random points of [−1, 1]^n with noise of standard deviation 0.3; the loss is
the sum of squares.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ratelab import datasets
from ratelab.best import GlobalFit, global_fit
from ratelab.networks import FitProblem, FitResult, LayerShape, Layout, power
from ratelab.registry import Progress, Registry
from ratelab.studies.experiments._catalogue import GlobalTraining

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]

REACHED = 1e-4
"""A fit reaches the optimum if its loss is at most this much above the least one, relative to it."""
_NOISE = 1e-12
"""Relative to the sum of squares of the data: losses below it are roundoff."""

_LONG_NAMES = {
    "data": "data set: n variables, D points, w neurons",
    "variables": "number of variables n",
    "points": "number of data points D",
    "width": "number of hidden neurons w",
    "loss_upper": "loss of the best network in hand, of the search or trained; losses are sums of squares",
    "loss_search": "loss of the best network of the search, by branch and bound",
    "loss_lower": "lower end of the loss of every network of the class",
    "complete": "whether the search ended with value and bound within its tolerance (1) or by its limit (0)",
    "patterns": "choices of a partition of the data and a sign for each neuron",
    "programmes": "convex programmes solved",
    "relaxations": "relaxed programmes solved",
    "loss": "loss of the trained network",
    "loss_unit": "loss_upper, or 1e-12 of the sum of squares of the data if that is more",
    "ratio": "loss over loss_unit, the loss replaced by 1e-12 of the sum of squares of the data if that is more",
    "ratio_lower": "loss_lower over loss_unit, or 1 if loss_upper is 0 up to roundoff",
    "reached": "share of seeds whose loss is at most 1e-4 above loss_unit, relative to it",
    "log_problems": "programmes and relaxed programmes solved so far",
    "log_lower": "lower end of the loss at that stage",
    "log_upper": "loss of the best network in hand at that stage",
}


@dataclass(frozen=True, eq=False)
class _Case:
    """One data set with its bracket and its fits, trainer by trainer."""

    x: Array
    y: Array
    best: GlobalFit
    fits: list[list[FitResult]]


def samples(variables: int, points: int) -> tuple[Array, Array]:
    """Return points (D, n) and values (D,): a smooth function with noise, from the generator of seed D + n."""
    generator = np.random.default_rng(points + variables)
    x = generator.uniform(-1.0, 1.0, (points, variables))
    return x, np.sin(3.0 * x.sum(axis=1)) + 0.3 * generator.standard_normal(points)


def run(parameters: GlobalTraining, registry: Registry, progress: Progress) -> "xr.Dataset":
    """Bracket the least loss of every data set, and train on it from every seed."""
    import xarray as xr

    steps = 1 + len(parameters.trainers)
    cases: list[_Case] = []
    for index, (variables, points, width) in enumerate(parameters.data):
        progress(index * steps, steps * len(parameters.data))
        x, y = samples(variables, points)
        best = global_fit(x, y, width, limit=parameters.limit)
        fits = []
        for position, trainer in enumerate(parameters.trainers):
            progress(index * steps + 1 + position, steps * len(parameters.data))
            fits.append(trained(x, y, width, trainer, parameters.seeds, registry))
        cases.append(_Case(x, y, best, fits))
    progress(1, 1)
    losses = np.array([[[fit.loss for fit in row] for row in case.fits] for case in cases])
    searched = np.array([case.best.value for case in cases])
    upper = np.fmin(searched, np.fmin.reduce(losses, axis=(1, 2)))
    lower = np.array([case.best.lower_bound for case in cases])
    noise = _NOISE * np.array([float(np.sum(case.y**2)) for case in cases])
    _bounded(losses, lower, noise, parameters)
    floor = np.maximum(upper, noise)
    ratio = np.maximum(losses, noise[:, None, None]) / floor[:, None, None]
    fits_of = ("data", "trainer", "seed")
    states = [[[_state(fit) for fit in row] for row in case.fits] for case in cases]
    logs = _logs([case.best for case in cases])
    dataset = xr.Dataset(
        {
            **{
                name: ("data", np.array([row[i] for row in parameters.data], np.int32))
                for i, name in enumerate(("variables", "points", "width"))
            },
            "loss_upper": ("data", upper),
            "loss_lower": ("data", np.minimum(lower, upper)),
            "loss_search": ("data", searched),
            "certainty": ("data", _flags([datasets.CERTAINTY[c.best.certainty] for c in cases])),
            "complete": ("data", _flags([int(c.best.status == "optimal") for c in cases])),
            "patterns": ("data", np.array([float(c.best.patterns) for c in cases])),
            "programmes": ("data", np.array([c.best.programmes for c in cases], np.int64)),
            "relaxations": ("data", np.array([c.best.relaxations for c in cases], np.int64)),
            "loss": (fits_of, losses),
            "loss_unit": ("data", floor),
            "ratio": (fits_of, ratio),
            "ratio_lower": ("data", np.minimum(np.maximum(lower, noise) / floor, 1.0)),
            "status": (fits_of, np.array(states, np.int8)),
            "steps": (fits_of, np.array([[[f.steps for f in r] for r in c.fits] for c in cases], np.int32)),
            "reached": (fits_of[:2], np.mean(ratio <= 1.0 + REACHED, axis=2)),
            **{name: (("data", "stage"), table) for name, table in logs.items()},
        },
        coords={
            "data": np.array([label(*row) for row in parameters.data], dtype=object),
            "trainer": np.array(parameters.trainers, dtype=object),
            "seed": np.arange(parameters.seeds),
        },
    )
    for name, text in _LONG_NAMES.items():
        dataset[name].attrs["long_name"] = text
    return dataset


def label(variables: int, points: int, width: int) -> str:
    """Return the name of a data set."""
    return f"n = {variables}, D = {points}, w = {width}"


def trained(x: Array, y: Array, width: int, trainer: str, seeds: int, registry: Registry) -> list[FitResult]:
    """Fit networks with one hidden ReLU layer and no output bias to the data, one for each seed."""
    variables = x.shape[1]
    layout = _without_output_bias(variables, width)
    problem = FitProblem(
        x, np.ones(len(x)), y[:, None], power(1), tuple((layout, seed) for seed in range(seeds)),
        ((-1.0, 1.0),) * variables,
    )  # fmt: skip
    return list(registry.trainers[trainer].fit(problem))


def _without_output_bias(variables: int, width: int) -> Layout:
    hidden, output = Layout.dense((variables, width, 1)).layers
    return Layout((hidden, LayerShape(output.free, output.fixed, np.zeros(1, bool), output.linear)))


def _bounded(losses: Array, lower: Array, noise: Array, parameters: GlobalTraining) -> None:
    """Raise a RuntimeError if a trained network lies below the lower end of its class."""
    slack = 1e-9 * lower + noise
    beaten = losses < (lower - slack)[:, None, None]
    if beaten.any():
        case, trainer, seed = (int(i) for i in np.argwhere(beaten)[0])
        raise RuntimeError(
            f"{label(*parameters.data[case])}: seed {seed} of {parameters.trainers[trainer]} has loss "
            f"{losses[case, trainer, seed]!r}, below the lower end {lower[case]!r}; this is a bug in ratelab"
        )


def _state(fit: FitResult) -> int:
    return datasets.FIT_STATUS[fit.status.replace(" ", "_")]


def _flags(values: list[int]) -> NDArray[np.int8]:
    return np.array(values, dtype=np.int8)


def _logs(fits: list[GlobalFit]) -> dict[str, Array]:
    """Return the searches' logs side by side, padded with NaN."""
    longest = max(len(fit.log["value"]) for fit in fits)
    tables = {name: np.full((len(fits), longest), np.nan) for name in ("problems", "lower", "upper")}
    for row, fit in enumerate(fits):
        columns = {
            "problems": fit.log["programmes"] + fit.log["relaxations"],
            "lower": np.maximum.accumulate(fit.log["lower_bound"]),
            "upper": fit.log["value"],
        }
        for name, column in columns.items():
            tables[name][row, : len(column)] = column
    return {f"log_{name}": table for name, table in tables.items()}
