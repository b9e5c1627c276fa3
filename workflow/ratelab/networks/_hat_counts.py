"""Five counts of a network with poolings: depth, width, poolings, connections, neurons."""

from dataclasses import dataclass

from ratelab.networks._calculus_counts import Counts
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
        Number of non-zero weights W; biases are not counted.
    neurons
        Number of hidden neurons N, before pooling.
    """

    depth: int
    width: int
    poolings: int
    connections: int
    neurons: int

    @classmethod
    def of(cls, network: Network) -> "PooledCounts":
        """Return the counts of a network."""
        return cls(network.depth, network.width, network.poolings, network.connections, network.neurons)

    @property
    def counts(self) -> Counts:
        """Depth, connections and neurons alone."""
        return Counts(self.depth, self.connections, self.neurons)

    def within(self, bound: "PooledCounts") -> bool:
        """Return whether none of the five exceeds the bound."""
        return (
            self.counts.within(bound.counts) and self.width <= bound.width and self.poolings <= bound.poolings
        )


def kept_pooled(operation: str, network: Network, bound: PooledCounts) -> Network:
    """Return the network if it keeps the promised bound.

    Raises
    ------
    AssertionError
        If it does not: a fault of the operation, never of the user.
    """
    counts = PooledCounts.of(network)
    if not counts.within(bound):
        raise AssertionError(f"{operation} gave {counts}, more than the promised {bound}")
    return network
