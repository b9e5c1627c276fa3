"""One style for all figures: Okabe–Ito colours, distinct markers, sizes in inches, stable bytes."""

import io
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE, VERMILLION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
ORANGE, SKY, BLACK, GREY = "#E69F00", "#56B4E9", "#000000", "#666666"
COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK)
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "h", "p", "*", "d")
WIDTHS = {1: 5.5, 2: 5.5, 3: 7.2}

STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7.5,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.minor.width": 0.4,
    "ytick.minor.width": 0.4,
    "lines.linewidth": 1.1,
    "lines.markersize": 3.5,
    "hatch.linewidth": 0.4,
    "mathtext.fontset": "dejavusans",
    "svg.fonttype": "path",
    "svg.hashsalt": "ratelab",
    "pdf.fonttype": 42,
    "path.simplify": False,
    "savefig.dpi": 150,
}


@contextmanager
def style() -> Iterator[None]:
    """Draw inside the block with the house's settings, whatever the user's own are."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        yield


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of that size in inches, free of global state."""
    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    return figure


def place(figure: Figure, left: float, top: float, width: float, height: float) -> "Axes":
    """Add axes by their place in inches, `top` counted from the figure's upper edge."""
    total_width, total_height = figure.get_size_inches()
    box = (
        left / total_width,
        1 - (top + height) / total_height,
        width / total_width,
        height / total_height,
    )
    return figure.add_axes(box)


def legend_columns(handles: "Sequence[Any]", most: int) -> int:
    """Return how many legend columns fit: fewer than `most` where a label is long."""
    longest = max((len(str(handle.get_label())) for handle in handles), default=0)
    return max(1, min(most, most * 26 // max(longest, 26)))


def bottom_legend(figure: Figure, handles: "Sequence[Any]", columns: int) -> None:
    """Put one legend for the whole figure at its lower left corner."""
    width, height = figure.get_size_inches()
    figure.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(0.06 / width, 0.04 / height),
        ncols=columns,
        frameon=False,
        handlelength=1.8,
        columnspacing=1.2,
        labelspacing=0.35,
        borderaxespad=0.0,
    )


def wrapped(text: str, width: float) -> list[str]:
    """Break a text into lines for `width` inches at the size of `heading`'s explanation."""
    return textwrap.wrap(text, int(width * 16.5))


def heading_height(text: str, width: float) -> float:
    """Return the inches that `heading` takes at the top of a figure of that width."""
    return 0.31 + 0.145 * len(wrapped(text, width))


def heading(figure: Figure, title: str, text: str) -> None:
    """Write a title and, below it, an explanation across the top of the figure."""
    width, height = figure.get_size_inches()
    figure.text(0.08 / width, 1 - 0.08 / height, title, va="top", fontsize=9.5, fontweight="bold")
    lines = "\n".join(wrapped(text, width))
    figure.text(0.08 / width, 1 - 0.29 / height, lines, va="top", fontsize=7.5, color=GREY, linespacing=1.3)


def save(figure: Figure, path: str | Path, formats: Sequence[str] = ("svg", "pdf")) -> list[Path]:
    """Write the figure as `path` with each ending; the same figure gives the same bytes.

    Parameters
    ----------
    figure
        Any figure of this room.
    path
        Without ending; its folder is made if need be.
    formats
        ``svg``, ``pdf`` or ``png``.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    files = []
    with style():
        for ending in formats:
            stream = io.BytesIO()
            metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(ending, {})
            figure.savefig(stream, format=ending, metadata=metadata)
            file = path.with_name(f"{path.name}.{ending}")
            file.write_bytes(stream.getvalue())
            files.append(file)
    return files
