"""A7, A10: smoothness of Besov spaces against rates of approximation."""

from collections.abc import Iterator
from math import inf, log2

import numpy as np

from ratelab.best import bracket
from ratelab.registry import Target
from ratelab.spaces import adaptive_smoothness, critical_smoothness, predicted_rate, proved_rate, slope
from ratelab.studies.claims._claim import Case, Scope, illustrated, judged, not_measurable

_DEGREE = 1
_WINDOW = (8, 16)
_ROOM = 0.15  # of a slope over one octave, which knows nothing of a limit
_ROUGH = ("takagi(exponent=0.5)", "takagi", "takagi(exponent=1.5)", "cantor")
_SMOOTH = ("exp", "sqrt", "sine")
_BRACKETED = ("cantor", "sqrt")  # a second and a half each


def a7(scope: Scope) -> Iterator[Case]:
    """The index on the adaptivity line, declared and measured, against proved rates and certified slopes."""
    relu = scope.registry.activations["relu"]
    generator = scope.generator("A7")
    exponents = [round(float(a), 3) for a in generator.uniform(0.2, 1.95, scope.cases)]
    labels = [f"takagi(exponent={a})" for a in exponents]
    for done, label in enumerate(labels):
        target = scope.registry.targets[label]
        index = _index(target)
        low, _ = proved_rate(target, relu, 2, "connections")
        yield judged(
            f"{label}: proved rate", low, "≥", min(index, _DEGREE + 1.0), "depth 2, against the Besov index",
            tolerance=1e-12,
        )  # fmt: skip
        scope.progress(done + 1, scope.cases + len(_ROUGH) + len(_SMOOTH))
    for done, label in enumerate((*_ROUGH, *_SMOOTH)):
        target = scope.registry.targets[label]
        index = _index(target)
        if label in _BRACKETED:
            _, high = _certified_slope(target)
            yield illustrated(
                f"{label}: slope on {_WINDOW[0]}–{_WINDOW[1]} pieces", high, "≥", min(index, _DEGREE + 1.0),
                "upper end of the secant slope of best splines, whose errors are bracketed, against the Besov index, "
                f"at most {_DEGREE + 1}; room {_ROOM}",
                tolerance=_ROOM,
            )  # fmt: skip
        estimate = adaptive_smoothness(target)
        if label in _ROUGH:
            yield illustrated(
                f"{label}: measured index, lower end", estimate.low, "≤", index, "from wavelet coefficients"
            )
            yield illustrated(
                f"{label}: measured index, upper end", estimate.high, "≥", index, "from wavelet coefficients"
            )
        else:
            yield illustrated(
                f"{label}: measured index",
                estimate.low,
                "≥",
                _DEGREE + 1.0,
                "no rate above 2 can follow from it",
            )
        scope.progress(scope.cases + done + 1, scope.cases + len(_ROUGH) + len(_SMOOTH))
    for p, label in ((2.0, "L2"), (1.0, "L1"), (inf, "the uniform norm")):
        general, shallow = _DEGREE + min(1.0, 1 / p), _DEGREE + 1.0
        yield judged(
            f"range of the index in {label}", general, "≤", shallow,
            "r + min(1, 1/p), against r + 1 for shallow networks: r = 1",
        )  # fmt: skip
    yield not_measurable(
        "several variables",
        "DeVore and Popov 1988, n-term tensor B-splines: α < (r + min(1, 1/p))/d, r ≥ 2, and min(1, 1/p)/d for ReLU at "
        "depth 3; rates of best networks in several variables have no computable lower end",
    )


def a10(scope: Scope) -> Iterator[Case]:
    """T_a: rates from both sides against the index seen in the hat coefficients; smooth functions saturate."""
    relu = scope.registry.activations["relu"]
    generator = scope.generator("A10")
    exponents = [0.5, 1.0, 1.5, *(round(float(a), 3) for a in generator.uniform(0.2, 1.95, scope.cases))]
    for done, a in enumerate(exponents):
        label = f"takagi(exponent={a})"
        target = scope.registry.targets[label]
        index = hat_index(target)
        yield judged(
            f"{label}: index", index, "=", a, "from its hat coefficients on eight levels", proved=False, tolerance=1e-6
        )  # fmt: skip
        low, high = proved_rate(target, relu, 2, "connections")
        yield judged(f"{label}: rate, lower end", low, "=", a, "proved for every size", tolerance=1e-12)
        yield judged(f"{label}: rate, upper end", high, "=", a, "proved for every size", tolerance=1e-12)
        scope.progress(done + 1, len(exponents) + 5)
    saturated = _DEGREE + 1.0
    exp = scope.registry.targets["exp"]
    for end, rate in zip(("lower", "upper"), proved_rate(exp, relu, 2, "connections"), strict=True):
        yield judged(
            f"exp: rate, {end} end", rate, "=", saturated, "smooth functions saturate", tolerance=1e-12
        )
    square = scope.registry.targets["square"]
    _, high = proved_rate(square, relu, 2, "connections")
    low, _, _ = predicted_rate(square, relu, 2, "connections")
    yield judged("square: rate, lower end", low, "=", saturated, "smooth functions saturate", tolerance=1e-12)
    yield judged("square: rate, upper end", high, "=", saturated, "proved for every size", tolerance=1e-12)
    steep = scope.registry.targets["takagi(exponent=3)"]
    low, high = proved_rate(steep, relu, 2, "connections")
    note = "above r + 1, where only the inverse half of the statement holds"
    yield judged("takagi(exponent=3): rate, lower end", low, "=", 3.0, note, tolerance=1e-12)
    yield judged("takagi(exponent=3): rate, upper end", high, "=", 3.0, note, tolerance=1e-12)
    for label in ("cantor", "sqrt"):
        target = scope.registry.targets[label]
        assert target.smoothness is not None
        uniform = critical_smoothness(target)
        free = min(_index(target), saturated)
        yield illustrated(
            f"{label}: uniform against free knots", uniform.high, "≤", free,
            "smoothness in L2, measured, which uniform knots get, below the index on the adaptivity line",
        )  # fmt: skip


def hat_index(target: Target, levels: int = 8) -> float:
    """Return the critical s on 1/τ = s + ½ from the coefficients of hat functions on dyadic levels of [0, 1].

    On level j there are 2^j coefficients, of L2-normalised size |c|·2^(−j/2); the sum of their τ-th powers neither
    grows nor decays at the critical s. For coefficients of one size 2^(−aj)·C it is a.
    """
    grid = target(np.arange((1 << levels) + 1) / (1 << levels))[:, 0]
    sizes = []
    for j in range(levels):
        step = 1 << (levels - j)
        ends, middles = grid[::step], grid[step // 2 :: step]
        sizes.append(np.abs(middles - (ends[1:] + ends[:-1]) / 2))
    low, high = 0.0, 8.0
    for _ in range(60):
        s = (low + high) / 2
        tau = 1 / (s + 0.5)
        sums = [float(np.sum((c * 2 ** (-j / 2)) ** tau)) for j, c in enumerate(sizes)]
        growing = log2(sums[-1] / sums[0]) > 0
        low, high = (low, s) if growing else (s, high)
    return (low + high) / 2


def _index(target: Target) -> float:
    assert target.smoothness is not None
    return target.smoothness.besov


def _certified_slope(target: Target) -> tuple[float, float]:
    ends = [bracket(target, n) for n in _WINDOW]
    return slope(_WINDOW, [end.lower for end in ends], [end.upper for end in ends])
