"""Splines found once and used again: a store by target and degree, kept as a dataset between jobs."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

import numpy as np

from ratelab.best._free_knots import free_knot_splines
from ratelab.best._splines import Spline
from ratelab.registry import Target

if TYPE_CHECKING:
    import xarray as xr


class SplineBook:
    """The best splines in hand of some targets.

    Parameters
    ----------
    splines
        (target label, degree) → pieces → spline.
    """

    def __init__(self, splines: Mapping[tuple[str, int], Mapping[int, Spline]] | None = None) -> None:
        self._splines = {key: dict(found) for key, found in (splines or {}).items()}

    def remember(self, target: Target, splines: Mapping[int, Spline]) -> None:
        """Keep splines of one degree under the target's label, beside those already there."""
        for pieces, spline in splines.items():
            self._splines.setdefault((target.name, spline.degree), {})[pieces] = spline

    def splines(self, target: Target, degree: int) -> dict[int, Spline]:
        """Return what is kept for a target and degree: pieces → spline."""
        return dict(self._splines.get((target.name, degree), {}))

    def join(self, other: "SplineBook") -> None:
        """Take over what another book keeps."""
        for key, splines in other._splines.items():
            self._splines.setdefault(key, {}).update(splines)

    def to_dataset(self) -> "xr.Dataset":
        """Return the book with dims ``pieces`` (one row per spline), ``knot`` and ``coefficient``, padded with NaN."""
        import xarray as xr

        rows = [
            (key, n, self._splines[key][n])
            for key in sorted(self._splines)
            for n in sorted(self._splines[key])
        ]
        knots = np.full((len(rows), max((len(s.knots) for _, _, s in rows), default=0)), np.nan)
        coefficients = np.full((len(rows), max((len(s.coefficients) for _, _, s in rows), default=0)), np.nan)
        for index, (_, _, spline) in enumerate(rows):
            knots[index, : len(spline.knots)] = spline.knots
            coefficients[index, : len(spline.coefficients)] = spline.coefficients
        domains = np.array([s.domain for _, _, s in rows], dtype=np.float64).reshape(len(rows), 2)
        return xr.Dataset(
            {
                "knots": (("pieces", "knot"), knots, {"long_name": "inner knots"}),
                "coefficients": (
                    ("pieces", "coefficient"),
                    coefficients,
                    {"long_name": "coefficients of the B-splines that sum to one"},
                ),
                "degree": ("pieces", np.array([k[1] for k, _, _ in rows], dtype=np.int32)),
                "target": ("pieces", np.array([k[0] for k, _, _ in rows], dtype=object)),
                "domain": (("pieces", "end"), domains),
            },
            coords={"pieces": np.array([n for _, n, _ in rows], dtype=np.int32)},
            attrs={"title": "best free-knot splines in hand, L2"},
        )

    @classmethod
    def from_dataset(cls, dataset: "xr.Dataset") -> "SplineBook":
        """Return the book that `to_dataset` stored."""
        book = cls()
        for index, pieces in enumerate(dataset["pieces"].values.tolist()):
            knots = dataset["knots"].values[index].astype(np.float64)
            knots = knots[~np.isnan(knots)]
            degree = int(dataset["degree"].values[index])
            spline = Spline(
                degree,
                (float(dataset["domain"].values[index, 0]), float(dataset["domain"].values[index, 1])),
                _row(dataset["knots"].values[index]),
                _row(dataset["coefficients"].values[index]),
            )
            key = str(dataset["target"].values[index]), degree
            book._splines.setdefault(key, {})[pieces] = spline
        return book


def _row(padded: np.ndarray) -> np.ndarray:
    """Return a row without its padding; a spline with fewer pieces may stand in for one with more."""
    return np.asarray(padded[~np.isnan(padded)], dtype=np.float64)


_BOOK: ContextVar[SplineBook | None] = ContextVar("book", default=None)


@contextmanager
def use_splines(book: SplineBook) -> Iterator[None]:
    """Let `best_spline` look into a book before it searches."""
    token = _BOOK.set(book)
    try:
        yield
    finally:
        _BOOK.reset(token)


def best_spline(target: Target, pieces: int, degree: int) -> Spline:
    """Return the best L2 spline in hand with that many pieces, from the book in use if it has one.

    Raises
    ------
    UserError
        If splines do not apply to the target, or a number is out of range.
    """
    book = _BOOK.get()
    found = book.splines(target, degree).get(pieces) if book is not None else None
    return found if found is not None else free_knot_splines(target, [pieces], degree)[pieces]
