"""A grid of panels under one heading and above one legend."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

from ratelab.figures._style import (
    WIDTHS,
    bottom_legend,
    heading,
    heading_height,
    legend_columns,
    new_figure,
    place,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LEFT, _GAP, _ROW_GAP, _LEGEND_ROW = 0.52, 0.42, 0.42, 0.165
_RIGHT, _BELOW = 0.12, 0.42
_LETTERS = 14.0  # bold ones of 8 points to the inch


@dataclass(frozen=True, eq=False)
class Panel:
    """One panel of a grid.

    Parameters
    ----------
    axes
        To draw into.
    first, last
        Whether it stands in the first column (and so has a label at its left), and whether nothing stands below it.
    """

    axes: "Axes"
    first: bool
    last: bool

    def title(self, text: str) -> None:
        """Write a title above the panel, smaller if it would not fit."""
        inches = self.axes.bbox.width / self.axes.figure.dpi
        size = min(8.0, 8.0 * inches * _LETTERS / len(text))
        self.axes.set_title(text, loc="left", fontweight="bold", pad=3, fontsize=size)


def columns_for(count: int) -> int:
    """Return the columns of a grid with that many panels: two for two or four, else at most three."""
    return 2 if count in (2, 4) else min(3, count)


def panel_grid(
    count: int,
    title: str,
    text: str,
    handles: Sequence[Any],
    *,
    heights: dict[int, float],
    left: float = _LEFT,
    gap: float = _GAP,
    columns: int | None = None,
) -> "tuple[Figure, list[Panel]]":
    """Return a figure with heading, legend and empty panels, row by row.

    Parameters
    ----------
    count
        Number of panels, at least 1.
    title, text
        Of the heading.
    handles
        Of the legend.
    heights
        Columns → height of a panel in inches.
    left, gap
        Inches left of the first column, and between columns.
    columns
        At most three; `columns_for` chooses if it is left out.
    """
    columns = columns_for(count) if columns is None else columns
    rows, width, panel_height = ceil(count / columns), WIDTHS[columns], heights[columns]
    per_row = legend_columns(handles, 4 if columns == 3 else 3)
    top = heading_height(text, width) + 0.22
    legend_height = _LEGEND_ROW * ceil(len(handles) / per_row) + 0.18
    figure = new_figure(width, top + rows * panel_height + (rows - 1) * _ROW_GAP + _BELOW + legend_height)
    heading(figure, title, text)
    panel_width = (width - left - _RIGHT - (columns - 1) * gap) / columns
    panels = []
    for index in range(count):
        row, column = divmod(index, columns)
        axes = place(
            figure,
            left + column * (panel_width + gap),
            top + row * (panel_height + _ROW_GAP),
            panel_width,
            panel_height,
        )
        panels.append(Panel(axes, column == 0, index + columns >= count))
    bottom_legend(figure, handles, per_row)
    return figure, panels
