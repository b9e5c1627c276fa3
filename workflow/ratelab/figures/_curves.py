"""What a panel shows of one curve, taken from a study's datasets."""

from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ratelab.datasets import ATTAINED, CERTAINTY
from ratelab.report import SlopeRow, slope_rows
from ratelab.spaces import seed_quantiles

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Curve:
    """One (target, network, complexity) of a study, budget by budget.

    Parameters
    ----------
    target, network
        Labels.
    budgets
        (n,) increasing.
    lower, upper
        (n,) ends of the error of best approximation; NaN where there is none, 0 for a proven zero (upper) or
        a trivial bound (lower). `upper` is the smaller of the best network's error and the closure's.
    in_closure
        (n,) whether `upper` belongs to a limit of networks only.
    rigorous
        Whether every positive lower end is certified; else some are numerical.
    trained
        Trainer → (n, 3): 16 %, 50 % and 84 % quantiles over seeds.
    row
        Slopes and rates; None if the study has none for this curve.
    """

    target: str
    network: str
    budgets: Array
    lower: Array
    upper: Array
    in_closure: NDArray[np.bool_]
    rigorous: bool
    trained: dict[str, Array]
    row: SlopeRow | None

    @property
    def bracketed(self) -> bool:
        """Whether some budget has a positive lower end."""
        return bool((self.lower > 0).any())


def curve_of(
    curves: "xr.Dataset", rates: "xr.Dataset", target: str, network: str, complexity: str
) -> Curve | None:
    """Return the curve, or None if the study holds no number for it."""
    rows = {(r.target, r.network, r.complexity): r for r in slope_rows(rates)}
    return _curve(curves, rows, (target, network, complexity))


def all_curves(curves: "xr.Dataset", rates: "xr.Dataset", complexity: str) -> list[Curve]:
    """Return every curve that the study holds for that complexity, in the datasets' order."""
    rows = {(r.target, r.network, r.complexity): r for r in slope_rows(rates)}
    found = [
        _curve(curves, rows, (str(target), str(network), complexity))
        for target in curves["target"].values
        for network in curves["network"].values
    ]
    return [curve for curve in found if curve is not None]


def _curve(
    curves: "xr.Dataset", rows: dict[tuple[str, str, str], SlopeRow], names: tuple[str, str, str]
) -> Curve | None:
    target, network, complexity = names
    one = curves.sel(target=target, network=network, complexity=complexity)
    errors = one["error_trained"].transpose("trainer", "budget", "seed").values
    trained = {str(t): seed_quantiles(table) for t, table in zip(one["trainer"].values, errors, strict=True)}
    trained = {name: table for name, table in trained.items() if np.isfinite(table).any()}
    stored, closure = one["error_upper"].values, one["error_upper_closure"].values
    upper = np.fmin(stored, closure)
    if np.isnan(upper).all() and not trained:
        return None
    reached = one["upper_attained"].values == ATTAINED["yes"]
    budgets = curves["budget"].values.astype(np.float64)
    return Curve(
        target,
        network,
        budgets,
        one["error_lower"].values,
        upper,
        np.isfinite(upper) & ~reached,
        bool((one["certainty"].values == CERTAINTY["rigorous"])[one["error_lower"].values > 0].all()),
        trained,
        rows.get(names),
    )


def activation_of(network: str) -> str:
    """Return the activation in a label such as ``mlp/relu/depth=2``."""
    return network.partition("/")[2].rpartition("/depth=")[0]


def positive(values: Array) -> Array:
    """Return the values with NaN for what a logarithmic axis cannot show."""
    return np.where(values > 0, values, nan)
