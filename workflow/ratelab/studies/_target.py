"""The job `target`: nodes, weights, values, certified moments and what is known of one target."""

from typing import TYPE_CHECKING

import numpy as np

from ratelab import datasets, exact
from ratelab.registry import Registry
from ratelab.studies._jobs import TargetJob

if TYPE_CHECKING:
    import xarray as xr

MOMENT_DEGREE = 3
"""Splines up to this degree are bracketed."""


def run(job: TargetJob, registry: Registry) -> "xr.Dataset":
    """Return the dataset of one target."""
    import xarray as xr

    target = registry.targets[job.target]
    x, weight = exact.nodes(target, job.nodes)
    values = target(x)
    one = target.dimension == 1
    variables = {
        "x": (("node",), x[:, 0]) if one else (("node", "axis"), x),
        "weight": (("node",), weight),
        "value": (("node",), values[:, 0]) if values.shape[1] == 1 else (("node", "output"), values),
    }
    attributes: dict[str, object] = {
        "target": job.target,
        "summary": target.summary,
        "domain": np.array(target.domain).ravel(),
        "singular_points": np.array([float(point) for point in target.singular_points]),
    }
    if one and values.shape[1] == 1:
        moments = exact.cell_moments(target, exact.cell_edges(target, job.cells), MOMENT_DEGREE)
        variables |= {
            "cell_edge": (("edge",), moments.edges),
            "moment": (("cell", "order"), moments.coefficients),
            "moment_radius": (("cell",), moments.radius),
            "reference": (("order",), moments.reference),
            "remainder": (("cell", "order"), moments.remainder),
            "remainder_radius": (("cell",), moments.remainder_radius),
        }
        attributes |= {"moment_certainty": moments.certainty, "moment_reason": moments.reason}
    if target.smoothness is not None:
        known = target.smoothness
        attributes |= {
            "smoothness_besov": known.besov,
            "smoothness_hoelder": known.hoelder,
            "smoothness_analytic": int(known.analytic),
            "smoothness_source": known.source,
        }
    members = [("targets", job.target)]
    origin = datasets.provenance(
        f"Target {job.target}", job.model_dump_json(), registry, members, target.reference
    )
    return datasets.described(xr.Dataset(variables), **{**origin, **attributes})


def read_moments(dataset: "xr.Dataset") -> exact.CellMoments | None:
    """Return the certified moments of a target dataset (None in several variables)."""
    if "moment" not in dataset:
        return None
    return exact.CellMoments(
        edges=dataset["cell_edge"].values,
        coefficients=dataset["moment"].values,
        radius=dataset["moment_radius"].values,
        reference=dataset["reference"].values,
        remainder=dataset["remainder"].values,
        remainder_radius=dataset["remainder_radius"].values,
        certainty=dataset.attrs["moment_certainty"],
        reason=dataset.attrs["moment_reason"],
    )


def read_data(dataset: "xr.Dataset") -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return nodes (m, d), weights (m,) and values (m, k) of a target dataset."""
    x, value = dataset["x"].values, dataset["value"].values
    return x.reshape(len(x), -1), dataset["weight"].values, value.reshape(len(value), -1)
