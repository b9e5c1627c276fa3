"""Bilinear pooling of the values of a stack of networks, and its derivative."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Pooling:
    """The products u ⊙ v of one layer's values (u, v); an odd number of values is filled up with 1.

    Parameters
    ----------
    count, neurons, nodes
        The values are (count, neurons, nodes).
    """

    def __init__(self, count: int, neurons: int, nodes: int) -> None:
        self._half, self._pairs = (neurons + 1) // 2, neurons // 2
        self.products, self.above = np.empty((2, count, self._half, nodes))
        self._values: Array = self.products

    def forward(self, values: Array) -> Array:
        """Return the products, which the next call overwrites; the values are kept for `backward`."""
        self._values = values
        np.multiply(values[:, : self._pairs], values[:, self._half :], out=self.products[:, : self._pairs])
        self.products[:, self._pairs :] = values[:, self._pairs : self._half]
        return self.products

    def backward(self, out: Array) -> None:
        """Write the derivative by the values, where `above` holds that by the products."""
        pairs, half, above = self._pairs, self._half, self.above
        np.multiply(above[:, :pairs], self._values[:, half:], out=out[:, :pairs])
        np.multiply(above[:, :pairs], self._values[:, :pairs], out=out[:, half:])
        out[:, pairs:half] = above[:, pairs:]
