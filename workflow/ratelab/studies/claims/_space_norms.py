"""A11: the norm of an approximation space, term by term and over powers of two."""

from collections.abc import Iterator
from math import fsum, inf

import numpy as np

from ratelab.spaces import approximation_norm, dyadic_norm
from ratelab.studies.claims._claim import Case, Scope, counted, judged

_ALPHAS = (0.1, 0.5, 1.0, 1.7, 3.0)
_QS = (0.3, 0.5, 1.0, 2.0, 5.0, inf)
_LARGEST = 2000
_ROOM = 1e-12


def a11(scope: Scope) -> Iterator[Case]:
    """Random step tables: the sum over all terms, added one by one, lies between the two dyadic sums."""
    excess = {"least": -inf, "most": -inf, "sum": 0.0}
    for index in range(scope.cases):
        sizes, errors = random_table(scope.generator("A11", index))
        for alpha in _ALPHAS:
            for q in _QS:
                value = _summed(sizes, errors, alpha, q)
                bracket = dyadic_norm(sizes, errors, alpha, q).truncated
                excess["least"] = max(excess["least"], bracket[0] / value - 1)
                excess["most"] = max(excess["most"], 1 - bracket[1] / value)
                exact = approximation_norm(sizes, errors, alpha, q).truncated[0]
                excess["sum"] = max(excess["sum"], abs(exact / value - 1))
        scope.progress(index + 1, scope.cases)
    tried = f"{counted(scope.cases, 'table')}, {len(_ALPHAS) * len(_QS)} spaces each"
    note = "largest relative excess over the norm, whose terms are added one by one"
    yield judged(f"dyadic sum from below, {tried}", excess["least"], "≤", 0, note, tolerance=_ROOM)
    note = "largest relative shortfall from the norm, whose terms are added one by one"
    yield judged(f"dyadic sum from above, {tried}", excess["most"], "≤", 0, note, tolerance=_ROOM)
    yield judged(
        f"runs of equal errors, {tried}",
        excess["sum"],
        "≤",
        _ROOM,
        "largest relative difference of the sum over runs from the sum over terms, rounding allowed",
    )


def random_table(generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return sizes from 0 on and errors that do not increase: powers, cliffs, plateaus and zeros."""
    count = int(generator.integers(1, 40))
    sizes = np.unique(generator.integers(1, int(generator.integers(2, _LARGEST)), count))
    factors = generator.uniform(0.2, 1, len(sizes)) ** generator.choice([0.0, 0.3, 1.0, 6.0], len(sizes))
    errors = generator.uniform(0.1, 10) * np.cumprod(np.append(1.0, factors))
    errors[generator.integers(1, len(errors) + 1) :] *= generator.choice([0.0, 1.0])
    return np.append(0, sizes), errors


def _summed(sizes: np.ndarray, errors: np.ndarray, alpha: float, q: float) -> float:
    n = np.arange(1, sizes[-1] + 2, dtype=np.float64)
    terms = n**alpha * errors[np.searchsorted(sizes, n - 1, "right") - 1]
    return float(terms.max()) if q == inf else fsum((terms**q / n).tolist()) ** (1 / q)
