"""B5, B7: two sines decode K values, in how many bits, and why not in fewer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log2
from typing import Any

from flint import arb, fmpq

from ratelab._errors import UserError
from ratelab.networks import SineCode, decoder, rational, working_precision
from ratelab.networks._decoder_code import length
from ratelab.spaces import layerwise_sizes
from ratelab.studies.claims._claim import Case, Scope, counted, illustrated, judged, not_measurable

_CELLS = (64, 16, 4, 1, 2, 3, 8, 32, 128)
_ACCURACIES = (2.0**-40, 2.0**-20, 2.0**-60, 2.0**-8)
_LATTICE_CELLS = (16, 4, 8, 1, 2, 3, 24)
_SHAPES = ((1, 2, 4), (1, 2, 6), (1, 2, 8), (1, 2, 10), (2, 2, 3), (2, 3, 2), (3, 2, 3))
"""d, N, ℓ with N^(dℓ) at most 1,024 cells."""


@dataclass(frozen=True)
class _Trial:
    """One code against its values; every figure is certain.

    Parameters
    ----------
    cells
        K.
    error, phase
        Largest error over max |r|, and largest phase error in turns, decoded again at twice the precision.
    within
        Whether no error exceeds the code's tolerance.
    bits
        Of v.
    """

    cells: int
    error: float
    phase: float
    within: bool
    bits: int


def b5(scope: Scope) -> Iterator[Case]:
    """Random cell values in closed form and by a lattice, re-evaluated at twice the precision; float64 must refuse."""
    trials: dict[tuple[str, float], list[_Trial]] = {}
    for index in range(scope.cases):
        accuracy = _ACCURACIES[index % len(_ACCURACIES)]
        for kind, sizes in (("closed-form", _CELLS), ("lattice", _LATTICE_CELLS)):
            values = _values(scope, sizes[index % len(sizes)], "B5", kind, index)
            code = decoder(kind).encode(values, accuracy)
            trials.setdefault((kind, accuracy), []).append(_tried(code, values))
        scope.progress(index + 1, scope.cases)
    for (kind, accuracy), found in sorted(trials.items()):
        yield from _judged_codes(kind, accuracy, found)
    values = _values(scope, 8, "B5", "float64")
    try:
        decoder("float64").encode(values, 2.0**-40)
        refused = 0
    except UserError:
        refused = 1
    yield judged("float64, K=8, accuracy 2^-40: refused", refused, "=", 1, "it has no such v")


def _judged_codes(kind: str, accuracy: float, found: Sequence[_Trial]) -> Iterator[Case]:
    name = f"{kind}, accuracy 2^{log2(accuracy):.0f}"
    tried = f"{counted(len(found), 'code')}, K = {', '.join(str(t.cells) for t in found)}"
    yield judged(f"{name}: error over max|r|", max(t.error for t in found), "≤", accuracy, tried)
    yield judged(f"{name}: codes beyond their tolerance", sum(not t.within for t in found), "=", 0)
    eta = _phase_bound(accuracy)
    if kind == "closed-form":
        yield judged(f"{name}: phases in turns", max(t.phase for t in found), "≤", eta)
    # the code that comes nearest to what is allowed
    allowed = [_bits_bound(kind, t.cells, eta) for t in found]
    tightest, most = max(zip(found, allowed, strict=True), key=lambda pair: pair[0].bits - pair[1])
    label = f"{name}: bits of v, K = {tightest.cells}"
    if kind == "closed-form":
        taylor = 2 * tightest.cells**2 * log2(tightest.cells)
        yield judged(label, tightest.bits, "≤", most, f"with a power of 2 for w about {taylor:,.0f}")
    else:
        yield illustrated(label, tightest.bits, "≤", most, "nothing is proved beforehand")


def _bits_bound(kind: str, cells: int, eta: float) -> float:
    """Return what v may have: proved for the closed form, expected of the lattice."""
    if kind == "closed-form":
        return cells * log2(1 / eta) + log2(cells) + 9
    return cells * (log2(1 / eta) + 4) + 16


def b7(scope: Scope) -> Iterator[Case]:
    """Bits that counting asks of every parameter, beside those of the decoder's longest one."""
    bits = 8
    for index, (dimension, base, level) in enumerate(_SHAPES):
        sizes = layerwise_sizes(dimension, base, level)
        cells, numbers = sizes.cells, sizes.parameters_with_head
        code = decoder("closed-form").encode(_values(scope, cells, "B7", index), 2.0**-bits)
        yield not_measurable(
            f"d={dimension}, N={base}, ℓ={level}: bits of v; bits a parameter that counting asks for",
            f"{cells:,} values to accuracy 2^-{bits} in {numbers:,} numbers: fewer than {bits - 1} bits a value leave "
            "two tables of values with the same network",
            length(code.outer), cells * (bits - 1) / numbers,
        )  # fmt: skip
        scope.progress(index + 1, len(_SHAPES))


def _tried(code: Any, values: Sequence[fmpq]) -> _Trial:
    error, largest = _recomputed(code, values), max(abs(value) for value in values)
    return _Trial(
        len(values),
        float(error / arb(largest)),
        _phase_error(code, values),
        bool(error <= arb(code.tolerance)),
        length(code.outer),
    )


def _phase_bound(accuracy: float) -> float:
    """Return η of the closed form in turns: half a digit, the rounding of phases, w and v."""
    return accuracy * (2.0**-3 + 2.0**-11 + 2.0**-6)


def _sines(code: SineCode) -> list[arb]:
    """Return v · sin(w k)/2π at twice the code's precision: sine by sine, no recurrence."""
    inner, outer = arb(code.inner), arb(code.outer)
    return [outer * (inner * k).sin() / (2 * arb.pi()) for k in range(1, code.cells + 1)]


def _recomputed(code: SineCode, values: Sequence[fmpq]) -> arb:
    """Return an upper bound of the largest |u · sin(v · sin(w k)) − r_k|."""
    with working_precision(2 * code.precision):
        scale = arb(code.scale)
        worst = arb(0)
        for turns, value in zip(_sines(code), values, strict=True):
            worst = worst.max(arb((scale * (2 * arb.pi() * turns).sin() - arb(value)).abs_upper()))
        return worst


def _phase_error(code: SineCode, values: Sequence[fmpq]) -> float:
    """Return the largest distance of v · sin(w k)/2π from arcsin(r_k/u)/2π, modulo 1."""
    with working_precision(2 * code.precision):
        worst = 0.0
        for turns, value in zip(_sines(code), values, strict=True):
            gap = turns - arb(value / code.scale).asin() / (2 * arb.pi())
            gap -= (gap + arb(fmpq(1, 2))).floor().mid()
            worst = max(worst, float(arb(gap.abs_upper())))
        return worst


def _values(scope: Scope, cells: int, *names: object) -> list[fmpq]:
    """Return normal random cell values."""
    return [rational(float(value)) for value in scope.generator(*names).standard_normal(cells)]
