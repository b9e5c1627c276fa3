# mypy: allow-untyped-decorators
"""The squared loss of one network and its derivatives, compiled.

Nodes are taken in tiles of `TILE`, so that a tile's values and derivatives stay in the cache closest to the processor.
Rows of a room (one neuron each) lie `TILE` numbers apart, the innermost loops run along nodes, and four neurons meet
four others at a time, so that a number that was loaded is used four times. Indices are unsigned: loops whose indices
may wrap around are not vectorised.
"""

from typing import Any

import numpy as np

from ratelab._compiled import fast_kernel
from ratelab.training._engine_activation_kernels import TILE, activate

_T, _T2, _T3 = np.uint64(TILE), np.uint64(2 * TILE), np.uint64(3 * TILE)
_0, _1, _2, _3, _4 = np.uint64(0), np.uint64(1), np.uint64(2), np.uint64(3), np.uint64(4)


@fast_kernel
def add_products(
    to: Any,
    target: Any,
    source: Any,
    first: Any,
    weights: Any,
    begin: Any,
    across: Any,
    along: Any,
    outs: Any,
    ins: Any,
    nodes: Any,
) -> None:
    """Add to rows of `to`, from `target` on, sums of the rows of `source`, from `first` on.

    The weight of row i in sum o is ``weights[begin + o * across + i * along]``.
    """
    o = _0
    while o + _4 <= outs:
        t = target + o * _T
        i = _0
        while i + _4 <= ins:
            s = first + i * _T
            b = begin + o * across + i * along
            w00, w01, w02, w03 = (
                weights[b],
                weights[b + along],
                weights[b + _2 * along],
                weights[b + _3 * along],
            )
            b += across
            w10, w11, w12, w13 = (
                weights[b],
                weights[b + along],
                weights[b + _2 * along],
                weights[b + _3 * along],
            )
            b += across
            w20, w21, w22, w23 = (
                weights[b],
                weights[b + along],
                weights[b + _2 * along],
                weights[b + _3 * along],
            )
            b += across
            w30, w31, w32, w33 = (
                weights[b],
                weights[b + along],
                weights[b + _2 * along],
                weights[b + _3 * along],
            )
            for j in range(nodes):
                x0, x1, x2, x3 = source[s + j], source[s + _T + j], source[s + _T2 + j], source[s + _T3 + j]
                to[t + j] += w00 * x0 + w01 * x1 + w02 * x2 + w03 * x3
                to[t + _T + j] += w10 * x0 + w11 * x1 + w12 * x2 + w13 * x3
                to[t + _T2 + j] += w20 * x0 + w21 * x1 + w22 * x2 + w23 * x3
                to[t + _T3 + j] += w30 * x0 + w31 * x1 + w32 * x2 + w33 * x3
            i += _4
        while i < ins:
            s = first + i * _T
            b = begin + o * across + i * along
            w0, w1, w2, w3 = (
                weights[b],
                weights[b + across],
                weights[b + _2 * across],
                weights[b + _3 * across],
            )
            for j in range(nodes):
                x = source[s + j]
                to[t + j] += w0 * x
                to[t + _T + j] += w1 * x
                to[t + _T2 + j] += w2 * x
                to[t + _T3 + j] += w3 * x
            i += _1
        o += _4
    while o < outs:
        t = target + o * _T
        i = _0
        while i + _4 <= ins:
            s = first + i * _T
            b = begin + o * across + i * along
            w0, w1, w2, w3 = weights[b], weights[b + along], weights[b + _2 * along], weights[b + _3 * along]
            for j in range(nodes):
                to[t + j] += (
                    w0 * source[s + j]
                    + w1 * source[s + _T + j]
                    + w2 * source[s + _T2 + j]
                    + w3 * source[s + _T3 + j]
                )
            i += _4
        while i < ins:
            s = first + i * _T
            w = weights[begin + o * across + i * along]
            for j in range(nodes):
                to[t + j] += w * source[s + j]
            i += _1
        o += _1


@fast_kernel
def add_inner_products(
    slope: Any,
    begin: Any,
    across: Any,
    left: Any,
    outer: Any,
    right: Any,
    inner: Any,
    outs: Any,
    ins: Any,
    nodes: Any,
) -> None:
    """Add to ``slope[begin + o * across + i]`` the inner product of row o of `left`, row i of `right`.

    The last number of each row of `slope`, i = `ins`, gets the sum of row o of `left`.
    """
    o = _0
    while o + _4 <= outs:
        t = outer + o * _T
        i = _0
        while i + _4 <= ins:
            s = inner + i * _T
            g00, g01, g02, g03, g10, g11, g12, g13 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
            g20, g21, g22, g23, g30, g31, g32, g33 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
            for j in range(nodes):
                x0, x1, x2, x3 = right[s + j], right[s + _T + j], right[s + _T2 + j], right[s + _T3 + j]
                d0, d1, d2, d3 = left[t + j], left[t + _T + j], left[t + _T2 + j], left[t + _T3 + j]
                g00 += d0 * x0
                g01 += d0 * x1
                g02 += d0 * x2
                g03 += d0 * x3
                g10 += d1 * x0
                g11 += d1 * x1
                g12 += d1 * x2
                g13 += d1 * x3
                g20 += d2 * x0
                g21 += d2 * x1
                g22 += d2 * x2
                g23 += d2 * x3
                g30 += d3 * x0
                g31 += d3 * x1
                g32 += d3 * x2
                g33 += d3 * x3
            b = begin + o * across + i
            slope[b] += g00
            slope[b + _1] += g01
            slope[b + _2] += g02
            slope[b + _3] += g03
            b += across
            slope[b] += g10
            slope[b + _1] += g11
            slope[b + _2] += g12
            slope[b + _3] += g13
            b += across
            slope[b] += g20
            slope[b + _1] += g21
            slope[b + _2] += g22
            slope[b + _3] += g23
            b += across
            slope[b] += g30
            slope[b + _1] += g31
            slope[b + _2] += g32
            slope[b + _3] += g33
            i += _4
        while i < ins:
            s = inner + i * _T
            g0, g1, g2, g3 = 0.0, 0.0, 0.0, 0.0
            for j in range(nodes):
                x = right[s + j]
                g0 += left[t + j] * x
                g1 += left[t + _T + j] * x
                g2 += left[t + _T2 + j] * x
                g3 += left[t + _T3 + j] * x
            b = begin + o * across + i
            slope[b] += g0
            slope[b + across] += g1
            slope[b + _2 * across] += g2
            slope[b + _3 * across] += g3
            i += _1
        g0, g1, g2, g3 = 0.0, 0.0, 0.0, 0.0
        for j in range(nodes):
            g0 += left[t + j]
            g1 += left[t + _T + j]
            g2 += left[t + _T2 + j]
            g3 += left[t + _T3 + j]
        b = begin + o * across + ins
        slope[b] += g0
        slope[b + across] += g1
        slope[b + _2 * across] += g2
        slope[b + _3 * across] += g3
        o += _4
    while o < outs:
        t = outer + o * _T
        i = _0
        while i + _4 <= ins:
            s = inner + i * _T
            g0, g1, g2, g3 = 0.0, 0.0, 0.0, 0.0
            for j in range(nodes):
                d = left[t + j]
                g0 += d * right[s + j]
                g1 += d * right[s + _T + j]
                g2 += d * right[s + _T2 + j]
                g3 += d * right[s + _T3 + j]
            b = begin + o * across + i
            slope[b] += g0
            slope[b + _1] += g1
            slope[b + _2] += g2
            slope[b + _3] += g3
            i += _4
        while i < ins:
            s = inner + i * _T
            g = 0.0
            for j in range(nodes):
                g += left[t + j] * right[s + j]
            slope[begin + o * across + i] += g
            i += _1
        g = 0.0
        for j in range(nodes):
            g += left[t + j]
        slope[begin + o * across + ins] += g
        o += _1


@fast_kernel
def _neurons(reads: Any, rows: Any, gives: Any, level: Any) -> Any:
    return gives[level] - rows[level] if gives[level] != rows[level] else reads[level + 1]


@fast_kernel
def _pool(read: Any, base: Any, target: Any, outs: Any, n: Any) -> None:
    """Write the products of the first and the second half of `outs` rows; an odd number is filled up with 1."""
    half = (outs + _1) // _2
    for i in range(outs // _2):
        t, u, v = target + i * _T, base + i * _T, base + (half + i) * _T
        for j in range(n):
            read[t + j] = read[u + j] * read[v + j]
    if outs % _2 == _1:
        t, u = target + (half - _1) * _T, base + (half - _1) * _T
        for j in range(n):
            read[t + j] = read[u + j]


@fast_kernel
def _pull(delta: Any, spare: Any, read: Any, base: Any, outs: Any, n: Any) -> None:
    """Multiply the derivatives of `outs` pooled rows with what `spare`, the derivatives by their products, makes."""
    half = (outs + _1) // _2
    for i in range(outs // _2):
        s, u, v = i * _T, base + i * _T, base + (half + i) * _T
        for j in range(n):
            delta[u + j] *= spare[s + j] * read[v + j]
            delta[v + j] *= spare[s + j] * read[u + j]
    if outs % _2 == _1:
        s, u = (half - _1) * _T, base + (half - _1) * _T
        for j in range(n):
            delta[u + j] *= spare[s + j]


@fast_kernel
def loss_and_slope(parameters: Any, slope: Any, shape: Any, data: Any, formula: Any, rooms: Any) -> float:
    """Return Σ weights · |network − values|², and write its derivatives by all parameters to `slope`.

    Parameters
    ----------
    parameters, slope
        (P,) layer by layer, row by row, the bias last in its row.
    shape
        (reads, rows, gives, begins, kinds), (L + 1,) the first, (L,) the others: how many values each layer reads, the
        last one gives; where its neurons start in the rooms, counted in rows, and where the values that it gives, which
        are elsewhere if it is pooled; where its parameters start; the kind of each neuron, see `activate`.
    data
        (points, weights, values, nodes): tiles one after the other, the number of nodes.
    formula
        (knots, table) of the piecewise polynomial among the activations, see `activate`.
    rooms
        Scratch: values, and derivatives or pre-activations, of all neurons on a tile; derivatives of one layer.
    """
    reads, rows, gives, begins, kinds = shape
    points, weights, values, nodes = data
    knots, table = formula
    read, delta, spare = rooms
    last = len(begins) - 1
    slope[:] = 0.0
    loss = 0.0
    start, tile = _0, _0
    while start < nodes:
        n = min(_T, nodes - start)
        place = tile * reads[0] * _T
        for level in range(last + 1):
            outs, ins, begin = _neurons(reads, rows, gives, level), reads[level], begins[level]
            base = rows[level] * _T
            for o in range(outs):
                bias = parameters[begin + o * (ins + _1) + ins]
                t = base + o * _T
                for j in range(n):
                    delta[t + j] = bias
            if level == 0:
                add_products(delta, base, points, place, parameters, begin, ins + _1, _1, outs, ins, n)
            else:
                below = gives[level - 1] * _T
                add_products(delta, base, read, below, parameters, begin, ins + _1, _1, outs, ins, n)
            if level < last:
                activate(kinds, knots, table, rows[level], delta, read, outs, n)
                if gives[level] != rows[level]:
                    _pool(read, base, gives[level] * _T, outs, n)
        outs = reads[last + 1]
        base = rows[last] * _T
        for o in range(outs):
            t, y, w = base + o * _T, (tile * outs + o) * _T, tile * _T
            part = 0.0
            for j in range(n):
                residual = delta[t + j] - values[y + j]
                cotangent = 2.0 * weights[w + j] * residual
                delta[t + j] = cotangent
                part += 0.5 * cotangent * residual
            loss += part
        for back in range(last + 1):
            level = last - back
            outs, ins, begin = _neurons(reads, rows, gives, level), reads[level], begins[level]
            base = rows[level] * _T
            if level == 0:
                add_inner_products(slope, begin, ins + _1, delta, base, points, place, outs, ins, n)
                break
            below = gives[level - 1] * _T
            add_inner_products(slope, begin, ins + _1, delta, base, read, below, outs, ins, n)
            for i in range(ins):
                t = i * _T
                for j in range(n):
                    spare[t + j] = 0.0
            add_products(spare, _0, delta, base, parameters, begin, _1, ins + _1, ins, outs, n)
            if gives[level - 1] != rows[level - 1]:
                _pull(delta, spare, read, rows[level - 1] * _T, gives[level - 1] - rows[level - 1], n)
                continue
            for i in range(ins):
                t, s = below + i * _T, i * _T
                for j in range(n):
                    delta[t + j] *= spare[s + j]
        start += n
        tile += _1
    return loss
