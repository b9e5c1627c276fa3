"""A5: what one piecewise polynomial activation can do for another."""

from collections.abc import Iterator
from fractions import Fraction
from math import comb, inf, log2

import numpy as np

from ratelab import exact
from ratelab.networks import (
    LowerPowerErrors,
    Network,
    add,
    compose,
    lower_power,
    monomial,
    monomial_bound,
    polynomial,
    power,
    product,
)
from ratelab.registry import PiecewisePolynomial, Target
from ratelab.studies.claims import _random
from ratelab.studies.claims._claim import Case, Scope, counted, illustrated, judged, not_measurable

_STEPS = (Fraction(1, 16), Fraction(1, 256), Fraction(1, 4096))
_POWERS = (1, 2, 3, 4)
_MONOMIALS = 16


def a5(scope: Scope) -> Iterator[Case]:
    """Activations of degree r by ρ_r, ρ_{r−1} by ρ_r, and exact powers and products for r ≥ 2."""
    yield from _leaky(scope)
    yield from _piecewise(scope)
    yield from _limits()
    yield from _compositions(scope)
    yield not_measurable(
        "ρ_r, r ≥ 2, give equal spaces if the depth may be multiplied",
        "Equality of infinite-dimensional spaces; the witnesses are the exact compositions and products above. "
        "Gribonval, Kutyniok, Nielsen and Voigtlaender 2022, saturation of powers (recalled).",
    )
    yield not_measurable(
        "ReLU against ρ_2",
        "Only the inclusion is recalled, not that it is strict; its witness is ρ_1 as a limit of ρ_2 above. "
        "Gribonval, Kutyniok, Nielsen and Voigtlaender 2022.",
    )


def _leaky(scope: Scope) -> Iterator[Case]:
    """PReLU(x) = ρ(x) − s·ρ(−x) on all of R."""
    wrong = 0
    for index in range(scope.cases):
        generator = scope.generator("A5", "leaky", index)
        (slope,) = _random.numbers(generator, 1)
        network = Network.dense([[[1], [-1]], [[Fraction(1), -slope]]], [[0, 0], [0]])
        points = _random.numbers(generator, 9)
        wrong += any(
            value[0] != (x if x >= 0 else slope * x)
            for x, value in zip(points, network(points[:, None].tolist()), strict=True)
        )
    yield judged(
        f"leaky ReLU by ReLU, {counted(scope.cases, 'slope')}: wrong values", wrong, "=", 0, "in rationals"
    )


def _piecewise(scope: Scope) -> Iterator[Case]:
    """Continuous piecewise polynomials of degree r by ρ_r, where lower powers are replaced by differences."""
    excess: dict[Fraction, Fraction] = {}
    gaps: dict[Fraction, Fraction] = {}
    for index in range(scope.cases):
        generator = scope.generator("A5", "pieces", index)
        degree = 2 + index % 2
        function, jumps = _random_activation(generator, degree)
        for step in _STEPS:
            network = _by_power(function, degree, step)
            points = [Fraction(int(v), 64) for v in generator.integers(-128, 129, 24)]
            points += [t - step / 2 for t in function.knots]
            found = network([[x] for x in points])
            gap = max(abs(v[0] - function(x)) for x, v in zip(points, found, strict=True))
            worst = LowerPowerErrors(degree, step, Fraction(-4), Fraction(4)).supremum
            bound = sum((abs(jump) for jump in jumps), Fraction(0)) * worst
            excess[step] = max(excess.get(step, gap - bound), gap - bound)
            gaps[step] = max(gaps.get(step, gap), gap)
        scope.progress(index + 1, 2 * scope.cases)
    for step, value in excess.items():
        yield judged(
            f"piecewise polynomial activations on [−2, 2], h={step}: error above its bound", float(value), "≤", 0,
            f"over {counted(scope.cases, 'activation')} of degree 2 and 3, values in rationals; the bound is the jumps "
            "times the error of one difference",
        )  # fmt: skip
    coarse, fine = gaps[_STEPS[0]], gaps[_STEPS[-1]]
    yield illustrated(
        "piecewise polynomial activations: order of the largest error in h",
        log2(coarse / fine) / log2(_STEPS[0] / _STEPS[-1]), "=", 1.0, "the limit h → 0", tolerance=0.2,
    )  # fmt: skip


def _limits() -> Iterator[Case]:
    """ρ_{r−1} as a limit of ρ_r: certified errors of the networks against the closed form."""
    for r in _POWERS:
        target = _target(r - 1)
        for step in _STEPS:
            network = lower_power(r, step)
            errors = LowerPowerErrors(r, step)
            found = exact.certified_error(network, target)
            name = f"ρ_{r - 1} from ρ_{r}, h={step}"
            note = f"L2 error on [−1, 1] against its closed form; largest weight {float(network.largest_weight):.4g}"
            yield judged(name, found.lower, "≤", errors.mean_square, note)
            yield judged(name, found.upper, "≥", errors.mean_square * (1 - 1e-14), note)
        name = f"ρ_{r - 1} from ρ_{r}: sup error"
        if r == 1:
            note = "for every h: the jump stays, so p < ∞ is needed"
            yield judged(name, float(LowerPowerErrors(1, _STEPS[-1]).supremum), "=", 1, note)
            continue
        end = _STEPS[-1]
        value = lower_power(r, end)([[Fraction(1)]])[0, 0] - 1
        yield judged(
            f"{name}, h={end}",
            float(value - LowerPowerErrors(r, end).supremum),
            "=",
            0,
            "value at 1 against the closed form",
        )


def _target(exponent: int) -> Target:
    """Return x_+^exponent on [−1, 1]."""
    pieces = power(exponent).polynomial
    assert pieces is not None
    return Target(
        "power",
        lambda x: pieces.evaluate(x[:, 0]),
        domain=((-1.0, 1.0),),
        singular_points=(0.0,),
        pieces=pieces,
    )


def _compositions(scope: Scope) -> Iterator[Case]:
    """ρ_r∘ρ_s = ρ_rs, products and powers of x, in rationals."""
    wrong = {"compositions": 0, "products": 0, "powers": 0, "polynomials": 0}
    pairs = ((2, 2), (2, 3), (3, 2), (3, 3), (2, 4), (1, 3))
    excess = -inf
    for index in range(scope.cases):
        generator = scope.generator("A5", "powers", index)
        points = _random.numbers(generator, 6)
        r, s = pairs[index % len(pairs)]
        unit = {k: Network.dense([[[Fraction(1)]], [[1]]], [[0], [0]], power(k)) for k in (r, s, r * s)}
        column = points[:, None].tolist()
        wrong["compositions"] += not np.array_equal(compose(unit[r], unit[s])(column), unit[r * s](column))
        factors, exponent = 2 + index % 5, 2 + index % 3
        rows = _random.numbers(generator, 3, factors)
        network = product(factors, exponent)
        wrong["products"] += any(
            v[0] != np.prod(row) for row, v in zip(rows, network(rows.tolist()), strict=True)
        )
        degree = 1 + index % 5
        coefficients = _random.numbers(generator, degree + 1).tolist()
        written = polynomial(coefficients, degree, output_bias=False)
        wrong["polynomials"] += any(
            v[0] != sum(c * x**k for k, c in enumerate(coefficients))
            for x, v in zip(points, written(column), strict=True)
        )
        excess = max(excess, written.neurons - 2 * (degree + 1))
        scope.progress(scope.cases + index + 1, 2 * scope.cases)
    points = _random.numbers(scope.generator("A5", "monomials"), 5)
    for k in range(1, _MONOMIALS + 1):
        network, bound = monomial(k), monomial_bound(k)
        found = network(points[:, None].tolist())
        wrong["powers"] += any(v[0] != x**k for x, v in zip(points, found, strict=True))
        if k in (2, 3, 7, 16):
            yield judged(
                f"x^{k} by ρ_2: neurons", network.neurons, "≤", bound.neurons, f"depth {network.depth}"
            )
    yield judged(f"x^k by ρ_2, k ≤ {_MONOMIALS}: wrong values", wrong["powers"], "=", 0, "in rationals")
    yield judged("x^k by ρ_2: largest depth", monomial(_MONOMIALS).depth, "=", 5, "⌈log₂ k⌉ + 1 at k = 16")
    yield judged("ρ_r ∘ ρ_s against ρ_rs: wrong values", wrong["compositions"], "=", 0, "in rationals")
    yield judged("products by ρ_r, r ≥ 2: wrong values", wrong["products"], "=", 0, "in rationals")
    yield judged("products of two by ρ_2: neurons", product(2).neurons, "=", 4, "and 12 connections")
    yield judged("polynomials by ρ_r: wrong values", wrong["polynomials"], "=", 0, "in rationals")
    yield judged("polynomials by ρ_r: neurons above 2(r + 1)", excess, "≤", 0)


def _random_activation(
    generator: np.random.Generator, degree: int
) -> tuple[PiecewisePolynomial, list[Fraction]]:
    """Return p(x) + Σ_j (a_j (x − t_j)_+^r + b_j (x − t_j)_+^(r−1)) with knots in [−1, 1], and the b_j."""
    count = 1 + int(generator.integers(0, 3))
    knots = sorted({Fraction(int(v), 8) for v in generator.integers(-8, 9, count)})
    row = _random.numbers(generator, degree + 1).tolist()
    rows, jumps = [tuple(row)], []
    for knot in knots:
        high, low = _random.numbers(generator, 2)
        row = [
            c + high * comb(degree, k) * (-knot) ** (degree - k)
            + (low * comb(degree - 1, k) * (-knot) ** (degree - 1 - k) if k < degree else 0)
            for k, c in enumerate(row)
        ]  # fmt: skip
        rows.append(tuple(row))
        jumps.append(low)
    return PiecewisePolynomial(tuple(knots), tuple(rows)), jumps


def _by_power(function: PiecewisePolynomial, degree: int, step: Fraction) -> Network:
    """Write it with ρ_r: jumps of the highest derivative exactly, those of the one below by differences."""
    parts = [polynomial(list(function.coefficients[0]), degree, output_bias=False)]
    for index, knot in enumerate(function.knots):
        before, after = function.coefficients[index], function.coefficients[index + 1]
        change = [q - p for p, q in zip(before, after, strict=True)]
        high = change[degree]
        low = change[degree - 1] + high * degree * knot
        if high:
            parts.append(Network.dense([[[Fraction(1)]], [[high]]], [[-knot], [0]], power(degree)))
        if low:
            parts.append(lower_power(degree, step, at=knot, scale=low))
    return add(*parts)
