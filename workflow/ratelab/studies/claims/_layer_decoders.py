"""B5, B7: two sines decode K values, in how many bits, and why not in fewer."""

from collections.abc import Iterator, Sequence
from math import log2
from typing import Any

from flint import arb, ctx, fmpq

from ratelab._errors import UserError
from ratelab.networks import decoder, rational
from ratelab.networks._decoder_code import SineCode, length
from ratelab.studies.claims._claim import Case, Scope, illustrated, judged, not_measurable

_CELLS = (64, 16, 4, 1, 2, 3, 8, 32, 128)
_ACCURACIES = (2.0**-40, 2.0**-20, 2.0**-60, 2.0**-8)
_LATTICE_CELLS = (16, 4, 8, 1, 2, 3, 24)
_SHAPES = ((1, 2, 4), (1, 2, 6), (1, 2, 8), (1, 2, 10), (2, 2, 3), (2, 3, 2), (3, 2, 3))
"""d, N, ℓ with N^(dℓ) at most 1,024 cells."""


def b5(scope: Scope) -> Iterator[Case]:
    """Random cell values in closed form and by a lattice, re-evaluated at twice the precision; float64 must refuse."""
    closed, lattice = decoder("closed-form"), decoder("lattice")
    for index in range(scope.cases):
        cells = _CELLS[index % len(_CELLS)]
        accuracy = _ACCURACIES[index // len(_CELLS) % len(_ACCURACIES)]
        values = _values(scope, cells, "B5", index)
        code = closed.encode(values, accuracy)
        yield from _judged_code("closed form", code, values, accuracy)
        phase = log2(1 / _phase_bound(accuracy))
        yield judged(
            f"closed form, K={cells}, accuracy 2^{log2(accuracy):.0f}: bits of v", length(code.outer), "≤",
            cells * phase + log2(cells) + 9, f"2K²·log₂K = {2 * cells**2 * log2(cells):,.0f}",
        )  # fmt: skip
        few = _LATTICE_CELLS[index % len(_LATTICE_CELLS)]
        values = values[:few] if few <= cells else _values(scope, few, "B5", index, "lattice")
        code = lattice.encode(values, accuracy)
        yield from _judged_code("lattice", code, values, accuracy)
        yield illustrated(
            f"lattice, K={few}, accuracy 2^{log2(accuracy):.0f}: bits of v", code.bits, "≤", few * (phase + 4) + 16,
            "w = 1; nothing is proved beforehand",
        )  # fmt: skip
        scope.progress(index + 1, scope.cases)
    values = _values(scope, 8, "B5", "float64")
    try:
        decoder("float64").encode(values, 2.0**-40)
        refused = 0
    except UserError:
        refused = 1
    yield judged("float64, K=8, accuracy 2^-40: refused", refused, "=", 1, "it has no such v")


def b7(scope: Scope) -> Iterator[Case]:
    """Bits that counting asks of every parameter, beside those of the decoder's longest one."""
    bits = 8
    for index, (dimension, base, level) in enumerate(_SHAPES):
        cells, width = base ** (dimension * level), 2 * dimension * base + dimension + 2
        numbers = (dimension + 1) * width + (level + 1) * width * (width + 1) + width + 1
        code = decoder("closed-form").encode(_values(scope, cells, "B7", index), 2.0**-bits)
        yield not_measurable(
            f"d={dimension}, N={base}, ℓ={level}: bits of v; bits a parameter that counting asks for",
            f"{cells:,} values to accuracy 2^-{bits} in {numbers:,} numbers: fewer than {bits - 1} bits a value leave "
            "two tables of values with the same network",
            length(code.outer), cells * (bits - 1) / numbers,
        )  # fmt: skip
        scope.progress(index + 1, len(_SHAPES))


def _judged_code(kind: str, code: Any, values: Sequence[fmpq], accuracy: float) -> Iterator[Case]:
    name = f"{kind}, K={len(values)}, accuracy 2^{log2(accuracy):.0f}"
    largest = max(abs(value) for value in values)
    error = _recomputed(code, values)
    yield judged(
        f"{name}: error over max|r|", float(error / arb(largest)), "≤", accuracy,
        f"{code.bits:,} bits; decoded again with {2 * code.precision:,}",
    )  # fmt: skip
    yield judged(f"{name}: error within the code's tolerance", float(error), "≤", code.tolerance)
    if kind == "closed form":
        yield judged(f"{name}: phases in turns", _phase_error(code, values), "≤", _phase_bound(accuracy))


def _phase_bound(accuracy: float) -> float:
    """Return η of the closed form in turns: half a digit, the rounding of phases, w and v."""
    return accuracy * (2.0**-3 + 2.0**-11 + 2.0**-6)


def _sines(code: SineCode) -> list[arb]:
    """Return v · sin(w k)/2π at twice the code's precision: sine by sine, no recurrence."""
    inner, outer = arb(code.inner), arb(code.outer)
    return [outer * (inner * k).sin() / (2 * arb.pi()) for k in range(1, code.cells + 1)]


def _recomputed(code: SineCode, values: Sequence[fmpq]) -> arb:
    """Return an upper bound of the largest |u · sin(v · sin(w k)) − r_k|."""
    former = ctx.prec
    ctx.prec = 2 * code.precision
    try:
        scale = arb(code.scale)
        worst = arb(0)
        for turns, value in zip(_sines(code), values, strict=True):
            worst = worst.max(arb((scale * (2 * arb.pi() * turns).sin() - arb(value)).abs_upper()))
        return worst
    finally:
        ctx.prec = former


def _phase_error(code: SineCode, values: Sequence[fmpq]) -> float:
    """Return the largest distance of v · sin(w k)/2π from arcsin(r_k/u)/2π, modulo 1."""
    former = ctx.prec
    ctx.prec = 2 * code.precision
    try:
        worst = 0.0
        for turns, value in zip(_sines(code), values, strict=True):
            gap = turns - arb(value / code.scale).asin() / (2 * arb.pi())
            gap -= (gap + arb(fmpq(1, 2))).floor().mid()
            worst = max(worst, float(arb(gap.abs_upper())))
        return worst
    finally:
        ctx.prec = former


def _values(scope: Scope, cells: int, *names: object) -> list[fmpq]:
    """Return normal random cell values."""
    return [rational(float(value)) for value in scope.generator(*names).standard_normal(cells)]
