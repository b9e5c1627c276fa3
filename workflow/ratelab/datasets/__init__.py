"""Dataset schemas, provenance, atomic writes (row 0: xarray is imported only when data is touched)."""

from ratelab.datasets._io import read, write
from ratelab.datasets._provenance import (
    LAYERS_PAPER,
    PAPERS,
    RELU_PAPER,
    SPACES_PAPER,
    SUPPORT_PAPER,
    merged,
    merged_digests,
    provenance,
)
from ratelab.datasets._schema import (
    ATTAINED,
    CERTAINTY,
    FIT_STATUS,
    FLAGS,
    LOWER_STATUS,
    VERDICT,
    described,
    meaning,
    require,
)

__all__ = [
    "ATTAINED",
    "CERTAINTY",
    "FIT_STATUS",
    "FLAGS",
    "LAYERS_PAPER",
    "LOWER_STATUS",
    "PAPERS",
    "RELU_PAPER",
    "SPACES_PAPER",
    "SUPPORT_PAPER",
    "VERDICT",
    "described",
    "meaning",
    "merged",
    "merged_digests",
    "provenance",
    "read",
    "require",
    "write",
]
