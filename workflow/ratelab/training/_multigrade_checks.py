"""What a user hands to the fits of plain data, refused in a sentence before anything is trained."""

from itertools import pairwise
from math import isfinite
from numbers import Integral, Real
from typing import Any, TypeGuard

from ratelab._errors import UserError
from ratelab.networks import Layout
from ratelab.registry import Trainer

_ONE_GRADE = Layout.dense((1, 1, 1))
"""What the trainer of a grade must take."""


def is_whole(value: object) -> TypeGuard[int]:
    """Return whether that is a whole number, which truth values are not."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def is_number(value: object) -> TypeGuard[float]:
    """Return whether that is a real number, NaN and infinities among them."""
    return isinstance(value, Real) and not isinstance(value, bool)


def checked_seed(who: str, seed: object) -> int:
    """Return the seed as an int; numbers of numpy give the same fit."""
    if not is_whole(seed):
        raise UserError(f"{who}: seed is {seed!r}; allowed: whole numbers")
    return int(seed)


def checked_tolerance(who: str, tolerance: object) -> float:
    """Return the share of the data's norm at which a fit ends."""
    if not (is_number(tolerance) and tolerance >= 0):
        raise UserError(f"{who}: tolerance is {tolerance!r}; allowed: 0 or more")
    return float(tolerance)


def checked_milestones(who: str, milestones: object) -> tuple[float, ...]:
    """Return increasing amounts of work."""
    given = tuple(milestones) if hasattr(milestones, "__iter__") else (None,)
    numbers = [float(m) for m in given if is_number(m) and isfinite(m)]
    if len(numbers) < len(given) or any(b < a for a, b in pairwise(numbers)):
        raise UserError(
            f"{who}: milestones is {milestones!r}; allowed: increasing amounts of work, in a list"
        )
    return tuple(numbers)


def checked_widths(widths: object) -> tuple[int, ...]:
    """Return the neurons of each hidden layer."""
    given: tuple[Any, ...] = (None,)
    if hasattr(widths, "__iter__") and not isinstance(widths, str):
        given = tuple(widths)
    if not given or not all(is_whole(width) and width >= 1 for width in given):
        raise UserError(
            f"grade: widths is {widths!r}; allowed: at least one hidden layer of 1 or more neurons, such as (64, 32)"
        )
    return tuple(int(width) for width in given)


def checked_list(who: str, grades: object, kind: type) -> tuple[Any, ...]:
    """Return the grades, one or more objects of that kind."""
    given = tuple(grades) if hasattr(grades, "__iter__") else (None,)
    if not given:
        raise UserError(f"{who}: grades is empty; allowed: 1 or more grades")
    if not all(isinstance(grade, kind) for grade in given):
        raise UserError(f"{who}: grades is {grades!r}; allowed: a list of Grade objects")
    return given


def checked_pair(given: Any, what: str) -> tuple[Any, Any]:
    """Return points and values."""
    if not hasattr(given, "__len__") or len(given) != 2:
        found = f"{len(given)} items" if hasattr(given, "__len__") else type(given).__name__
        raise UserError(f"the {what} are {found}; allowed: a pair (points, values)")
    points, values = given
    return points, values


def check_trainer(where: str, given: object) -> None:
    """Refuse what is no trainer, or none that trains a shape from data alone."""
    if not isinstance(given, Trainer):
        raise UserError(f"{where}: trainer is {given!r}; allowed: a trainer object, such as Adam(steps=500)")
    if not trains_from_data(given):
        raise UserError(
            f"{where}: trainer is '{given.name}', which does not fit a shape to data alone; allowed: another trainer"
        )


def trains_from_data(trainer: Trainer) -> bool:
    """Return whether a trainer takes one hidden layer and needs no network to start from."""
    asked = getattr(trainer, "accepts", lambda layout: None)
    return not getattr(trainer, "polishes", False) and asked(_ONE_GRADE) is None
