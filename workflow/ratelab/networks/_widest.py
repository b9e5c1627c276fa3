"""The widest network of a given depth within a budget: what every architecture of nearly equal widths shares."""

from collections.abc import Callable

from ratelab._errors import UserError
from ratelab.registry import Complexity

Widths = tuple[int, ...]

LARGEST_LAYER = 50_000_000
"""Entries of one weight matrix; more would not fit into the memory of a job."""


def dense_size(widths: Widths, complexity: Complexity) -> int:
    """Return the neurons, or the connections, of fully connected layers of widths (d, hidden …, k)."""
    if complexity == "neurons":
        return sum(widths[1:-1])
    return sum(a * b for a, b in zip(widths, widths[1:], strict=False))


def widest(
    architecture: str,
    *,
    budget: int,
    complexity: Complexity,
    depth: int,
    dimension: int,
    outputs: int,
    cost: Callable[[Widths], int],
    entries: Callable[[Widths], int] | None = None,
) -> Widths:
    """Return the largest hidden widths within the budget; they grow in turn, so they differ by at most one.

    Parameters
    ----------
    architecture
        Its name, for messages.
    budget, complexity, depth, dimension, outputs
        As for `Architecture.layout`.
    cost
        Hidden widths → neurons or connections, whichever `complexity` names; must increase with the widths.
    entries
        Hidden widths → entries of the largest weight matrix; by default that of fully connected layers.

    Raises
    ------
    UserError
        If the depth is below 2, the budget below the smallest such network, or the network too large for memory.
    """
    if depth < 2:
        raise UserError(
            f"architecture '{architecture}': depth is {depth}; allowed: 2 (one hidden layer) or more"
        )
    hidden = depth - 1

    def widths(total: int) -> Widths:
        return tuple(total // hidden + (index < total % hidden) for index in range(hidden))

    if cost(widths(hidden)) > budget:
        raise UserError(
            f"architecture '{architecture}': a budget of {budget} {complexity} is too small for depth {depth}, "
            f"dimension {dimension} and {outputs} outputs; the smallest that fits is {cost(widths(hidden))}"
        )
    fits, exceeds = hidden, 2 * hidden
    while cost(widths(exceeds)) <= budget:
        fits, exceeds = exceeds, 2 * exceeds
    while exceeds - fits > 1:
        middle = (fits + exceeds) // 2
        fits, exceeds = (middle, exceeds) if cost(widths(middle)) <= budget else (fits, middle)
    found = widths(fits)
    if entries is None:
        largest = max(a * b for a, b in zip((dimension, *found), (*found, outputs), strict=True))
    else:
        largest = entries(found)
    if largest > LARGEST_LAYER:
        raise UserError(
            f"architecture '{architecture}': a budget of {budget} {complexity} at depth {depth} means widths "
            f"{found}, whose weights do not fit into memory; choose a smaller budget"
        )
    return found
