"""B1, B2, B6, B8, B9: what the readouts of layer-wise networks reach, and what the bound pays for."""

from collections.abc import Iterator
from fractions import Fraction
from math import isfinite, nan, sqrt
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ratelab.exact import step_error
from ratelab.registry import Target
from ratelab.spaces import (
    LayerwiseApproximation,
    averages_bound,
    hoelder_bound,
    layerwise,
    layerwise_bound,
    layerwise_plan,
)
from ratelab.spaces._layerwise_accounts import LayerwiseGrade, region, upper_ends
from ratelab.spaces._layerwise_levels import cell_levels
from ratelab.studies.claims._claim import Case, Scope, judged

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CELLS = 64
_TABLE = 4096
_BASES = range(2, 9)
_AVERAGED = {1: (2, 3, 8), 2: (2, 5), 3: (2,)}
_CLOSE = 2.0**-48
_LEFT = "ω is a lower end by averages on a fine grid, so the comparison is strict; errors are brackets"


def b1(scope: Scope) -> Iterator[Case]:
    """Fixed targets by every base, random ones by random bases: bound, decoded values, weight matrices, ramps."""
    labels = [label for _, label in _plugins("B1")]
    generator = scope.generator("B1")
    worst: list[tuple[float, str, Case]] = []
    seen = _Seen()
    for done, label in enumerate(labels):
        target = scope.registry.targets[label]
        bases = [base for base in _BASES if base**target.dimension <= _CELLS]
        rows = []
        for base in bases if target.dimension < 3 else bases[:2]:
            rows += _rows(target, base, _grades(base, target.dimension), seen, generator)
        yield _widest(target, label, rows, f"closed-form decoder to {_CELLS} cells, p = 1 and 2; {_LEFT}")
        scope.progress(done + 1, len(labels) + scope.cases)
    for index in range(scope.cases):
        random = scope.generator("B1", index)
        target, name = _random_target(scope, random)
        bases = [base for base in _BASES if base**target.dimension <= _CELLS]
        base = int(random.choice(bases))
        found = _widest(target, name, _rows(target, base, _grades(base, target.dimension), seen, random), "")
        worst.append((_share(found), f"{name}, N = {base}", found))
        scope.progress(len(labels) + index + 1, len(labels) + scope.cases)
    _, name, case = max(worst, key=lambda entry: entry[0])
    yield judged(
        f"{scope.cases} random targets and bases", case.measured, "≤", case.bound,
        f"the one of largest ratio: {name}; {_LEFT}", proved=case.verdict == "violated",
    )  # fmt: skip
    yield judged(
        "decoded values against averages", seen.decoded, "≤", 1.0,
        "largest distance on any cell of any grade, in shares of accuracy · largest scale so far; proved in balls",
    )  # fmt: skip
    yield judged(
        "weight matrices against decoded values", seen.matrices, "≤", _CLOSE,
        "largest distance over random points, corners and points of faces, in balls", tolerance=0.0,
    )  # fmt: skip
    yield judged(
        "readouts inside ramps", seen.ramps, "≤", 1.0, "largest |Φ_ℓ| over C, by the full weight matrices"
    )


def b2(scope: Scope) -> Iterator[Case]:
    """Distance from cell averages against 2^(1/p)·d·ω, for p = 1, 2 and, in one variable, random p."""
    labels = [label for _, label in _plugins("B2")]
    exponents = scope.generator("B2").uniform(1, 5, scope.cases).round(2)
    for done, label in enumerate(labels):
        target = scope.registry.targets[label]
        rows = []
        for base in _AVERAGED[target.dimension]:
            levels = cell_levels(target, base, _grades(base, target.dimension))
            norms = {1: [1.0, 2.0, *map(float, exponents[done :: len(labels)])], 2: [1.0, 2.0], 3: [2.0]}
            for p in norms[target.dimension]:
                for level, values in enumerate(levels.averages[1:], 1):
                    found: Any = step_error(target, values, p)
                    high = found.value + found.radius + levels.radius
                    bound = averages_bound(levels.modulus(level, p), target.dimension, p)
                    rows.append(
                        (high / bound if bound else nan, high, bound, f"N = {base}, ℓ = {level}, p = {p:g}")
                    )
        _, high, bound, place = max(rows)
        yield judged(
            label, high, "≤", bound, f"largest ratio of {len(rows)} cases, at {place}; {_LEFT}", proved=False
        )
        scope.progress(done + 1, len(labels))


def b6(scope: Scope) -> Iterator[Case]:
    """Measure of the ramps by a union of rational intervals; values and integrals on them by the network itself."""
    measure, excess = 0.0, 0.0
    for index in range(scope.cases):
        random = scope.generator("B6", index)
        base, level, d = int(random.integers(2, 6)), int(random.integers(1, 4)), int(random.integers(1, 4))
        ramp = Fraction(1, 2 ** int(random.integers(1, 12)))
        union = _union(base, level, ramp)
        whole = 1 - (1 - union) ** d
        measure = max(measure, float(whole / (d * level * ramp)))
        excess = max(excess, float(whole) - region(d, base, level, ramp))
        scope.progress(index + 1, scope.cases + 2)
    yield judged(
        "measure of the ramps over d·ℓ·δ",
        measure,
        "≤",
        1.0,
        "unions of rational intervals, random d, N, ℓ, δ",
    )
    yield judged(
        "measure of the ramps against its closed form", excess, "≤", 0.0,
        "1 − (1 − ℓδ(N − 1)/N)^d, which is exact for δ ≤ N^(1−ℓ)", tolerance=1e-15,
    )  # fmt: skip
    for done, label in enumerate(("sqrt", "random_cells")):
        target = scope.registry.targets[label]
        ramp = Fraction(1, 64)
        found = layerwise(target, 3, 2, ramp=ramp)
        points, cells = _inside(3, 2, ramp, 4)
        readouts = _floats(found.network.values([[x] for x in points]))
        share = 0.0
        norm = 0.0
        for level in (1, 2):
            averages = found.levels.averages[level][[int(x * 3**level) for x in points]]
            share = max(
                share, float(np.abs([readouts[:, level], averages]).max()) / float(found.network.offset)
            )
            norm = max(norm, _norm_share(readouts[:, level] - averages, cells, level, found))
        yield judged(
            f"{label}: |Φ_ℓ| and |A_ℓ f| over C",
            share,
            "≤",
            1.0,
            f"at {len(points)} points inside ramps, δ = 1/64",
        )
        yield judged(
            f"{label}: ‖A_ℓ f − Φ_ℓ‖ on the ramps over 2C(dℓδ)^(1/p)", norm, "≤", 1.0,
            "p = 2, Riemann sums inside every ramp, δ = 1/64", proved=False,
        )  # fmt: skip
        scope.progress(scope.cases + done + 1, scope.cases + 2)


def b8(scope: Scope) -> Iterator[Case]:
    """Errors against (2d + 1)·λ·N^(−αℓ), planned against measured accuracy, counts against the weight matrices."""
    waves = [(label, Fraction(1)) for label in ("lipschitz_wave", "lipschitz_wave(dimension=2)")]
    known = [("sqrt", Fraction(1, 2)), *waves]
    for label, exponent in known:
        target = scope.registry.targets[label]
        d, rows = target.dimension, []
        for base in (2, 3, 5, 8):
            for found in _both(layerwise(target, base, _grades(base, d), p=1)):
                rows += [
                    (g.error[1], hoelder_bound(1, exponent, d, base, g.level), f"N = {base}, ℓ = {g.level}")
                    for g in found.grades[1:]
                ]
        high, bound, place = max(rows, key=lambda row: row[0] / row[1])
        yield judged(
            f"{label}: λ = 1, α = {exponent}", high, "≤", bound, f"largest ratio, at {place}", proved=False
        )
    reached, needless, above, counted = 0.0, 0, 0, 0
    for index in range(scope.cases):
        random = scope.generator("B8", index)
        label, exponent = known[int(random.integers(2))]
        base = int(random.integers(2, 9))
        accuracy = float(10 ** random.uniform(-2.0, 0.3))
        plan = layerwise_plan(accuracy, exponent=exponent, dimension=1, base=base)
        before = hoelder_bound(1, exponent, 1, base, plan.grades - 1)
        needless += plan.grades > 1 and before <= accuracy
        power = Fraction(3, base ** int(random.integers(1, 12)))  # whose bound is met
        exact = layerwise_plan(power, exponent=exponent, dimension=1, base=base).bound
        above += plan.bound > accuracy or exact != float(power)
        if base**plan.grades <= _TABLE:
            built = layerwise(scope.registry.targets[label], base, plan.grades, decoder="table")
            reached = max(reached, built.grades[-1].error[1] / accuracy)
        small = layerwise(scope.registry.targets[label], base, 1).network.network
        entries = sum(layer.weight.size + layer.bias.size for layer in small.layers[:-1])
        counted += entries != layerwise_plan(10.0, dimension=1, base=base).parameters
        scope.progress(index + 1, scope.cases)
    yield judged(
        f"planned grades, {scope.cases} accuracies: error over accuracy", reached, "≤", 1.0,
        "largest, upper ends of measured errors; real coefficients, not bits", proved=False,
    )  # fmt: skip
    yield judged("planned grades that the bound did not need", needless, "=", 0, "counted")
    yield judged(
        "planned bounds above the accuracy",
        above,
        "=",
        0,
        "counted, and those not equal to it on powers of N",
    )
    yield judged("weights and biases not in the plan", counted, "=", 0, "one grade, full matrices")


def b9(scope: Scope) -> Iterator[Case]:
    """The wave of one period by halves and by quarters."""
    target = scope.registry.targets["lipschitz_wave"]
    found = layerwise(target, 2, 2)
    one, two = found.grades[1:]
    offset = float(found.network.offset)
    ends = [
        g.averages_error[1] + 2 * offset * g.region_bound**0.5 + g.decoder_error for g in (one, two)
    ]  # 2C(dℓδ)^(1/p), as the statement on ramps has it
    yield judged(
        "upper ends of the errors, ℓ = 2 against ℓ = 1", ends[1], "≥", ends[0],
        "L2 distance from the averages and 2C(ℓδ)^(1/2), δ = 2^(−40): the second is no smaller", proved=False,
    )  # fmt: skip
    yield judged(
        "distance from the averages, ℓ = 2 against ℓ = 1", two.averages_error[0], "=", one.averages_error[0],
        "by symmetry the averages over quarters are those over halves", tolerance=1e-12,
    )  # fmt: skip
    exact = (1 / (8 * np.pi**2) - 1 / np.pi**4) ** 0.5
    yield judged(
        "distance from the averages against its closed form", one.averages_error[1], "=", float(exact),
        "√(1/(8π²) − 1/π⁴)", tolerance=1e-12,
    )  # fmt: skip
    yield judged(
        "error inside ramps apart", abs(two.error[1] - one.error[1]), "≤", one.trifling + two.trifling,
        "upper ends of the errors of the two readouts differ by no more than the ramps may cost",
    )  # fmt: skip
    yield judged("the bound falls", one.bound, ">", two.bound, "3ω at 1/2 and at 1/4", proved=False)
    later = layerwise(target, 2, 3).grades[3].error[1]
    yield judged(
        "and the error does at ℓ = 3", one.error[0], ">", later, "one idle grade is no reason to stop"
    )


class _Row(NamedTuple):
    """One readout in one norm."""

    grade: LayerwiseGrade
    base: int
    p: float

    @property
    def place(self) -> str:
        """Where it is."""
        return f"N = {self.base}, ℓ = {self.grade.level}, p = {self.p:g}"


class _Seen:
    """The largest distances over all networks of a check."""

    decoded = matrices = ramps = 0.0


def _rows(
    target: Target, base: int, grades: int, seen: _Seen, generator: np.random.Generator
) -> list["_Row"]:
    """Return the accounts in L1 and L2, and look at the network itself."""
    both = _both(layerwise(target, base, grades))
    network = both[0].network
    scale = 0.0
    for level in range(1, network.grades + 1):
        u = network.codes[level - 1].scale
        scale = max(scale, float(Fraction(int(u.p), int(u.q))))
        if scale:
            seen.decoded = max(seen.decoded, network.decoder_error(level) / (network.accuracy * scale))
    _look(both[0], seen, generator)
    return [_Row(grade, base, found.p) for found in both for grade in found.grades[1:]]


def _look(found: LayerwiseApproximation, seen: _Seen, generator: np.random.Generator) -> None:
    """Evaluate the weight matrices at a random point, at corners and on faces, and at a point inside a ramp."""
    network = found.network
    if not any(code.scale for code in network.codes):
        return
    d, n = network.dimension, network.base
    random = [Fraction(float(v)) for v in generator.random(d)]
    face = [Fraction(int(v), n) for v in generator.integers(0, n + 1, d)]
    points = [random, [Fraction(0)] * d, [Fraction(1)] * d, face]
    ramp = [*random]
    level = int(generator.integers(1, network.grades + 1))
    side = Fraction(1, n**level)
    ramp[-1] = side * (int(generator.integers(1, n**level)) - network.ramp * Fraction(1, 3))
    values = network.values([*points, ramp])
    inside = network.inside_ramps([*points, ramp])
    for row, point in enumerate([*points, ramp]):
        for at in range(network.grades + 1):
            ball = values[row, at]
            if inside[row]:
                seen.ramps = max(seen.ramps, float(ball.abs_upper()) / float(network.offset))
            else:
                cell = tuple(min(int(x * n**at), n**at - 1) for x in point)
                decoded = network.cell_balls(at)[cell]
                seen.matrices = max(seen.matrices, float((ball - decoded).abs_upper()))


def _widest(target: Target, name: str, rows: list["_Row"], note: str) -> Case:
    """Judge the largest ratio; a certified contradiction, with the upper end of ω, is a violation."""
    ratios = [row for row in rows if row.grade.bound]
    if not ratios:  # a constant: rounding is all that is left
        worst = max(row.grade.error[1] for row in rows)
        return judged(
            name, worst, "≤", 0.0, "constant: every readout is the mean; to rounding", tolerance=1e-12
        )
    for row in rows:
        grade = row.grade
        if grade.ratio > 1 and grade.certainty == "rigorous":
            (upper,) = upper_ends(target, row.base, [grade.level], row.p)
            bound = layerwise_bound(upper, target.dimension) if isfinite(upper) else nan
            if grade.error[0] > bound:
                return judged(name, grade.error[0], "≤", bound, f"at {row.place}, certified")
    largest = max(ratios, key=lambda row: row.grade.ratio)
    text = f"largest ratio of {len(rows)} cases, at {largest.place}"
    return judged(
        name,
        largest.grade.error[1],
        "≤",
        largest.grade.bound,
        f"{text}; {note}" if note else text,
        proved=False,
    )


def _share(case: Case) -> float:
    return case.measured / case.bound if case.bound else 0.0


def _both(found: LayerwiseApproximation) -> tuple[LayerwiseApproximation, ...]:
    """Return the accounts in the given norm and in L1 or L2, whichever it is not; d = 3 keeps the one."""
    if found.network.dimension == 3:
        return (found,)
    return (found, found.in_norm(1.0 if found.p == 2 else 2.0))


def _random_target(scope: Scope, generator: np.random.Generator) -> tuple[Target, str]:
    if generator.random() < 0.4:
        label = f"step(at={generator.uniform(0.02, 0.98):.6f})"
    else:
        d = int(generator.integers(1, 3))
        seed, side = int(generator.integers(10**6)), int(generator.integers(2, 10))
        label = f"random_cells(seed={seed}, per_side={side}, dimension={d})"
    return scope.registry.targets[label], label


def _grades(base: int, dimension: int, cells: int = _CELLS) -> int:
    grades = 1
    while base ** (dimension * (grades + 1)) <= cells:
        grades += 1
    return grades


def _union(base: int, level: int, ramp: Fraction) -> Fraction:
    """Return the measure of all ramps of levels up to ℓ on the line, interval by interval."""
    intervals = sorted(
        ((k - ramp) / base**g, Fraction(k, base**g))
        for g in range(1, level + 1)
        for k in range(1, base**g)
        if k % base
    )
    total, reached = Fraction(0), Fraction(0)
    for low, high in intervals:
        total += max(Fraction(0), high - max(low, reached))
        reached = max(reached, high)
    return total


def _inside(
    base: int, level: int, ramp: Fraction, count: int
) -> tuple[list[Fraction], "NDArray[np.float64]"]:
    """Return midpoints inside every ramp of levels up to ℓ, and the lengths and levels they stand for, (m, 2)."""
    points, cells = [], []
    for g in range(1, level + 1):
        for k in range(1, base**g):
            if k % base:
                for j in range(count):
                    points.append((k - ramp * Fraction(2 * j + 1, 2 * count)) / base**g)
                    cells.append((float(ramp / base**g / count), g))
    return points, np.array(cells)


def _norm_share(
    difference: "NDArray[np.float64]",
    cells: "NDArray[np.float64]",
    level: int,
    found: LayerwiseApproximation,
) -> float:
    """Return the L2 norm over the ramps of levels up to ℓ, by midpoints, over its bound."""
    there = cells[:, 1] <= level
    norm = float(np.sqrt((cells[there, 0] * difference[there] ** 2).sum()))
    return norm / (2 * float(found.network.offset) * sqrt(found.grades[level].region_bound))


def _floats(balls: Any) -> "NDArray[np.float64]":
    return np.array([[float(ball.mid()) for ball in row] for row in balls])


def _plugins(name: str) -> tuple[tuple[str, str], ...]:
    from ratelab.studies.claims._layer_statements import LAYERS

    return next(claim.plugins for claim in LAYERS if claim.id == name)
