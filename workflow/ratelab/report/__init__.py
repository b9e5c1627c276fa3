"""Tables for people, as Markdown and CSV: slopes against theory, brackets and trainers, claims (row 6)."""

from typing import TYPE_CHECKING

from ratelab._lazy import exports

_NAMES = {
    "ClaimRow": "._claims",
    "SlopeRow": "._rows",
    "claim_rows": "._claims",
    "claims_csv": "._claims",
    "claims_markdown": "._claims",
    "claims_summary": "._claims",
    "gap_csv": "._gap",
    "gap_markdown": "._gap",
    "interval_text": "._text",
    "number_text": "._text",
    "network_text": "._text",
    "slope_rows": "._rows",
    "slope_table_csv": "._tables",
    "slope_table_markdown": "._tables",
    "write_claims": "._claims",
    "write_gap": "._gap",
    "write_tables": "._tables",
}

__getattr__, __dir__ = exports(__name__, _NAMES)

if TYPE_CHECKING:
    from ratelab.report._claims import (
        ClaimRow,
        claim_rows,
        claims_csv,
        claims_markdown,
        claims_summary,
        write_claims,
    )
    from ratelab.report._gap import gap_csv, gap_markdown, write_gap
    from ratelab.report._rows import SlopeRow, slope_rows
    from ratelab.report._tables import slope_table_csv, slope_table_markdown, write_tables
    from ratelab.report._text import interval_text, network_text, number_text

__all__ = [
    "ClaimRow",
    "SlopeRow",
    "claim_rows",
    "claims_csv",
    "claims_markdown",
    "claims_summary",
    "gap_csv",
    "gap_markdown",
    "interval_text",
    "network_text",
    "number_text",
    "slope_rows",
    "slope_table_csv",
    "slope_table_markdown",
    "write_claims",
    "write_gap",
    "write_tables",
]
