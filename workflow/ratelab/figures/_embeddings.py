"""The lattice of embeddings: a row for each depth, arrows from the smaller to the larger space."""

import re
from collections.abc import Mapping
from fractions import Fraction
from math import hypot
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ratelab.figures._style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    VERMILLION,
    bottom_legend,
    heading,
    heading_height,
    new_figure,
    place,
    style,
)

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

_WIDTH, _ROW, _TOP = 7.2, 0.78, 0.34
_COLUMNS = {"W besov": 1.05, "W": 2.8, "N": 4.4, "N half": 6.4, "N besov": 6.4}
_LIFT = 0.17
"""Inches by which the two spaces right of N stand above and below their row."""
_COLOURS = {"W": BLUE, "N": VERMILLION, "B": GREEN, "X": BLACK}
_FAR = 0.01
"""A Besov space of a smaller share of α stands for every smoothness above 0."""
_EQUAL, _NOT = 2, 3
_LONGEST = 6

Point = tuple[float, float]


def figures(dataset: "xr.Dataset") -> Mapping[str, Figure]:
    """Return the figure ``embeddings``.

    Parameters
    ----------
    dataset
        Of the experiment ``embeddings``.
    """
    return {"embeddings": embeddings(dataset)}


def embeddings(dataset: "xr.Dataset") -> Figure:
    """Draw the approximation spaces of each depth between the Besov spaces that they lie in."""
    depths = _depths(dataset)
    alpha, degree, p = (dataset.attrs[name] for name in ("alpha", "degree", "p"))
    norm = f"L{_subscript(p)}"
    text = (
        f"Functions on an interval whose error in {norm} decays like n^(−α), α\u00a0=\u00a0{alpha:g}, n the "
        f"connections (W) or neurons (N) of networks of max(x,\u00a00){_power(degree)} with L layers; B(s) is the "
        "Besov space of smoothness s, 1/q\u00a0=\u00a0s\u00a0+\u00a01/p. An arrow leads to the larger space, with the "
        f"claims that it rests on and the factor by which the order shrinks. All lie in {norm}."
    )
    with style():
        top = heading_height(text, _WIDTH) + 0.06
        height = _TOP + _ROW * len(depths)
        figure = new_figure(_WIDTH, top + height + 0.4)
        heading(figure, "Which space lies in which", text)
        axes = place(figure, 0.0, top, _WIDTH, height)
        axes.set_xlim(0, _WIDTH)
        axes.set_ylim(height, 0)
        axes.axis("off")
        _headings(axes)
        rows = {depth: _TOP + _ROW * (index + 0.5) for index, depth in enumerate(depths)}
        for depth, y in rows.items():
            axes.text(0.12, y, _depth_text(depth), va="center", fontsize=8, color=GREY)
            _row(axes, dataset, depth, y)
        for shallow, deep in zip(depths, depths[1:], strict=False):
            for letter in ("W", "N"):
                first, second = _node(dataset, letter, shallow), _node(dataset, letter, deep)
                x = _COLUMNS[letter]
                _relation(axes, dataset, first, second, (x, rows[shallow] + 0.15), (x, rows[deep] - 0.15))
        bottom_legend(figure, _legend(), 4)
    return figure


def _row(axes: "Axes", dataset: "xr.Dataset", depth: str, y: float) -> None:
    by_connections, by_neurons = (_node(dataset, letter, depth) for letter in ("W", "N"))
    wide = 0.36
    for letter, node in (("W", by_connections), ("N", by_neurons)):
        _label(axes, dataset, node, (_COLUMNS[letter], y))
    left, middle = _COLUMNS["W"], _COLUMNS["N"]
    _relation(axes, dataset, by_connections, by_neurons, (left + wide, y), (middle - wide, y))
    half = _node(dataset, "W", depth, 0.5)
    at = _COLUMNS["N half"], y - _LIFT
    _label(axes, dataset, half, at)
    _relation(axes, dataset, by_neurons, half, (middle + wide, y - 0.04), (at[0] - 0.45, at[1]))
    for letter, node in (("W", by_connections), ("N", by_neurons)):
        besov = _besov(dataset, node)
        if besov is None:
            continue
        if letter == "W":
            spot, start, end = (_COLUMNS["W besov"], y), (left - wide, y), (_COLUMNS["W besov"] + 0.42, y)
        else:
            spot = _COLUMNS["N besov"], y + _LIFT
            start, end = (middle + wide, y + 0.04), (spot[0] - 0.45, spot[1])
        _label(axes, dataset, besov, spot)
        _relation(axes, dataset, node, besov, start, end)


def _headings(axes: "Axes") -> None:
    for x, text in (
        (_COLUMNS["W besov"], "Besov space"),
        (_COLUMNS["W"], "by connections"),
        (_COLUMNS["N"], "by neurons"),
        (_COLUMNS["N half"], "larger spaces"),
    ):
        axes.text(x, 0.16, text, ha="center", va="center", fontsize=8, fontweight="bold")
    axes.text(0.12, 0.16, "L", va="center", fontsize=8, fontweight="bold", color=GREY)


def _label(axes: "Axes", dataset: "xr.Dataset", node: int, at: Point) -> None:
    letter = str(dataset["letter"].values[node])
    share = float(dataset["share"].values[node])
    depth = str(dataset["depth"].values[node])
    if letter == "B":
        text = "B(s), s > 0" if share < _FAR else f"B({_share(share)})"
    else:
        text = f"${letter}^{{\\,{_share(share)}}}$({_depth_text(depth)})"
    axes.text(*at, text, ha="center", va="center", fontsize=8.5, color=_COLOURS[letter])


def _relation(axes: "Axes", dataset: "xr.Dataset", first: int, second: int, start: Point, end: Point) -> None:
    """Draw the edge between two nodes, whichever way round it is stored."""
    found = _edge(dataset, first, second)
    if found is None:
        return
    index, reverse = found
    relation, strict = int(dataset["relation"].values[index]), bool(dataset["strict"].values[index])
    if reverse:
        start, end = end, start
    if relation == _EQUAL:
        _caption(axes, dataset, index, start, end)
        _double(axes, start, end)
        return
    colour = VERMILLION if relation == _NOT else BLACK
    _caption(axes, dataset, index, start, end)
    arrow: dict[str, Any] = {
        "arrowstyle": "-|>", "color": colour, "linewidth": 0.9, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 8,
        "linestyle": "--" if relation == _NOT else "-",
    }  # fmt: skip
    axes.annotate("", end, start, arrowprops=arrow)
    middle = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
    if relation == _NOT:
        axes.plot(*middle, marker="x", markersize=7, markeredgewidth=1.4, color=VERMILLION, linestyle="")
    elif strict:
        length = hypot(end[0] - start[0], end[1] - start[1])
        across = 0.045 * (start[1] - end[1]) / length, 0.045 * (end[0] - start[0]) / length
        axes.plot(
            [middle[0] - across[0], middle[0] + across[0]],
            [middle[1] - across[1], middle[1] + across[1]],
            color=BLACK,
            linewidth=0.9,
        )


def _caption(axes: "Axes", dataset: "xr.Dataset", index: int, start: Point, end: Point) -> None:
    """Write claims, and the factor where the order shrinks, beside the middle of an edge."""
    claims = str(dataset["claims"].values[index]).replace(" ", ", ")
    factor = float(dataset["factor"].values[index])
    if _FAR < factor < 1:
        claims = f"{claims}: ×{Fraction(factor).limit_denominator(100)}".removeprefix(": ")
    x, y = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
    if start[0] == end[0]:
        axes.text(x + 0.09, y, claims, va="center", fontsize=6.5, color=GREY)
    else:
        below = end[1] > start[1]
        slanted = 0.04 * (start[1] != end[1])
        shift = 0.1 + slanted if below else -0.1 - slanted
        axes.text(x, y + shift, claims, ha="center", va="center", fontsize=6.5, color=GREY)


def _double(axes: "Axes", start: Point, end: Point) -> None:
    across = (0.0, 0.025) if abs(end[0] - start[0]) > abs(end[1] - start[1]) else (0.025, 0.0)
    for sign in (-1, 1):
        axes.plot(
            [start[0] + sign * across[0], end[0] + sign * across[0]],
            [start[1] + sign * across[1], end[1] + sign * across[1]],
            color=BLACK,
            linewidth=0.9,
        )


def _edge(dataset: "xr.Dataset", first: int, second: int) -> tuple[int, bool] | None:
    """Return the place of an edge and whether it leads from the second node to the first; None if there is none."""
    source, target = dataset["source"].values, dataset["target"].values
    for one, other, reverse in ((first, second, False), (second, first, True)):
        places = ((source == one) & (target == other)).nonzero()[0]
        if len(places):
            return int(places[0]), reverse
    return None


def _node(dataset: "xr.Dataset", letter: str, depth: str, share: float = 1.0) -> int:
    found = (
        (dataset["letter"].values == letter)
        & (dataset["depth"].values == depth)
        & (abs(dataset["share"].values - share) < 1e-9)
    )
    return int(found.nonzero()[0][0])


def _besov(dataset: "xr.Dataset", node: int) -> int | None:
    """Return the Besov space that an edge joins with an approximation space, as its target if there is one."""
    letters = dataset["letter"].values
    source, target = dataset["source"].values, dataset["target"].values
    after = [int(j) for i, j in zip(source, target, strict=True) if i == node and letters[j] == "B"]
    before = [int(i) for i, j in zip(source, target, strict=True) if j == node and letters[i] == "B"]
    equal = [i for i in before if dataset["relation"].values[((source == i) & (target == node))][0] == _EQUAL]
    return next(iter([*after, *equal]), None)


def _depths(dataset: "xr.Dataset") -> list[str]:
    """Return the depths, the least first, as the nodes have them."""
    of_connections = dataset["letter"].values == "W"
    return list(dict.fromkeys(str(depth) for depth in dataset["depth"].values[of_connections]))


def _depth_text(depth: str) -> str:
    """Return a depth as short text."""
    text = "∞" if depth == "unbounded" else depth
    inside = re.fullmatch(r"power\(exponent=([0-9/]+)\)", text)
    if inside:
        text = f"n^{inside[1]}"
    return text if len(text) <= _LONGEST else f"{text.partition('(')[0][:_LONGEST]}…"


def _share(share: float) -> str:
    """Return a share of α as text: α, α/2, 2α/3."""
    fraction = Fraction(share).limit_denominator(100)
    above = "α" if fraction.numerator == 1 else f"{fraction.numerator}α"
    return above if fraction.denominator == 1 else f"{above}/{fraction.denominator}"


def _subscript(p: float) -> str:
    return {1: "₁", 2: "₂"}.get(p, f"_{p:g}")  # type: ignore[call-overload,no-any-return]


def _power(degree: int) -> str:
    return {1: "", 2: "²", 3: "³"}.get(degree, f"^{degree}")


def _legend() -> list[Line2D]:
    def line(label: str, **given: Any) -> Line2D:
        return Line2D([], [], label=label, linewidth=0.9, **given)

    return [
        line("lies in", color=BLACK, marker=">", markersize=4),
        line("lies in, and they differ", color=BLACK, marker="|", markersize=7),
        line("equal", color=BLACK, linestyle="", marker="$=$", markersize=11),
        line("does not lie in", color=VERMILLION, linestyle="--", marker="x", markersize=6),
    ]
