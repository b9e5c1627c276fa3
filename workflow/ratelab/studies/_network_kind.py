"""A kind of network, as its label says it, and which activations its neurons have."""

from dataclasses import dataclass

from ratelab.networks import Network, resolve
from ratelab.registry import Activation, Registry


@dataclass(frozen=True)
class NetworkKind:
    """Architecture, activation and depth, such as ``mlp/relu/depth=2``."""

    architecture: str
    activation: str
    depth: int

    @classmethod
    def parse(cls, label: str) -> "NetworkKind":
        """Return the kind of that label (parameters may hold a slash, as in 1/3)."""
        head, _, depth = label.rpartition("/depth=")
        level = 0
        for position, character in enumerate(head):
            level += (character == "(") - (character == ")")
            if character == "/" and level == 0:
                return cls(head[:position], head[position + 1 :], int(depth))
        raise ValueError(f"'{label}' is no network label")

    @property
    def label(self) -> str:
        """What `parse` reads."""
        return f"{self.architecture}/{self.activation}/depth={self.depth}"

    def others(self, registry: Registry) -> frozenset[str]:
        """Return the activations that its neurons may have besides the network's own, by name."""
        return other_activations(registry, self.architecture) - {self.activation, "identity"}

    def activations(self, registry: Registry) -> list[Activation]:
        """Return all activations of its neurons, the network's own first, identities left out."""
        return [resolve(self.activation, registry)] + [
            resolve(name, registry) for name in sorted(self.others(registry))
        ]

    def pools(self, registry: Registry) -> bool:
        """Return whether its networks have poolings."""
        return bool(getattr(registry.architectures[self.architecture], "pools", False))

    def larger(self, registry: Registry) -> bool:
        """Return whether its class is larger than that of its activation alone, so that bounds for that do not hold."""
        return self.pools(registry) or bool(self.others(registry))

    def has(self, network: Network, registry: Registry) -> bool:
        """Return whether a network is of this kind by its activations, identities aside, and its poolings."""
        mine = {"identity", *(a.name for a in self.activations(registry))}
        names = {a.name for layer in network.layers[:-1] for a in layer.activations}
        return names <= mine and (not network.poolings or self.pools(registry))

    def holds(self, other: "NetworkKind", registry: Registry) -> bool:
        """Return whether the generalized networks of the other kind are among those of this one."""
        if other.pools(registry) and not self.pools(registry):
            return False
        mine = {self.activation, *self.others(registry)}
        theirs = {other.activation, *other.others(registry)}
        return theirs <= mine and other.depth <= self.depth


def other_activations(registry: Registry, architecture: str) -> frozenset[str]:
    """Return what an architecture declares in ``others``: activations besides the network's, nothing by default."""
    return frozenset(getattr(registry.architectures[architecture], "others", ()))
