"""The table of brackets and of what every trainer stops at, as Markdown (rounded) and CSV (every digit)."""

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ratelab.datasets import meaning
from ratelab.report._text import MISSING, network_text, write_texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    import xarray as xr

_NOTE = (
    "*lower*, *upper*: the error of best approximation lies between them (`lower` is certified where its certainty "
    "is rigorous; `upper` is the best network in hand or a proven limit). *ratio*: upper / lower."
)
_TRAINED = (
    " The columns of the trainers: error over `lower`, median of the seeds and, in brackets, the best seed."
)


def gap_markdown(curves: "xr.Dataset") -> str:
    """Return one line per (target, network, complexity, budget) with a positive lower end."""
    trainers = [str(t) for t in curves["trainer"].values]
    head = ["target", "network", "budget", "lower", "certainty", "upper", "ratio", *trainers]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for names, one in _rows(curves):
        lower, upper = _ends(one)
        cells = [
            names[0], network_text(names[1]), f"{int(one['budget'])} {names[2]}", f"{lower:.4g}",
            meaning("certainty", int(one["certainty"])),
            f"{upper:.4g}" if np.isfinite(upper) else MISSING,
            f"{upper / lower:.4g}" if np.isfinite(upper) else MISSING,
        ]  # fmt: skip
        for trainer in trainers:
            median, best = _median_best(one, trainer)
            cells.append(f"{median:.3g} ({best:.3g})" if np.isfinite(best) else MISSING)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + f"\n\n{_NOTE}{_TRAINED * bool(trainers)}\n"


def gap_csv(curves: "xr.Dataset") -> str:
    """Return the same rows with numbers in full; a missing number is empty."""
    trainers = [str(t) for t in curves["trainer"].values]
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    head = ["target", "network", "complexity", "budget", "lower", "certainty", "upper", "ratio"]
    writer.writerow([*head, *(f"{what}[{t}]" for t in trainers for what in ("median_ratio", "best_ratio"))])
    for names, one in _rows(curves):
        lower, upper = _ends(one)
        numbers = [upper, upper / lower, *(v for t in trainers for v in _median_best(one, t))]
        known = [int(one["budget"]), repr(lower), meaning("certainty", int(one["certainty"]))]
        writer.writerow([*names, *known, *("" if np.isnan(v) else repr(float(v)) for v in numbers)])
    return stream.getvalue()


def write_gap(curves: "xr.Dataset", folder: str | Path) -> list[Path]:
    """Write ``gap.md`` and ``gap.csv`` into `folder`, which is made if need be; return their paths."""
    return write_texts({"gap.md": gap_markdown(curves), "gap.csv": gap_csv(curves)}, folder)


def _rows(curves: "xr.Dataset") -> "Iterator[tuple[tuple[str, str, str], xr.Dataset]]":
    for target in curves["target"].values:
        for network in curves["network"].values:
            for complexity in curves["complexity"].values:
                curve = curves.sel(target=target, network=network, complexity=complexity)
                for index in np.flatnonzero(curve["error_lower"].values > 0):
                    yield (str(target), str(network), str(complexity)), curve.isel(budget=int(index))


def _ends(one: "xr.Dataset") -> tuple[float, float]:
    upper = np.fmin(one["error_upper"].values, one["error_upper_closure"].values)
    return float(one["error_lower"]), float(upper)


def _median_best(one: "xr.Dataset", trainer: str) -> tuple[float, float]:
    ratios = one["ratio_trained"].sel(trainer=trainer).values
    ratios = ratios[np.isfinite(ratios)]
    if not len(ratios):
        return np.nan, np.nan
    return float(np.exp(np.median(np.log(np.maximum(ratios, 1e-300))))), float(ratios.min())
