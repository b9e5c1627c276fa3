"""The slope table as Markdown (rounded, for reading) and as CSV (every digit, for computing)."""

import csv
import io
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING

from ratelab.report._rows import SlopeRow, slope_rows
from ratelab.report._text import MISSING, interval_text, network_text, number_text, write_texts

if TYPE_CHECKING:
    import xarray as xr

_NOTE = (
    "*Bracketed slope*: an interval that contains −log(E(n₁)/E(n₀))/log(n₁/n₀) of the true errors of best "
    "approximation over that window of budgets, as certain as the brackets behind it. *Model*: a fit, not a "
    "theorem. *Theory*: limits of the asymptotic rate. *Proved*: limits proved for all large n by certified "
    "derivatives or because the target repeats itself. The verdict compares the brackets with theory; models and "
    "trainers have no part in it."
)
_TRAINED = (
    " The columns of the trainers: what the median of that optimiser alone would have reported, with the scatter over "
    "seeds."
)


def slope_table_markdown(rates: "xr.Dataset") -> str:
    """Return the table of slopes against theory as Markdown, rounded to two decimals, bracketed ones outward."""
    rows = slope_rows(rates)
    trainers = [str(t) for t in rates["trainer"].values]
    octave = rows[0].octave.replace("-", "–") if rows else "last octave"
    whole = rows[0].whole.replace("-", "–") if rows else "all budgets"
    windows = [f"bracketed slope {octave}"] + ([f"bracketed slope {whole}"] if whole != octave else [])
    head = ["target", "network", "budget", *windows, "model", "theory", "proved", *trainers, "verdict"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for row in rows:
        slopes = [interval_text(*row.octave_slope, outward=True)]
        if whole != octave:
            slopes.append(interval_text(*row.whole_slope, outward=True))
        cells = [
            row.target,
            network_text(row.network),
            row.complexity,
            *slopes,
            _estimate(row.model),
            interval_text(*row.predicted),
            interval_text(*row.proved),
            *(_estimate(row.trained[t]) for t in trainers),
            row.verdict,
        ]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + f"\n\n{_NOTE}{_TRAINED * bool(trainers)}\n"


def slope_table_csv(rates: "xr.Dataset") -> str:
    """Return the table of slopes against theory as CSV, numbers in full; a missing number is empty."""
    trainers = [str(t) for t in rates["trainer"].values]
    head = ["target", "network", "complexity"]
    head += ["window", "slope_low", "slope_high", "whole_window", "whole_slope_low", "whole_slope_high"]
    head += ["rate_model", "rate_model_low", "rate_model_high", "rate_predicted_low", "rate_predicted_high"]
    head += ["rate_proved_low", "rate_proved_high"]
    head += [f"rate_trained{end}[{t}]" for t in trainers for end in ("", "_low", "_high")]
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([*head, "verdict"])
    for row in slope_rows(rates):
        writer.writerow(_full(row, trainers))
    return stream.getvalue()


def write_tables(rates: "xr.Dataset", folder: str | Path) -> list[Path]:
    """Write ``slopes.md`` and ``slopes.csv`` into `folder`, which is made if need be; return their paths."""
    return write_texts(
        {"slopes.md": slope_table_markdown(rates), "slopes.csv": slope_table_csv(rates)}, folder
    )


def _estimate(values: tuple[float, float, float]) -> str:
    middle, low, high = values
    if isnan(middle):
        return MISSING
    interval = f"[{number_text(low)}, {number_text(high)}]"
    return number_text(middle) if isnan(low) or isnan(high) else f"{number_text(middle)} {interval}"


def _full(row: SlopeRow, trainers: list[str]) -> list[str]:
    numbers = [*row.model, *row.predicted, *row.proved]
    numbers += [value for t in trainers for value in row.trained[t]]
    return [
        *(row.target, row.network, row.complexity),
        *(row.octave, *map(_digits, row.octave_slope)),
        *(row.whole, *map(_digits, row.whole_slope)),
        *map(_digits, numbers),
        row.verdict,
    ]


def _digits(value: float) -> str:
    return "" if isnan(value) else repr(value)
