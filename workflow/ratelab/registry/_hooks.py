"""Hook specifications: what a plugin file may provide."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from ratelab.registry._activation import Activation
    from ratelab.registry._family import Family
    from ratelab.registry._protocols import Architecture, Construction, Trainer
    from ratelab.registry._target import Target

hookspec = pluggy.HookspecMarker("ratelab")
hookimpl = pluggy.HookimplMarker("ratelab")

KINDS = ("activations", "architectures", "targets", "constructions", "trainers")


class Hooks:
    """The five hooks, one per kind of plugin."""

    @hookspec
    def ratelab_activations(self) -> "Sequence[Activation | Family[Activation]]":  # type: ignore[empty-body]
        """Return activation functions, or families of them."""

    @hookspec
    def ratelab_architectures(self) -> "Sequence[Architecture | Family[Architecture]]":  # type: ignore[empty-body]
        """Return architectures: how a budget becomes a network shape."""

    @hookspec
    def ratelab_targets(self) -> "Sequence[Target | Family[Target]]":  # type: ignore[empty-body]
        """Return target functions, or families of them."""

    @hookspec
    def ratelab_constructions(self) -> "Sequence[Construction | Family[Construction]]":  # type: ignore[empty-body]
        """Return constructions: networks written down from theory."""

    @hookspec
    def ratelab_trainers(self) -> "Sequence[Trainer | Family[Trainer]]":  # type: ignore[empty-body]
        """Return trainers: optimisers of many networks at once."""


HOOKS = tuple(f"ratelab_{kind}" for kind in KINDS)
