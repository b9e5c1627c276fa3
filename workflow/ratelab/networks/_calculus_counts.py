"""The three counts of a network, and the check that an operation keeps its promise about them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from ratelab.networks._network import Network
from ratelab.registry import Complexity

Form = TypeVar("Form")


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


def cheapest(forms: Iterable[tuple[Counts, Form]], complexity: Complexity, depth: int) -> tuple[Counts, Form]:
    """Return the form of a network that is at most so deep and takes the fewest neurons or connections.

    Raises
    ------
    ValueError
        If none is shallow enough.
    """
    return min(
        (form for form in forms if form[0].depth <= depth), key=lambda form: getattr(form[0], complexity)
    )


class Bound(Protocol):
    """Upper bounds of counts: `Counts`, or `PooledCounts` for networks with poolings."""

    def of(self, network: Network) -> Any:
        """Return the same counts of a network."""
        ...


def kept(operation: str, network: Network, bound: Bound) -> Network:
    """Return the network if it keeps the promised bound.

    Raises
    ------
    AssertionError
        If it does not: a fault of the operation, never of the user.
    """
    counts = bound.of(network)
    if not counts.within(bound):
        raise AssertionError(f"{operation} gave {counts}, more than the promised {bound}")
    return network
