"""What a claim is, and what one case of its check says."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from math import isnan, nan
from typing import TYPE_CHECKING, Literal

import numpy as np

from ratelab.datasets import PAPERS

if TYPE_CHECKING:
    from ratelab.registry import Registry

Kind = Literal[
    "identity", "inequality with constant", "asymptotic", "existence", "impossibility", "complexity"
]
Origin = Literal["paper", "recalled", "derived"]
Verdict = Literal["consistent", "violated", "illustrated", "upper only", "inconclusive", "not measurable"]
Relation = Literal["=", "≤", "≥", ">", ""]


@dataclass(frozen=True)
class Claim:
    """One checkable statement of a paper, in our words.

    Parameters
    ----------
    id
        ``C1`` …: letter of the paper, number of the statement.
    topic
        What it is about, a few words.
    statement
        The statement as it is checked.
    kind
        What sort of statement it is; only one with explicit constants can be violated.
    origin
        ``paper``: in the paper's abstract or an accessible quotation; ``recalled``: believed to be in the paper,
        not verified; ``derived``: proved here.
    certainty
        How sure the statement is, and where ours is sharper.
    module
        Module of this package whose function of the same name as the id, in small letters, checks it.
    plugins
        (kind, label) of the plugins that its check uses.
    """

    id: str
    topic: str
    statement: str
    kind: Kind
    origin: Origin
    certainty: str
    module: str
    plugins: tuple[tuple[str, str], ...] = ()

    @property
    def paper(self) -> str:
        """The paper that makes the statement, by the letter of its id."""
        return PAPERS[self.id[0]]


@dataclass(frozen=True)
class Case:
    """One instance in which a claim was checked.

    Parameters
    ----------
    name
        What was tried, e.g. ``w=3, k=4``.
    measured, bound
        The two numbers that the claim compares; NaN where there is none.
    relation
        How they must compare: ``measured relation bound``; empty where nothing is compared.
    verdict
        See `judged`.
    note
        A reference for what is not measurable, the witness, or what the numbers are.
    """

    name: str
    measured: float
    bound: float
    relation: Relation
    verdict: Verdict
    note: str = ""


def judged(
    name: str,
    measured: float,
    relation: Literal["=", "≤", "≥", ">"],
    bound: float,
    note: str = "",
    *,
    proved: bool = True,
    tolerance: float = 0.0,
) -> Case:
    """Return a case that compares two numbers.

    Parameters
    ----------
    proved
        Whether both numbers are certain. A certain contradiction is ``violated``, an uncertain one ``inconclusive``.
    tolerance
        Absolute room for rounding; 0 for exact numbers.
    """
    difference = measured - bound
    holds = {
        "=": abs(difference) <= tolerance, "≤": difference <= tolerance, "≥": difference >= -tolerance,
        ">": difference > 0,
    }[relation]  # fmt: skip
    if isnan(difference) or not (holds or proved):
        verdict: Verdict = "inconclusive"
    else:
        verdict = "consistent" if holds else "violated"
    return Case(name, float(measured), float(bound), relation, verdict, note)


def illustrated(
    name: str,
    measured: float,
    relation: Literal["=", "≤", "≥"],
    bound: float,
    note: str = "",
    tolerance: float = 0.0,
) -> Case:
    """Return a case of an asymptotic statement: ``illustrated`` if finite data agree, else ``inconclusive``.

    It can never be violated.
    """
    found = judged(name, measured, relation, bound, note, proved=False, tolerance=tolerance)
    return found if found.verdict == "inconclusive" else replace(found, verdict="illustrated")


def not_measurable(name: str, reference: str, measured: float = nan, bound: float = nan) -> Case:
    """Return a case of a statement that no computation decides: its reference, and a witness if there is one."""
    return Case(name, float(measured), float(bound), "", "not measurable", reference)


def counted(number: int, noun: str) -> str:
    """Return ``1 network``, ``2 networks``."""
    return f"{number} {noun}{'s' * (number != 1)}"


@dataclass(frozen=True)
class Scope:
    """What a check is given.

    Parameters
    ----------
    cases
        How many random instances to try, at least 1.
    registry
        The plugins that the claim declares.
    progress
        Called with (done, total).
    """

    cases: int
    registry: "Registry"
    progress: Callable[[int, int], None] = field(default=lambda done, total: None)

    def generator(self, *names: object) -> np.random.Generator:
        """Return random numbers that depend on these names only."""
        import hashlib

        digest = hashlib.sha256("/".join(map(str, names)).encode()).digest()
        return np.random.default_rng(int.from_bytes(digest[:8], "little"))


Check = Callable[[Scope], Iterator[Case]]
