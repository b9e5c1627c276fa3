"""Logarithmic axes with tick labels whatever their range: decades, 1-2-5, or steps within less than that."""

from math import ceil, floor, log10
from typing import TYPE_CHECKING, Literal

from matplotlib.ticker import FixedLocator, MaxNLocator, NullFormatter, NullLocator

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from matplotlib.axes import Axes

_DECADES_WITH_MINOR = 6
_PLAIN = (1e-3, 1e4)


def log_axis(axes: "Axes", which: Literal["x", "y"], values: "Iterable[float]", most: int = 6) -> None:
    """Make an axis logarithmic around all positive values, with at least two tick labels.

    Parameters
    ----------
    axes
        To draw into.
    which
        Horizontal or vertical; a reversed axis stays reversed.
    values
        What is drawn along it; without any that are positive and finite the axis has neither ticks nor labels.
    most
        Most tick labels, at least 3.
    """
    axis = axes.xaxis if which == "x" else axes.yaxis
    seen = [float(value) for value in values if 0 < value < float("inf")]
    low, high = (min(seen), max(seen)) if seen else (0.1, 1.0)
    room = max((high / low) ** 0.06, 1.1)
    reverse = axis.get_inverted()
    (axes.set_xscale if which == "x" else axes.set_yscale)("log")
    ends = low / room, high * room
    (axes.set_xlim if which == "x" else axes.set_ylim)(*(reversed(ends) if reverse else ends))
    label_ticks(axes, which, most, empty=not seen)


def label_ticks(axes: "Axes", which: Literal["x", "y"], most: int = 6, empty: bool = False) -> None:
    """Put ticks with labels on a logarithmic axis, by its limits now."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    low, high = sorted(axes.get_xlim() if which == "x" else axes.get_ylim())
    ticks = [] if empty else ticks_between(low, high, most)
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_ticklabels(tick_texts(ticks))
    small = [] if empty else _between_ticks(low, high, ticks)
    axis.set_minor_locator(FixedLocator(small) if small else NullLocator())
    axis.set_minor_formatter(NullFormatter())


def ticks_between(low: float, high: float, most: int = 6) -> list[float]:
    """Return two to `most` round numbers from `low` to `high`: powers of ten, else 1, 2, 5, else equal steps."""
    powers = range(ceil(log10(low) - 1e-9), floor(log10(high) + 1e-9) + 1)
    if len(powers) >= 2:
        stride = ceil(len(powers) / most)
        return [10.0**k for k in powers][::stride]
    ones = [m * 10.0**k for k in range(floor(log10(low)), ceil(log10(high)) + 1) for m in (1, 2, 5)]
    found = [value for value in ones if low <= value <= high]
    if len(found) >= 2:
        return found[:: ceil(len(found) / most)]
    steps = MaxNLocator(nbins=most - 1, steps=[1, 2, 5, 10], min_n_ticks=2).tick_values(low, high)
    found = [float(value) for value in steps if low <= value <= high]
    return found[:: ceil(len(found) / most)]


def tick_texts(ticks: "Sequence[float]") -> list[str]:
    """Return labels: powers of ten as such if all are, else numbers in full unless they are very small or large."""
    exponents = [floor(log10(value) + 1e-9) for value in ticks]
    factors = [value / 10.0**k for value, k in zip(ticks, exponents, strict=True)]
    if all(abs(factor - 1) < 1e-9 for factor in factors):
        return [rf"$\mathdefault{{10^{{{k}}}}}$" for k in exponents]
    if all(_PLAIN[0] <= value < _PLAIN[1] for value in ticks):
        return [f"{value:.6g}" for value in ticks]
    return [
        rf"$\mathdefault{{{factor:.6g}·10^{{{k}}}}}$" for factor, k in zip(factors, exponents, strict=True)
    ]


def _between_ticks(low: float, high: float, ticks: "Sequence[float]") -> list[float]:
    """Return where ticks without labels stand: at 1 to 9 times powers of ten, none if these are many or unlike."""
    first, last = floor(log10(low)), ceil(log10(high))
    units = [m * 10.0**k for k in range(first - 1, last + 1) for m in range(1, 10)]
    if last - first > _DECADES_WITH_MINOR or any(value not in units for value in ticks):
        return []
    return [value for value in units if low <= value <= high and value not in ticks]
