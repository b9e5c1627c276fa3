"""The three counts of a network, and the check that an operation keeps its promise about them."""

from dataclasses import dataclass

from ratelab.networks._network import Network


@dataclass(frozen=True)
class Counts:
    """Depth, connections and neurons: of a network, or as upper bounds that an operation promises.

    Parameters
    ----------
    depth
        Number of affine layers L.
    connections
        Number of non-zero weights W; biases are not counted.
    neurons
        Number of hidden neurons N.
    """

    depth: int
    connections: int
    neurons: int

    @classmethod
    def of(cls, network: Network) -> "Counts":
        """Return the counts of a network."""
        return cls(network.depth, network.connections, network.neurons)

    def within(self, bound: "Counts") -> bool:
        """Return whether none of the three exceeds the bound."""
        return (
            self.depth <= bound.depth
            and self.connections <= bound.connections
            and self.neurons <= bound.neurons
        )


def kept(operation: str, network: Network, bound: Counts) -> Network:
    """Return the network if it keeps the promised bound.

    Raises
    ------
    AssertionError
        If it does not: a fault of the operation, never of the user.
    """
    counts = Counts.of(network)
    if not counts.within(bound):
        raise AssertionError(f"{operation} gave {counts}, more than the promised {bound}")
    return network
