"""Dataset schemas, provenance, atomic writes (row 0: xarray is imported only when data is touched)."""

from ratelab.datasets._io import read, write

__all__ = ["read", "write"]
