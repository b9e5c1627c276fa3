"""Slopes against theory, curve by curve: brackets, model, theory, and what training alone says."""

from math import ceil, isfinite, isnan
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ratelab._errors import UserError
from ratelab.figures._panel import trained_style
from ratelab.figures._style import (
    BLACK,
    BLUE,
    GREY,
    bottom_legend,
    heading,
    heading_height,
    legend_columns,
    new_figure,
    place,
    style,
)
from ratelab.report import SlopeRow, network_text, slope_rows

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

_WIDTH, _ROW, _LABELS = 7.2, 0.165, 2.35


def slope_table(rates: "xr.Dataset", complexity: str | None = None) -> Figure:
    """Draw every curve's slopes on one axis, a line each, grouped by target.

    Parameters
    ----------
    rates
        A study's `rates.nc`.
    complexity
        Whose curves; None is the first of the dataset.

    Raises
    ------
    UserError
        If the dataset holds no curve of that complexity.
    """
    chosen = complexity or str(rates["complexity"].values[0])
    rows = [row for row in slope_rows(rates) if row.complexity == chosen]
    if not rows:
        raise UserError(f"figure: the rates hold no curve by '{chosen}'")
    trainers = list(dict.fromkeys(t for row in rows for t in row.trained))
    targets = list(dict.fromkeys(row.target for row in rows))
    lines: list[SlopeRow | str] = []
    for target in targets:
        lines += [target, *(row for row in rows if row.target == target)]
    with style():
        octave, whole = rows[0].octave.replace("-", "–"), rows[0].whole.replace("-", "–")
        text = (
            f"Slopes of log error against log {chosen}. Bars come from the brackets: over that window of budgets the "
            "true error of best approximation falls with a slope inside them; where a lower end is 0 there is none. "
            "The diamond is a fitted model. "
            + (
                "Open markers are what an optimiser's median error alone would have suggested. "
                * bool(trainers)
            )
            + "A rate is a limit: no finite window refutes one."
        )
        top = heading_height(text, _WIDTH) + 0.1
        handles = _legend(octave, whole, trainers)
        columns = legend_columns(handles, 4)
        height = top + _ROW * len(lines) + 0.51 + 0.17 * ceil(len(handles) / columns)
        figure = new_figure(_WIDTH, height)
        heading(figure, "Measured slopes against theory", text)
        axes = place(figure, _LABELS, top, _WIDTH - _LABELS - 0.95, _ROW * len(lines))
        largest = _largest(rows)
        axes.set_xlim(0, largest + 0.5)
        axes.set_ylim(len(lines) - 0.5, -0.5)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.xaxis.grid(True, color="#E5E5E5", linewidth=0.5)
        axes.set_axisbelow(True)
        axes.set_xlabel("slope −Δ log E / Δ log n")
        edge = axes.get_xlim()[1]
        whole_numbers = range(int(largest) + 1)
        axes.set_xticks([*whole_numbers, edge], [*map(str, whole_numbers), "∞"])
        for y, line in enumerate(lines):
            _label(axes, y, line)
            if isinstance(line, SlopeRow):
                _draw_row(axes, y, line, trainers, largest)
        bottom_legend(figure, handles, columns)
    return figure


def _largest(rows: list[SlopeRow]) -> float:
    """Return the right end of the axis; what lies beyond becomes an arrow."""
    values = [v for row in rows for v in row.predicted]
    values += [row.trained[t][0] for row in rows for t in row.trained]
    values += [row.octave_slope[1] for row in rows if row.octave_slope[0] > 0]
    finite = [v for v in values if isfinite(v)]
    return float(min(max(2.0, ceil(max(finite, default=2.0) + 0.1)), 10.0))


def _label(axes: "Axes", y: int, line: SlopeRow | str) -> None:
    left, right = axes.get_xlim()
    unit = (right - left) / (_WIDTH - _LABELS - 0.95)
    header = isinstance(line, str)
    text = line if isinstance(line, str) else network_text(line.network)
    axes.text(
        left - unit * (_LABELS - (0.1 if header else 0.25)),
        y,
        text,
        va="center",
        fontweight="bold" if header else "normal",
        fontsize=8 if header else 7.5,
    )
    if isinstance(line, str):
        axes.axhline(y - 0.5, color="#CCCCCC", linewidth=0.5, xmin=-0.9, xmax=1.3, clip_on=False)
    else:
        colour = {"consistent": BLUE, "inconclusive": BLACK}.get(line.verdict, GREY)
        axes.text(right + 0.08 * unit, y, line.verdict, va="center", fontsize=7, color=colour)


def _draw_row(axes: "Axes", y: int, row: SlopeRow, trainers: list[str], largest: float) -> None:
    edge = axes.get_xlim()[1]
    low, high = row.predicted
    if not (isnan(low) and isnan(high)):
        start = min(0.0 if isnan(low) else low, edge)
        end = min(edge if isnan(high) else high, edge)
        if start == end:
            axes.plot(
                [start, start], [y - 0.42, y + 0.42], color=BLACK, linewidth=1.6, clip_on=False, zorder=2
            )
        else:
            axes.barh(y, end - start, left=start, height=0.84, color="#DDDDDD", linewidth=0, zorder=1)
    for slope, height, alpha in ((row.whole_slope, 0.22, 0.45), (row.octave_slope, 0.5, 1.0)):
        if slope[0] > 0 and not isnan(slope[1]):
            start, end = min(slope[0], edge), min(slope[1], edge)
            least = largest * 0.006  # a tight bracket must stay visible
            if end - start < least:
                start, end = (start + end - least) / 2, (start + end + least) / 2
            axes.barh(
                y, end - start, left=start, height=height, color=BLUE, alpha=alpha, linewidth=0, zorder=3
            )
            if slope[1] > edge and slope[0] < edge:
                axes.plot([edge], [y], marker=">", color=BLUE, markersize=3, clip_on=False, zorder=4)
    _estimate(axes, y, row.model, "D", BLACK, edge)
    for index, trainer in enumerate(trainers):
        if trainer in row.trained:
            colour, marker = trained_style(index)
            _estimate(axes, y, row.trained[trainer], marker, colour, edge)


def _estimate(
    axes: "Axes", y: float, values: tuple[float, float, float], marker: str, colour: str, edge: float
) -> None:
    middle, low, high = values
    if isnan(middle):
        return
    face = colour if marker == "D" else "white"
    if isfinite(low) and isfinite(high):
        axes.plot(np.clip([low, high], 0, edge), [y, y], color=colour, linewidth=0.7, zorder=4)
    if 0 <= middle <= edge:
        axes.plot(
            [middle], [y], linestyle="", marker=marker, color=colour, markerfacecolor=face, markersize=3.2,
            markeredgewidth=0.8, zorder=5,
        )  # fmt: skip
    else:
        end = edge if middle > edge else 0.0
        axes.plot(
            [end], [y], marker=">" if end else "<", color=colour, markersize=3.2, clip_on=False, zorder=5
        )


def _legend(octave: str, whole: str, trainers: list[str]) -> list[Line2D | Patch]:
    handles: list[Line2D | Patch] = [
        Patch(facecolor=BLUE, label=f"bracketed, budgets {octave}" if octave else "bracketed"),
    ]
    if whole != octave:
        handles.append(Patch(facecolor=BLUE, alpha=0.45, label=f"bracketed, budgets {whole}"))
    handles += [
        Line2D(
            [],
            [],
            color=BLACK,
            linestyle="",
            marker="|",
            markersize=8,
            markeredgewidth=1.6,
            label="theory: rate",
        ),
        Patch(facecolor="#DDDDDD", label="theory: limits of the rate"),
        Line2D([], [], color=BLACK, marker="D", markersize=3.2, linewidth=0.7, label="model"),
    ]
    for index, trainer in enumerate(trainers):
        colour, marker = trained_style(index)
        handles.append(
            Line2D(
                [],
                [],
                color=colour,
                marker=marker,
                markerfacecolor="white",
                markersize=3.2,
                linewidth=0.7,
                label=f"trained alone: {trainer}",
            )
        )
    return handles
