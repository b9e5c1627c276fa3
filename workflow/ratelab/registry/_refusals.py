"""What construction plugins say when they cannot build."""

from typing import TYPE_CHECKING

from ratelab._errors import UserError

if TYPE_CHECKING:
    from ratelab.registry._activation import Activation
    from ratelab.registry._protocols import Complexity, Construction
    from ratelab.registry._target import Target


def require_accepted(
    construction: "Construction", *, target: "Target", activation: "Activation", depth: int
) -> None:
    """Raise a `UserError` with the reason unless the construction accepts such networks for this target."""
    reason = construction.accepts(target=target, activation=activation, depth=depth)
    if reason is not None:
        raise UserError(f"construction '{construction.name}': {reason}")


def too_small(construction: str, budget: int, complexity: "Complexity", smallest: int) -> UserError:
    """Return the error for a budget below the smallest network of a construction."""
    return UserError(
        f"construction '{construction}': budget is {budget} {complexity}; allowed: from {smallest} on"
    )
