"""Verdicts on supports: L1 error against mismatch of supports for all classes, and a table of what is proved."""

from collections.abc import Mapping
from math import ceil, isfinite, isinf, isnan
from typing import TYPE_CHECKING, Literal

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ratelab.figures._grid import Panel, panel_grid
from ratelab.figures._layerwise_rates import readable
from ratelab.figures._log_ticks import log_axis
from ratelab.figures._style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    heading,
    heading_height,
    new_figure,
    style,
)

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

_HEIGHTS = {1: 2.6, 2: 2.1, 3: 1.8}
_FIRST = (
    (BLUE, "o"),
    (BLUE, "s"),
    (BLUE, "D"),
    (GREEN, "P"),
    (VERMILLION, "^"),
    (VERMILLION, "v"),
    (ORANGE, "X"),
)
_REST = ((PURPLE, SKY, BLACK, GREY), ("<", ">", "h", "p", "*", "d", "H", "8", "1", "2", "3"))
_CLOSE = 1.01
_SLOPES = "prelu, slopes trained"
_OPEN, _UNDECIDED = 4, 3
_ROOM = 3.0  # what zeros on an edge stand away from all else, as a factor
_NOT_BUILT, _ZERO_OUTSIDE, _NONZERO, _UNBOUNDED = 0, 1, 2, 3
_CERTIFICATES = {0: "—", 1: "0 outside", 2: "≠ 0 a.e.", 3: "unbounded", 4: "open"}
_CONVERGENCE = {0: "—", 1: "converges", 2: "L₁ loc only", 3: "does not", 4: "undecided"}
_MATCHING = {0: "—", 1: "yes", 2: "no", 3: "open"}
_WIDTH, _NAMES, _ROW, _BLOCK_GAP = 7.2, 1.28, 0.155, 0.3
_COLUMNS = ((0.0, "L₁ error"), (0.58, "certificate"), (1.28, "n"), (1.5, "converges"), (2.26, "same n"))


def figures(dataset: "xr.Dataset") -> Mapping[str, Figure]:
    """Return the figures ``support-verdicts`` and ``support-verdicts-table``.

    Parameters
    ----------
    dataset
        Of the experiment ``support-verdicts``.
    """
    return {"support-verdicts": mismatch(dataset), "support-verdicts-table": table(dataset)}


def marks(dataset: "xr.Dataset") -> dict[str, tuple[str, str]]:
    """Return colour and marker of every class."""
    labels = [str(name) for name in dataset["class"].values]
    count = len(_FIRST)
    return {
        label: _FIRST[i]
        if i < count
        else (_REST[0][(i - count) % len(_REST[0])], _REST[1][(i - count) % len(_REST[1])])
        for i, label in enumerate(labels)
    }


def mismatch(dataset: "xr.Dataset") -> Figure:
    """Draw the largest networks of all classes by error and by how far their supports are from the target's."""
    budget = int(dataset["budget"].values[-1])
    last = dataset.isel(budget=-1)
    text = (
        f"Largest networks of at most {budget:,} connections. L₁ error on the box twice the support's size, against "
        "the measure of the symmetric difference of the supports in it, over that of the target's. Filled: proved, "
        "constructed networks by the geometry of their supports (bars: enclosed), analytic ones by one ball without 0. "
        "Open: by float64 values on a grid, for other fitted networks; bars are what is proved. Fitted "
        f"by {dataset.attrs['trainer']}{_slopes_by(dataset)}."
    )
    if bool((_loose(last) & last["certificate"].isin((_ZERO_OUTSIDE, _NONZERO))).any()):
        text += " Open, on top of a bar: constructed, and known to lie on the bar, down to the axis if 0 is possible."
    built = last["certificate"] != _NOT_BUILT
    if bool((built & ((last["l1_error"] == 0) | (_heights(last) == 0))).any()):
        text += " On the left or lower axis: 0."
    styles = marks(dataset)
    handles = [
        Line2D([], [], color=colour, marker=marker, linestyle="", label=_name(dataset, label))
        for label, (colour, marker) in styles.items()
    ]
    targets = [str(name) for name in dataset["target"].values]
    with style():
        figure, panels = panel_grid(
            len(targets), "Equal connections, different supports", text, handles, heights=_HEIGHTS, left=0.6
        )
        for panel, target in zip(panels, targets, strict=True):
            _mismatch_panel(panel, dataset.sel(target=target).isel(budget=-1), target, styles)
    return figure


def _mismatch_panel(panel: Panel, one: "xr.Dataset", target: str, styles: dict[str, tuple[str, str]]) -> None:
    axes = panel.axes
    panel.title(readable(target, int(one["variables"])))
    built = one.isel({"class": np.flatnonzero(one["certificate"].values != _NOT_BUILT)})
    errors, values = built["l1_error"].values, _heights(built).values
    lows, highs = built["mismatch_low"].values, built["mismatch_high"].values
    left = _edge(axes, "x", errors)
    lower = _edge(axes, "y", np.concatenate([values, lows, highs]))
    loose = _loose(built).values
    for index, label in enumerate(map(str, built["class"].values)):
        colour, marker = styles[label]
        low, high = float(lows[index]), float(highs[index])
        x, y = (
            value if value > 0 else edge for value, edge in ((errors[index], left), (values[index], lower))
        )
        if low < high:
            axes.plot(
                [x, x], [low if low > 0 else lower, high], color=colour, linewidth=0.7, alpha=0.7, zorder=2
            )
        filled = int(built["certificate"][index]) in (_ZERO_OUTSIDE, _NONZERO) and not loose[index]
        axes.plot(
            [x], [y], linestyle="", marker=marker, color=colour, markersize=4.2, clip_on=False,
            markerfacecolor=colour if filled else "white", markeredgewidth=0.9, zorder=3,
        )  # fmt: skip
    if not len(errors):
        axes.text(0.5, 0.5, "no network fits", transform=axes.transAxes, ha="center", color=GREY)
    if panel.last:
        axes.set_xlabel("L₁ error")
    if panel.first:
        axes.set_ylabel("mismatch / |S|")


def _edge(axes: "Axes", which: Literal["x", "y"], values: "NDArray[np.float64]") -> float:
    """Make an axis logarithmic, with room below all positive values if some are 0; return its lower end."""
    positive = [float(value) for value in values if value > 0 and isfinite(value)]
    room = [min(positive) / _ROOM] if positive and bool((values == 0).any()) else []
    log_axis(axes, which, [*positive, *room])
    return float((axes.get_xlim() if which == "x" else axes.get_ylim())[0])


def _heights(some: "xr.Dataset") -> "xr.DataArray":
    """Return the mismatch at which each network is drawn: the upper end where something is proved, else the floats'."""
    proved = some["certificate"].isin((_ZERO_OUTSIDE, _NONZERO))
    return some["mismatch_high"].where(proved, some["mismatch_float"])


def _loose(some: "xr.Dataset") -> "xr.DataArray":
    """Return where the ends of the mismatch are apart, by more than one in a hundred."""
    return some["mismatch_high"] > _CLOSE * some["mismatch_low"]


def _trains_slopes(dataset: "xr.Dataset") -> bool:
    """Whether PReLU networks were fitted by the trainer that moves their slopes."""
    return str(dataset.attrs["slopes"]).partition("(")[0] == "slopes"


def _slopes_by(dataset: "xr.Dataset") -> str:
    return f", PReLU by {dataset.attrs['slopes']}" if _SLOPES in dataset["class"].values else ""


def _name(dataset: "xr.Dataset", label: str) -> str:
    """Return what a class is called: PReLU alone where slopes were not trained."""
    return "prelu" if label == _SLOPES and not _trains_slopes(dataset) else label


def table(dataset: "xr.Dataset") -> Figure:
    """Draw for every class and target: error, certificate, cube of the support, and the verdicts."""
    budget = int(dataset["budget"].values[-1])
    budgets = ", ".join(f"{int(value):,}" for value in dataset["budget"].values)
    side = _multiple(dataset.attrs["scale"])
    text = (
        f"L₁ error, certificate and n of the largest network of at most {budget:,} connections; verdicts on the "
        f"sequence over {budgets}, on this computed prefix. 0 outside: zero outside a stated neighbourhood of the "
        "support; ≠ 0 a.e.: one ball without 0, so the support is everything; unbounded: an exact value far out. n: "
        f"least n with the support in [−{side}n, {side}n]ᵈ. Converges: in the finer topology; same n: as the target, "
        "from some budget on. —: no network, or only one, fits." + _explained(dataset) + _slopes(dataset)
    )
    targets = [str(name) for name in dataset["target"].values]
    labels = [str(name) for name in dataset["class"].values]
    per_row = min(2, len(targets))
    blocks = ceil(len(targets) / per_row)
    with style():
        top = heading_height(text, _WIDTH) + 0.12
        block = _ROW * (len(labels) + 2)
        height = top + blocks * block + (blocks - 1) * _BLOCK_GAP + 0.12
        figure = new_figure(_WIDTH, height)
        heading(figure, "Who converges with its support", text)
        room = (_WIDTH - _NAMES) / 2

        def write(left: float, down: float, content: str, bold: bool = False, colour: str = BLACK) -> None:
            figure.text(
                left / _WIDTH, 1 - (down + _ROW / 2) / height, content, fontsize=6.8, va="center", color=colour,
                fontweight="bold" if bold else "normal",
            )  # fmt: skip

        for index, target in enumerate(targets):
            row, column = divmod(index, per_row)
            start, left = top + row * (block + _BLOCK_GAP), _NAMES + column * room
            one = dataset.sel(target=target)
            n = float(one["target_cube"])
            write(left, start, f"{readable(target, int(one['variables']))}, n = {n:g}", bold=True)
            for offset, name in _COLUMNS:
                write(left + offset, start + _ROW, name, colour=GREY)
            for place, label in enumerate(labels):
                down = start + _ROW * (place + 2)
                if column == 0:
                    write(0.08, down, _name(dataset, label))
                for (offset, _), (content, colour) in zip(
                    _COLUMNS, entries(one.sel({"class": label})), strict=True
                ):
                    write(left + offset, down, content, colour=colour)
            if column == per_row - 1 or index == len(targets) - 1:
                _rules(figure, start, len(labels), height)
    return figure


def _slopes(dataset: "xr.Dataset") -> str:
    """Say where the trained slopes of the largest PReLU networks are."""
    near = dataset["slopes_near"].isel(budget=-1).values
    slopes = dataset["slope"].isel(budget=-1).values
    if not np.isfinite(near).any() or not _trains_slopes(dataset):
        return ""
    least, most = (f"{value:z.2f}".replace("-", "−") for value in (np.nanmin(slopes), np.nanmax(slopes)))
    return (
        f" Trained PReLU slopes lie from {least} to {most}, "
        f"{100 * np.nanmean(near):.0f} % of them within 0.1 of 0 or 1."
    )


def _explained(dataset: "xr.Dataset") -> str:
    """Explain entries that only some tables have."""
    last = dataset.isel(budget=-1)
    certificate = last["certificate"]
    unknown = bool((np.isnan(last["cube"]) & (certificate != _NOT_BUILT)).any())
    parts = []
    if bool((certificate == _OPEN).any()):
        parts.append("open, as certificate: nothing is proved of the support")
    if unknown:
        parts.append("?: n is not known")
    if bool((dataset["matching"] == _UNDECIDED).any()):
        parts.append("open, as same n: not decided")
    if bool((dataset["convergence"] == 4).any()):
        parts.append("undecided: not settled on this prefix, or not certified")
    return f" {_capital('; '.join(parts))}." if parts else ""


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def entries(one: "xr.Dataset") -> tuple[tuple[str, str], ...]:
    """Return text and colour of the entries of one class: error, certificate, n, and the two verdicts."""
    last = one.isel(budget=-1)
    certificate, error, cube = int(last["certificate"]), float(last["l1_error"]), float(last["cube"])
    convergence, matching = int(one["convergence"]), int(one["matching"])
    good, bad = BLUE, VERMILLION
    return (
        (f"{error:.1e}" if isfinite(error) else "—", BLACK),
        (_CERTIFICATES[certificate], good if certificate == _ZERO_OUTSIDE else BLACK),
        (
            "∞"
            if isinf(cube)
            else "?"
            if isnan(cube) and certificate
            else "—"
            if isnan(cube)
            else f"{cube:g}",
            BLACK,
        ),
        (_CONVERGENCE[convergence], good if convergence == 1 else bad if convergence in (2, 3) else BLACK),
        (_MATCHING[matching], good if matching == 1 else bad if matching == 2 else BLACK),
    )


def _rules(figure: Figure, start: float, rows: int, height: float) -> None:
    for row in range(2, rows + 3):
        level = 1 - (start + _ROW * row) / height
        heavy = row in (2, rows + 2)
        figure.add_artist(
            Line2D(
                [0.08 / _WIDTH, 1 - 0.08 / _WIDTH], [level] * 2, color=GREY if heavy else "#CCCCCC",
                linewidth=0.7 if heavy else 0.3,
            )
        )  # fmt: skip


def _multiple(scale: float) -> str:
    return "" if scale == 1 else f"{scale:g}·"
