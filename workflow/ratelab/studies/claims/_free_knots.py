"""C17: for convex and concave targets discontinuous pieces gain nothing."""

from collections.abc import Iterator

from ratelab import best
from ratelab.studies.claims._claim import Case, Scope, judged


def c17(scope: Scope) -> Iterator[Case]:
    """Best continuous fit in hand over the certified lower end of discontinuous fits."""
    sizes = (1, 2, 4, 8)
    for name in ("exp", "sqrt", "square"):
        target = scope.registry.targets[name]
        for pieces in sizes:
            bracket = best.bracket(target, pieces)
            yield judged(
                f"{name}, {pieces} pieces", bracket.upper / bracket.lower, "≤", 1.02,
                "continuous fit in hand over the lower end of all discontinuous fits; 1.02 is room for both algorithms",
                proved=False,
            )  # fmt: skip
