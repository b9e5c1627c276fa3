"""Five counts of a network with poolings: depth, width, poolings, connections, neurons."""

from dataclasses import astuple, dataclass
from math import inf

from ratelab.networks._network import Network


@dataclass(frozen=True)
class PooledCounts:
    """The counts of a network, or upper bounds of them that a construction promises.

    Parameters
    ----------
    depth
        Number of affine maps L; poolings are not counted.
    width
        Most neurons of a hidden layer, before pooling.
    poolings
        Number of pooled layers.
    connections
        Number of non-zero weights W; biases are not counted. Infinite in a bound that says nothing of them.
    neurons
        Number of hidden neurons N, before pooling; infinite likewise.
    """

    depth: int
    width: int
    poolings: int
    connections: float = inf
    neurons: float = inf

    @classmethod
    def of(cls, network: Network) -> "PooledCounts":
        """Return the counts of a network."""
        return cls(network.depth, network.width, network.poolings, network.connections, network.neurons)

    def within(self, bound: "PooledCounts") -> bool:
        """Return whether none of the five exceeds the bound."""
        return all(a <= b for a, b in zip(astuple(self), astuple(bound), strict=True))
