"""Convergence in the finer topology in which compactly supported functions are open, read off a computed prefix.

With the cubes K_n = [−an, an]^d let n(f) be the least n with ess-supp f ⊂ K_n, ∞ if there is none. A sequence f_k tends
to a compactly supported f if and only if ‖f_k − f‖_1 → 0 and all supports from some k on lie in one cube. Finitely many
members prove nothing about a limit: every verdict here is about a prefix f_1 … f_K, and says what would have to go on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isfinite, isnan
from numbers import Integral, Real
from typing import Literal

from ratelab._errors import UserError

Convergence = Literal["converges", "L1_loc only", "does not converge", "undecided"]

VERDICTS: tuple[Convergence, ...] = ("converges", "L1_loc only", "does not converge", "undecided")
_ESCAPES = 2
"""New largest supports among the later half from which on supports count as growing."""


@dataclass(frozen=True)
class SupportMember:
    """What is known of one member f_k of a sequence.

    Parameters
    ----------
    error
        ‖f_k − f‖_1 on R^d, or on a box (see `everywhere`); from 0 on, finite.
    level
        n(f_k) if the support is known to need exactly that cube; ``inf`` if the support is certified to be unbounded;
        None if nothing is certified. Values that are 0 in floating point certify nothing.
    reason
        Where the level comes from, or why there is none: ``"analytic, non-zero at one ball"``, ``"no certificate"``.
    everywhere
        Whether the error is that on R^d. An error on a box that holds both supports is.

    Raises
    ------
    UserError
        If the error is no number from 0 on, or the level no positive integer, infinity or None.
    """

    error: float
    level: int | float | None
    reason: str = ""
    everywhere: bool = True

    def __post_init__(self) -> None:
        """Check the numbers."""
        if not isinstance(self.error, Real) or isnan(self.error) or not 0 <= self.error < inf:
            raise UserError(
                f"member of a sequence: L1 error is {self.error!r}; allowed: finite numbers from 0 on"
            )
        if self.level is not None:
            _checked_level("member of a sequence", self.level)


@dataclass(frozen=True)
class SupportVerdict:
    """What a computed prefix says about convergence to a function.

    Parameters
    ----------
    convergence
        ``converges``: errors fall and the supports have settled in one cube, on the computed prefix; ``L1_loc only``:
        errors fall, but supports are unbounded or go on growing; ``does not converge``: errors do not fall;
        ``undecided``: supports are not certified, or have not settled.
    matching
        Whether n(f_k) = n(f) for the whole later half of the computed prefix; None if a level there is not known.
    cube
        N with all supports from member `first` on in K_N, on the computed prefix; None if there is none.
    first
        Number (from 1 on) of the first member from which on that holds; None if there is none.
    falls
        Whether the errors fall, on the computed prefix.
    ratio
        Last error over the first one; 1 if both are 0.
    reason
        One sentence.
    """

    convergence: Convergence
    matching: bool | None
    cube: int | None
    first: int | None
    falls: bool
    ratio: float
    reason: str

    @property
    def converges(self) -> bool:
        """Whether the prefix agrees with convergence in the finer topology."""
        return self.convergence == "converges"


def errors_fall(errors: Sequence[float], *, share: float = 0.5, tolerance: float = 0.25) -> bool:
    """Return whether errors fall on a prefix.

    They do if the smallest is at most `share` of the first, and the last one exceeds the smallest by the factor
    1 + `tolerance` at most: then the fall has not been undone. Errors that are 0 from the first on fall.

    Parameters
    ----------
    errors
        Numbers from 0 on, one or more.
    share
        Between 0 and 1, exclusive.
    tolerance
        From 0 on.
    """
    if not 0 < share < 1 or not tolerance >= 0:
        raise UserError(
            f"share is {share}, tolerance is {tolerance}; allowed: 0 < share < 1, tolerance from 0 on"
        )
    least = min(errors)
    return bool(least <= share * errors[0] and errors[-1] <= (1 + tolerance) * least)


def support_verdict(
    members: Sequence[SupportMember],
    target_level: int | float,
    *,
    share: float = 0.5,
    tolerance: float = 0.25,
) -> SupportVerdict:
    """Judge a computed prefix f_1 … f_K of a sequence against convergence to f in the finer topology.

    The members after number ⌈K/2⌉ are the later half. Supports have *settled* if no member of the later half needs a
    larger cube than f and all members before it; they *go on growing* if two or more of the later half do, each more
    than all before, or have an unbounded support, or if the last one has. Otherwise, or if a level of the later half is
    not known, nothing is decided. Only the members computed are looked at: the verdict is no statement about the limit.

    Parameters
    ----------
    members
        f_1 … f_K in order, two or more.
    target_level
        n(f) of the limit f; ``inf`` if its support is not compact: then L1_loc convergence is all that is asked.
    share, tolerance
        When errors fall, see `errors_fall`.

    Raises
    ------
    UserError
        If there are fewer than two members, or a number is out of range.
    """
    if len(members) < 2:
        raise UserError(f"a prefix of {len(members)} members shows no convergence; allowed: two or more")
    if not all(isinstance(member, SupportMember) for member in members):
        raise UserError("the members of a sequence are SupportMember: an L1 error and a level each")
    _checked_level("target", target_level)
    errors = [float(member.error) for member in members]
    falls = errors_fall(errors, share=share, tolerance=tolerance)
    ratio = errors[-1] / errors[0] if errors[0] else (1.0 if not errors[-1] else inf)
    half = (len(members) + 1) // 2
    later = members[half:]
    matching = _matching(later, target_level)
    cube, first = _common_cube(members, target_level)
    if not falls:
        found: Convergence = "does not converge"
        reason = f"the L1 errors do not fall: last over first {ratio:.3g}"
        return SupportVerdict(found, matching, cube, first, falls, ratio, reason)
    if target_level == inf:
        reason = f"errors fall, and the limit has no compact support; last over first {ratio:.3g}"
        return SupportVerdict("converges", matching, cube, first, falls, ratio, reason)
    escapes = _escapes(members, half, target_level)
    unbounded = sum(member.level == inf for member in later)
    if members[-1].level == inf or escapes >= _ESCAPES:
        kind = f"{unbounded} of the last {len(later)} are unbounded" if unbounded else "they go on growing"
        detail = next((m.reason for m in reversed(members) if m.level == inf and m.reason), "")
        reason = f"errors fall, but the supports leave every cube: {kind}" + (
            f" ({detail})" if detail else ""
        )
        return SupportVerdict("L1_loc only", matching, None, None, falls, ratio, reason)
    unknown = [member for member in later if member.level is None]
    if unknown:
        why = next((member.reason for member in unknown if member.reason), "no certificate")
        reason = f"errors fall, but {len(unknown)} of the last {len(later)} supports are not known: {why}"
    elif escapes:
        reason = "errors fall, but one of the later supports is larger than all before: not settled"
    elif not all(member.everywhere for member in later):
        reason = "errors fall and supports have settled, but errors are known on a box only"
    else:
        reason = f"errors fall, and from member {first} on all supports lie in K_{cube}"
        return SupportVerdict("converges", matching, cube, first, falls, ratio, reason)
    return SupportVerdict("undecided", matching, cube, first, falls, ratio, reason)


def _matching(later: Sequence[SupportMember], target_level: int | float) -> bool | None:
    if any(member.level is not None and member.level != target_level for member in later):
        return False
    return None if any(member.level is None for member in later) else True


def _common_cube(
    members: Sequence[SupportMember], target_level: int | float
) -> tuple[int | None, int | None]:
    """Return (N, first member): of the longest end of the prefix whose levels are known and finite."""
    first = len(members)
    while first and members[first - 1].level not in (None, inf):
        first -= 1
    levels = [int(member.level) for member in members[first:] if member.level is not None]
    if not levels or target_level == inf:
        return None, None
    return max(*levels, int(target_level)), first + 1


def _escapes(members: Sequence[SupportMember], half: int, target_level: int | float) -> int:
    """Return how many of the later half are unbounded or need a larger cube than f and all known before."""
    largest = float(target_level)
    found = 0
    for index, member in enumerate(members):
        if member.level is None:
            continue
        if member.level == inf:
            found += index >= half
        elif member.level > largest:
            largest = float(member.level)
            found += index >= half
    return found


def _checked_level(owner: str, level: int | float) -> None:
    whole = isinstance(level, Integral) or (
        isinstance(level, Real) and isfinite(level) and level == int(level)
    )
    if isinstance(level, bool) or not (level == inf or (whole and level >= 1)):
        raise UserError(f"{owner}: level is {level!r}; allowed: positive integers, infinity")
