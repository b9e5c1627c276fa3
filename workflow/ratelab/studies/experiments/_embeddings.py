"""Which approximation space lies in which: by connections, by neurons, for several depths, and beside Besov spaces.

Nothing is measured: every relation follows from the rules of `spaces.embeds`, and the table of all pairs says what is
known, what is known to fail, and what is open.
"""

from typing import TYPE_CHECKING

import numpy as np

from ratelab.registry import Progress, Registry
from ratelab.spaces import Lattice, embedding_lattice, embeds
from ratelab.studies.experiments._space_parameters import Embeddings

if TYPE_CHECKING:
    import xarray as xr

RELATIONS = {"embedded": 1, "equal": 2, "not_embedded": 3}
ANSWERS = {"unknown": 0, "yes": 1, "no": 2}

_LONG_NAMES = {
    "node": "spaces: letter, order, fine index in the subscript, depth in brackets; B is Besov, L_p the whole space",
    "other": "spaces, as second of a pair",
    "edge": "relations between neighbours",
    "letter": "W by connections, N by neurons, B Besov on the line 1/q = s + 1/p, X the whole space",
    "order": "alpha, or Besov smoothness s; 0 for the whole space",
    "share": "order as a share of alpha",
    "inverse_q": "1/q of the fine index",
    "depth": "number of affine layers, or its growth; empty for Besov spaces and the whole space",
    "source": "place of the smaller space among the nodes",
    "target": "place of the larger space among the nodes",
    "relation": "how the source lies in the target",
    "strict": "whether the two spaces are known to differ",
    "factor": "order of the target over that of the source; NaN for the whole space",
    "claims": "ids of the claims behind a relation",
    "reason": "why, in words",
    "embeds": "whether the space of the row lies in that of the column",
}


def run(parameters: Embeddings, registry: Registry, progress: Progress) -> "xr.Dataset":
    """Return nodes, edges and the table of all pairs."""
    import xarray as xr

    del registry
    lattice = embedding_lattice(parameters.depths, parameters.alpha, degree=parameters.degree, p=parameters.p)
    nodes, edges = lattice.nodes, lattice.edges
    table = np.zeros((len(nodes), len(nodes)), np.int8)
    for row, first in enumerate(nodes):
        for column, second in enumerate(nodes):
            table[row, column] = ANSWERS[embeds(first, second).answer]
        progress(row + 1, len(nodes))
    names = np.array([space.name for space in nodes], dtype=object)
    dataset = xr.Dataset(
        {
            "letter": ("node", np.array([space.letter for space in nodes], dtype=object)),
            "order": ("node", np.array([float(space.order) for space in nodes])),
            "share": ("node", np.array([float(space.order) / parameters.alpha for space in nodes])),
            "inverse_q": ("node", np.array([float(space.inverse_q) for space in nodes])),
            "depth": (
                "node",
                np.array([space.depth.label if space.depth else "" for space in nodes], dtype=object),
            ),
            "source": ("edge", np.array([edge.source for edge in edges])),
            "target": ("edge", np.array([edge.target for edge in edges])),
            "relation": (
                "edge",
                np.array([RELATIONS[edge.relation.replace(" ", "_")] for edge in edges], np.int8),
            ),
            "strict": ("edge", np.array([edge.strict for edge in edges], np.int8)),
            "factor": ("edge", _factors(lattice)),
            "claims": ("edge", np.array([" ".join(edge.claims) for edge in edges], dtype=object)),
            "reason": ("edge", np.array([edge.reason for edge in edges], dtype=object)),
            "embeds": (("node", "other"), table),
        },
        coords={"node": names, "other": names, "edge": np.arange(len(edges))},
        attrs={"alpha": parameters.alpha, "degree": parameters.degree, "p": parameters.p},
    )
    for name, text in _LONG_NAMES.items():
        dataset[name].attrs["long_name"] = text
    for name, flags in (("relation", RELATIONS), ("embeds", ANSWERS)):
        dataset[name].attrs["flag_values"] = np.array(list(flags.values()), dtype=np.int8)
        dataset[name].attrs["flag_meanings"] = " ".join(flags)
    return dataset


def _factors(lattice: Lattice) -> np.ndarray:
    found = [lattice.factor(edge) for edge in lattice.edges]
    return np.array([np.nan if factor is None else float(factor) for factor in found])
