"""What is said of many seeds: median, least and largest value."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def spread(table: Array) -> tuple[Array, Array, Array]:
    """Return median, least and largest value over the last axis, without NaN; NaN where there is nothing else."""
    missing = np.asarray(np.isnan(table).all(axis=-1))
    filled = np.where(missing[..., None], 0.0, table)
    found = (np.nanmedian(filled, axis=-1), np.nanmin(filled, axis=-1), np.nanmax(filled, axis=-1))
    median, least, most = (np.where(missing, np.nan, values) for values in found)
    return median, least, most
