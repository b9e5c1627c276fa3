"""Build a layer-wise network from cell averages, grade by grade: each codes what the ones before, as decoded, left."""

from collections.abc import Sequence
from dataclasses import replace
from math import inf, log2, nextafter
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
from flint import fmpq

from ratelab._errors import UserError
from ratelab.networks._decoders import decoder as decoder_of
from ratelab.networks._grade_code import GradeCode
from ratelab.networks._layerwise import LayerwiseNetwork
from ratelab.networks._layerwise_cells import CellValues, corrected
from ratelab.networks._localisation import Localisation
from ratelab.networks._numbers import Exact, exact_array, rational

if TYPE_CHECKING:
    from fractions import Fraction

    from ratelab.networks._grade_code import Decoder

_RAMP = fmpq(1, 2**40)
_HALF = fmpq(1, 2)
_MARGIN = fmpq(1, 2**20)
"""The default offset is a multiple of this."""


def layerwise_network(
    averages: Sequence[Any],
    *,
    dimension: int,
    base: int,
    decoder: "str | Decoder" = "closed-form",
    accuracy: float = 2.0**-40,
    depth_max: int | None = None,
    ramp: "Fraction | fmpq | float | str | None" = None,
    offset: "Fraction | fmpq | float | str | None" = None,
) -> LayerwiseNetwork:
    """Return the network of width 2dN + d + 2 whose readouts Φ_ℓ take given values on cells of side N^(−ℓ).

    Parameters
    ----------
    averages
        ``averages[l]``, l = 0 … L, has shape (N^l,)*d and is indexed by coordinate: float64, or rationals.
    dimension, base
        d ≥ 1 and N ≥ 2.
    decoder
        ``closed-form``, ``lattice``, ``float64``, ``table``, or an object that offers `Decoder`.
    accuracy
        Of each grade's decoded values, relative to its largest residual.
    depth_max
        Number of grades that `append` may reach; None means those given.
    ramp
        Width δ of the ramps in units of a cell's side, 0 < δ ≤ 1/2; None means 2^-40.
    offset
        C, the accumulator's shift. None means Σ|u_g| + |Φ_0| + 1 over the given grades, and for each that may be
        appended as much as the largest of them (1 if all vanish).

    Raises
    ------
    UserError
        If a value is out of range, shapes do not fit, or the decoder takes fewer cells.

    Notes
    -----
    Zhang, Shen, Xu, *Geometric layer-wise approximation rates for deep networks*, state the width and what the readouts
    achieve; weights and layout are our own.
    """
    coder = decoder_of(decoder)
    dimension, base = _whole("dimension", dimension, 1), _whole("base", base, 2)
    grades = len(averages) - 1
    if grades < 1:
        raise UserError(
            f"{len(averages)} levels of averages were given; a layer-wise network needs levels 0 … L with L at least 1"
        )
    depth_max = grades if depth_max is None else _whole("depth_max", depth_max, grades)
    width = _RAMP if ramp is None else rational(ramp)
    if not 0 < width <= _HALF:
        raise UserError(f"ramp is {ramp}; allowed: above 0, at most 1/2, in units of a cell's side")
    if isinstance(accuracy, bool) or not isinstance(accuracy, Real) or not 0 < accuracy < 1:
        raise UserError(f"accuracy is {accuracy!r}; allowed: numbers between 0 and 1")
    shape = Localisation(dimension, base, width)
    # logarithms, since the number itself may be too long to write
    if dimension * depth_max * log2(base) > log2(coder.most_cells) + 2.0**-20:
        raise UserError(
            f"{depth_max:,} grades of base {base:,} have {base:,}^{dimension * depth_max:,} cells; the decoder "
            f"'{coder.name}' takes at most {coder.most_cells:,}"
        )
    first = _flat(averages[0], shape, 0)
    constant = first[0]
    net = LayerwiseNetwork(
        shape, constant, fmpq(0), (), coder, float(accuracy), depth_max, (CellValues(first, fmpq(0)),), (0.0,)
    )
    for given in averages[1:]:
        net = _graded(net, given)
    if offset is None:
        scales = [code.scale for code in net.codes]
        room = max(scales) or fmpq(1)
        wanted = sum(scales, abs(constant) + 1) + (depth_max - grades) * room
        return replace(net, shift=(wanted / _MARGIN).ceil() * _MARGIN)
    net = replace(net, shift=rational(offset))
    _require_room(net)
    return net


def appended(net: LayerwiseNetwork, averages: Any) -> LayerwiseNetwork:
    """Return a network with one more grade, see `LayerwiseNetwork.append`."""
    if net.grades >= net.depth_max:
        raise UserError(
            f"the network was planned for {net.depth_max} grades and has them all; give layerwise_network a larger "
            "depth_max"
        )
    found = _graded(net, averages)
    _require_room(found)
    return found


def _graded(net: LayerwiseNetwork, averages: Any) -> LayerwiseNetwork:
    """Return the network with one more grade, whatever its offset."""
    level = net.grades + 1
    wanted = _flat(averages, net.shape, level)
    before = net.tables[-1]
    coarse = before.refined(net.base, net.dimension, level - 1)
    code = _coded(net, level, list(wanted - coarse))
    table = corrected(coarse, before.radius, code)
    largest = max((abs(v) for v in wanted - table.values), default=fmpq(0)) + table.radius
    error = nextafter(int(largest.p) / int(largest.q), inf) if largest else 0.0
    return replace(net, codes=(*net.codes, code), tables=(*net.tables, table), errors=(*net.errors, error))


def _coded(net: LayerwiseNetwork, level: int, residuals: list[fmpq]) -> GradeCode:
    """Return the decoder's code of a grade, if it is what the decoder was asked for."""
    given: Any = net.decoder.encode(residuals, net.accuracy)
    if not isinstance(given, GradeCode):
        raise UserError(f"decoder '{net.decoder.name}' returned {given!r}, which does not offer GradeCode")
    code: GradeCode = given
    if code.cells != len(residuals):
        raise UserError(f"decoder '{net.decoder.name}' coded {code.cells} of {len(residuals)} cells")
    if code.scale and code.inner != net.inner(level):
        raise UserError(
            f"decoder '{net.decoder.name}' codes {code.cells} cells with another w than its `inner` gives; the network "
            "holds that one before values are known, so both must agree"
        )
    largest = max(abs(value) for value in residuals)
    if not (code.tolerance < inf and rational(code.tolerance) <= rational(net.accuracy) * largest):
        raise UserError(
            f"decoder '{net.decoder.name}' reaches {code.tolerance:.3g}, and {net.accuracy:.3g} of the largest value, "
            f"{int(largest.p) / int(largest.q):.3g}, was asked for"
        )
    return code


def _require_room(net: LayerwiseNetwork) -> None:
    needed = sum((code.scale for code in net.codes), abs(net.constant))
    if net.shift < needed:
        raise UserError(
            f"offset is {float(net.offset):.6g}, but |Φ_0| and the scales of {net.grades} grades add up to "
            f"{int(needed.p) / int(needed.q):.6g}; give layerwise_network an offset at least as large"
        )


def _flat(averages: Any, shape: Localisation, level: int) -> Exact:
    """Return averages as rationals in Fortran order, or raise UserError."""
    given = np.asarray(averages)
    if given.dtype.kind not in "fiu":
        given = np.asarray(averages, dtype=object)
    side = (shape.base**level,) * shape.dimension
    if level == 0 and given.size == 1:
        given = given.reshape(side)
    if given.shape != side:
        raise UserError(f"averages of level {level} have shape {given.shape}; allowed: {side}")
    if given.dtype.kind == "f" and not np.isfinite(given).all():
        raise UserError(
            f"averages of level {level} hold {given[~np.isfinite(given)][0]}; allowed: finite numbers"
        )
    return exact_array(given.ravel(order="F"))


def _whole(name: str, value: Any, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise UserError(f"{name} is {value!r}; allowed: whole numbers from {least} on")
    return int(value)
