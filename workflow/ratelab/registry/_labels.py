"""Labels such as ``cusp(exponent=0.5,at=1/3)``: what a thing is called in datasets, and its file name."""

import re
from collections.abc import Mapping
from fractions import Fraction

from ratelab._errors import UserError

Parameter = int | float | Fraction | str | bool

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_LABEL = re.compile(r"(?P<name>[A-Za-z][A-Za-z0-9_-]*)(\((?P<parameters>[^()]*)\))?")
_RATIO = re.compile(r"[+-]?\d+/[1-9]\d*")


def check_name(name: str, what: str) -> str:
    """Return `name`, or raise UserError if it cannot stand in a label."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise UserError(f"{what}: name is {name!r}; allowed: a letter, then letters, digits, '_' and '-'")
    return name


def parse_value(value: object) -> Parameter:
    """Turn a config value or a label's text into a number where it is one; ``"1/3"`` becomes a Fraction."""
    if isinstance(value, bool | int | float | Fraction):
        return value
    text = str(value).strip()
    if _RATIO.fullmatch(text):
        return Fraction(text)
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def label(name: str, parameters: Mapping[str, Parameter]) -> str:
    """Return ``name`` or ``name(key=value,…)``, keys in the given order."""
    if not parameters:
        return name
    inside = ",".join(f"{key}={_text(value)}" for key, value in parameters.items())
    return f"{name}({inside})"


def parse_label(text: str) -> tuple[str, dict[str, Parameter]]:
    """Split a label into name and parameters; the inverse of `label`."""
    match = _LABEL.fullmatch(text.strip())
    if match is None:
        half = text.count("(") != text.count(")")
        hint = ", and quote it inside a list [ … ], where its commas separate" if half else ""
        raise UserError(f"'{text}' is not a label; write a name, or name(key=value,key=value){hint}")
    parameters: dict[str, Parameter] = {}
    for item in filter(None, (match["parameters"] or "").split(",")):
        key, separator, value = item.partition("=")
        if not separator:
            raise UserError(f"'{text}': '{item}' is no key=value pair")
        parameters[key.strip()] = parse_value(value)
    return match["name"], parameters


def slug(text: str) -> str:
    """Return a label as a file name: letters, digits, ``= . - _ +`` only."""
    return re.sub(r"-+", "-", re.sub(r"[^A-Za-z0-9=._+-]", "-", text.replace("/", "-"))).strip("-")


def _text(value: Parameter) -> str:
    return (
        format(value, "g") if isinstance(value, float) and float(format(value, "g")) == value else str(value)
    )
