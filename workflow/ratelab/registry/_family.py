"""A plugin with parameters: one name, many members."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import isfinite
from typing import Generic, TypeVar

from ratelab._errors import UserError, suggestion
from ratelab.registry._labels import Parameter, label, parse_value

T = TypeVar("T")


@dataclass(frozen=True)
class Family(Generic[T]):
    """A named maker whose keyword parameters, all with defaults, are the family's.

    Parameters
    ----------
    name
        Name of the family; the member at the defaults carries it as its label.
    make
        Called with keyword parameters only; returns an Activation, Target, … whose own name is overwritten by
        nothing: the registry keeps the label.
    summary
        One line for ``ratelab plugins list``.
    """

    name: str
    make: Callable[..., T]
    summary: str = ""

    @property
    def defaults(self) -> dict[str, Parameter]:
        """Parameter → default, in the order of the maker's signature.

        Raises
        ------
        UserError
            If a parameter has no default.
        """
        result: dict[str, Parameter] = {}
        for parameter in inspect.signature(self.make).parameters.values():
            if parameter.default is inspect.Parameter.empty:
                raise UserError(f"family '{self.name}': parameter '{parameter.name}' needs a default")
            result[parameter.name] = parameter.default
        return result

    def member(self, parameters: Mapping[str, object] | None = None) -> T:
        """Return the member with the given parameters, the rest at their defaults."""
        return self.make(**check_parameters(self.name, self.defaults, parameters or {}))


def check_parameters(
    name: str, defaults: Mapping[str, Parameter], given: Mapping[str, object]
) -> dict[str, Parameter]:
    """Return the given parameters, parsed and in the order of the defaults.

    Raises
    ------
    UserError
        For a parameter that is unknown or of another type than its default.
    """
    for key in given:
        if key not in defaults:
            allowed = suggestion(key, list(defaults)) if defaults else "it has no parameters"
            raise UserError(f"'{name}' has no parameter '{key}'; {allowed}")
    result: dict[str, Parameter] = {}
    for key, default in defaults.items():
        if key in given:
            value = parse_value(given[key])
            number = isinstance(value, int | float | Fraction) and not isinstance(value, bool)
            if isinstance(default, bool) != isinstance(value, bool) or (
                isinstance(default, int | float | Fraction) and not isinstance(default, bool) and not number
            ):
                raise UserError(
                    f"'{name}': parameter '{key}' is {given[key]!r}; allowed: a value like {default}"
                )
            if isinstance(value, float) and not isfinite(value):
                raise UserError(f"'{name}': parameter '{key}' is {given[key]!r}; allowed: a finite number")
            if isinstance(default, int) and not isinstance(default, bool) and value != int(value):
                raise UserError(f"'{name}': parameter '{key}' is {given[key]!r}; allowed: a whole number")
            result[key] = type(default)(value) if isinstance(default, int) else value
    return result


def member_label(name: str, defaults: Mapping[str, Parameter], given: Mapping[str, object]) -> str:
    """Label of a member: the parameters that were given, in the order of the signature."""
    return label(name, check_parameters(name, defaults, given))
