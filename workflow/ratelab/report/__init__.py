"""Tables for people: slopes against theory as Markdown and CSV (row 6)."""

from typing import TYPE_CHECKING

from ratelab._lazy import exports

_NAMES = {
    "SlopeRow": "._rows",
    "interval_text": "._text",
    "number_text": "._text",
    "network_text": "._text",
    "slope_rows": "._rows",
    "slope_table_csv": "._tables",
    "slope_table_markdown": "._tables",
    "write_tables": "._tables",
}

__getattr__, __dir__ = exports(__name__, _NAMES)

if TYPE_CHECKING:
    from ratelab.report._rows import SlopeRow, slope_rows
    from ratelab.report._tables import slope_table_csv, slope_table_markdown, write_tables
    from ratelab.report._text import interval_text, network_text, number_text

__all__ = [
    "SlopeRow",
    "interval_text",
    "network_text",
    "number_text",
    "slope_rows",
    "slope_table_csv",
    "slope_table_markdown",
    "write_tables",
]
