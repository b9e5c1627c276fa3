"""The claims of a study for people: one line a claim, then every case."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING

from ratelab.datasets import meaning
from ratelab.report._text import MISSING, write_texts

if TYPE_CHECKING:
    import xarray as xr

_WORST_FIRST = ("violated", "inconclusive", "upper only", "illustrated", "consistent", "not measurable")
_COLUMNS = (
    "claim",
    "topic",
    "kind",
    "origin",
    "case_name",
    "measured",
    "relation",
    "bound",
    "verdict",
    "note",
)
_NOTE = (
    "*consistent*: every consequence checked holds. *violated*: a certain number contradicts an inequality with "
    "explicit constants, which would be a bug. *illustrated*: an asymptotic statement with which finite data agree. "
    "*not measurable*: proved elsewhere; no computation decides it. *recalled* statements are believed to be in the "
    "paper and not verified."
)


@dataclass(frozen=True)
class ClaimRow:
    """One claim of a study.

    Parameters
    ----------
    claim, topic, kind, origin, statement
        As in the list of claims.
    cases
        (case, measured, relation, bound, verdict, note), in order.
    """

    claim: str
    topic: str
    kind: str
    origin: str
    statement: str
    cases: tuple[tuple[str, float, str, float, str, str], ...]

    @property
    def verdict(self) -> str:
        """The worst verdict of its cases."""
        found = {case[4] for case in self.cases}
        return next((word for word in _WORST_FIRST if word in found), "none")


def claim_rows(claims: "xr.Dataset") -> list[ClaimRow]:
    """Return the claims of a `claims.nc`, in its order."""
    columns = {name: claims[name].values.tolist() for name in (*_COLUMNS, "statement")}
    grouped: dict[str, list[int]] = {}
    for index, name in enumerate(columns["claim"]):
        grouped.setdefault(str(name), []).append(index)
    rows = []
    for indices in grouped.values():
        first = indices[0]
        cases = tuple(
            (
                str(columns["case_name"][i]),
                float(columns["measured"][i]),
                str(columns["relation"][i]),
                float(columns["bound"][i]),
                meaning("verdict", int(columns["verdict"][i])),
                str(columns["note"][i]),
            )
            for i in indices
        )
        claim, topic, kind, origin, statement = (
            str(columns[name][first]) for name in ("claim", "topic", "kind", "origin", "statement")
        )
        rows.append(ClaimRow(claim, topic, kind, origin, statement, cases))
    return rows


def claims_summary(claims: "xr.Dataset") -> str:
    """Return one line a claim: its verdict and number of cases."""
    return "\n".join(
        f"{row.claim:<4} {row.verdict:<15} {len(row.cases):>5} cases  {row.topic}"
        for row in claim_rows(claims)
    )


def claims_markdown(claims: "xr.Dataset") -> str:
    """Return the claims as Markdown: a table of claims, then a table of cases for each."""
    rows = claim_rows(claims)
    lines = ["# Claims\n", f"On {claims.attrs['references']}.\n", _NOTE, ""]
    lines += list(_table(("claim", "topic", "kind", "origin", "cases", "verdict"), _overview(rows)))
    for row in rows:
        lines += [f"\n## {row.claim}: {row.topic}\n", f"{row.statement}\n"]
        lines += list(_table(("case", "measured", "", "bound", "verdict", "note"), _cases(row)))
    return "\n".join(lines) + "\n"


def claims_csv(claims: "xr.Dataset") -> str:
    """Return every case as CSV, numbers in full; a missing number is empty."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([name.removesuffix("_name") for name in _COLUMNS])
    for row in claim_rows(claims):
        for name, measured, relation, bound, verdict, note in row.cases:
            numbers = ["" if isnan(v) else repr(v) for v in (measured, bound)]
            writer.writerow(
                [
                    row.claim,
                    row.topic,
                    row.kind,
                    row.origin,
                    name,
                    numbers[0],
                    relation,
                    numbers[1],
                    verdict,
                    note,
                ]
            )
    return stream.getvalue()


def write_claims(claims: "xr.Dataset", folder: str | Path) -> list[Path]:
    """Write ``claims.md`` and ``claims.csv`` into `folder`, which is made if need be; return their paths."""
    return write_texts({"claims.md": claims_markdown(claims), "claims.csv": claims_csv(claims)}, folder)


def _overview(rows: list[ClaimRow]) -> Iterator[tuple[str, ...]]:
    for row in rows:
        yield row.claim, row.topic, row.kind, row.origin, str(len(row.cases)), row.verdict


def _cases(row: ClaimRow) -> Iterator[tuple[str, ...]]:
    for name, measured, relation, bound, verdict, note in row.cases:
        yield name, _number(measured), relation, _number(bound), verdict, note


def _number(value: float) -> str:
    if isnan(value):
        return MISSING
    return f"{value:.0f}" if value == round(value) and abs(value) < 1e15 else f"{value:.6g}"


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + " --- |" * len(head)
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
