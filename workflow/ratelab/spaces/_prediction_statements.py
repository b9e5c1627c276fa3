"""What a prediction rests on: statements of theory, each with its claim, direction and certainty."""

from dataclasses import dataclass
from math import inf, isnan, nan
from typing import Literal, NamedTuple

from ratelab.registry import Activation, Target
from ratelab.spaces._families import continuous

Direction = Literal["direct", "inverse", "saturation", "explicit function", "closure"]
Certainty = Literal[
    "paper", "recalled", "derived", "recalled, derived", "abstract", "derived, tails observed"
]


class Statement(NamedTuple):
    """One statement behind a prediction.

    Parameters
    ----------
    claim
        Id in the catalogue of claims that it belongs to (``A7``); empty for statements of other papers.
    topic
        What it says, in words, with its source.
    direction
        ``direct``: smoothness gives a rate; ``inverse``: a rate needs smoothness; ``saturation``: no better rate for
        smooth functions; ``explicit function``: a formula for this function; ``closure``: the target itself.
    certainty
        ``derived`` here, ``recalled`` from the paper and not verified, in an ``abstract``.
    """

    claim: str
    topic: str
    direction: Direction
    certainty: Certainty

    @property
    def text(self) -> str:
        """The statement in one line."""
        return f"{self.claim + ': ' if self.claim else ''}{self.topic} ({self.certainty})"


@dataclass(frozen=True)
class Prediction:
    """Between which limits theory puts the rate of best approximation.

    Parameters
    ----------
    low, high
        Limits of α*, the largest α with E_n = O(n^(−α+ε)) for every ε > 0; ∞ if E_n vanishes or decays faster than
        every power; NaN where theory is silent.
    statements
        What they rest on.
    note
        Why an end is NaN: which range of a theorem was left, or that none is known.
    """

    low: float
    high: float
    statements: tuple[Statement, ...] = ()
    note: str = ""

    @property
    def source(self) -> str:
        """The statements and the note as one line."""
        texts = list(dict.fromkeys(statement.text for statement in self.statements))
        return "; ".join([*texts, self.note] if self.note else texts)


def silent(note: str) -> Prediction:
    """Return a prediction of nothing."""
    return Prediction(nan, nan, (), note)


def at_least(first: Prediction, second: Prediction) -> Prediction:
    """Return the first prediction with the low end of the second where that is larger."""
    if isnan(second.low) or first.low >= second.low:
        return first
    statements = tuple(dict.fromkeys((*second.statements, *first.statements)))
    high = inf if second.low == inf else max(first.high, second.low)
    return Prediction(second.low, high, statements, "" if second.low == inf else first.note)


def jumps(target: Target) -> bool:
    """Return whether the target is known not to be continuous."""
    if target.pieces is None:
        return target.smoothness is not None and target.smoothness.hoelder == 0
    low, high = target.domain[0]
    inner = [i for i, knot in enumerate(target.pieces.knots) if low < knot < high]
    return any(target.pieces.jumps(index)[0] for index in inner)


def is_analytic(target: Target) -> bool:
    """Return whether the target is known to be analytic."""
    if target.pieces is not None:
        return not target.pieces.knots
    return target.smoothness is not None and target.smoothness.analytic


def critical_index(target: Target, p: float) -> float:
    """Return the critical smoothness on the line 1/q = s/d + 1/p; ∞ for piecewise polynomials, NaN if unknown."""
    if target.pieces is not None:
        return inf
    return nan if target.smoothness is None else target.smoothness.index(p)


def kept_jump(target: Target, activation: Activation, p: float) -> Prediction | None:
    """Return rate 0 for a jump in the uniform norm and a continuous activation, else None."""
    if p < inf or not jumps(target):
        return None
    if not continuous(activation):
        return None
    topic = "in the uniform norm limits of continuous functions are continuous, so a jump stays"
    return Prediction(0.0, 0.0, (Statement("A7", topic, "saturation", "derived"),))
