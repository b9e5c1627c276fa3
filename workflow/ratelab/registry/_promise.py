"""What theory says of a constructed network before it is built."""

from dataclasses import dataclass
from math import inf

from ratelab._errors import UserError


@dataclass(frozen=True)
class Promise:
    """Proven bounds of a constructed network; `construct` jobs compare every network with them.

    Parameters
    ----------
    depth, connections, neurons
        Upper bounds of the counts; None where nothing is promised.
    error
        Upper bound of the L2 error on the target's domain; inf where nothing is promised.
    attained
        Whether counts and, if one is promised, the error are equal to these numbers, not only at most.
    source
        Where the bound is proved.
    """

    depth: int | None = None
    connections: int | None = None
    neurons: int | None = None
    error: float = inf
    attained: bool = False
    source: str = ""

    def __post_init__(self) -> None:
        """Check that error and counts can be such numbers."""
        if not self.error >= 0:
            raise UserError(f"a promised error is {self.error}; allowed: 0 or more")
        for name in ("depth", "connections", "neurons"):
            value = getattr(self, name)
            if value is not None and (isinstance(value, bool) or value != int(value) or value < 0):
                raise UserError(f"promised {name} are {value!r}; allowed: whole numbers from 0 on, or None")
