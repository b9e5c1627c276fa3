"""Bits and fingerprints of a layer-wise network's parameters."""

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from flint import fmpq

from ratelab.networks._layerwise_layers import outer
from ratelab.networks._numbers import text

if TYPE_CHECKING:
    from ratelab.networks._layerwise import LayerwiseNetwork


class ParameterBits(NamedTuple):
    """How long a kind of parameter is in one layer.

    Attributes
    ----------
    parameter
        ``shift`` (start of the accumulator), ``corner`` (weights of carried corners), ``step weight``, ``step bias``,
        ``inner`` (w, with the places that it is multiplied by), ``outer`` (v), ``scale`` (u).
    layer
        Hidden layer, from 1 on; for a ``scale`` of the last grade the head's, L + 3.
    grade
        Which grade or level it belongs to, 0 for the shift.
    bits
        Of the longest of its numbers: both integers of a ratio, or a dyadic number's mantissa and exponent's size.
    """

    parameter: str
    layer: int
    grade: int
    bits: int


def number_bits(value: fmpq) -> int:
    """Return the bits of numerator and denominator together: what it takes to write the ratio down."""
    return int(abs(value.p)).bit_length() + int(value.q).bit_length() - 1


def parameter_bits(network: "LayerwiseNetwork") -> tuple[ParameterBits, ...]:
    """Return the bits of each kind of parameter, layer by layer."""
    return tuple(sorted(_rows(network), key=lambda row: (row.layer, row.parameter)))


def _rows(network: "LayerwiseNetwork") -> Iterator[ParameterBits]:
    shape, codes = network.shape, network.codes
    base = fmpq(shape.base)
    yield ParameterBits("shift", 1, 0, number_bits(network.shift + network.constant))
    for level in range(1, min(network.depth_max, network.grades + 2) + 1):
        slopes = [base**level / shape.ramp, base / shape.ramp]
        yield ParameterBits("step weight", level, level, max(map(number_bits, slopes)))
        biases = [(ahead - k) / shape.ramp for k in range(1, shape.base) for ahead in (shape.ramp, fmpq(0))]
        yield ParameterBits("step bias", level, level, max(map(number_bits, biases)))
        if level <= network.grades + 1:
            yield ParameterBits("corner", level + 1, level, number_bits(1 / base**level))
            if network.sines:
                w = network.inner(level)
                places = [w * p * base**n for p in shape.places(level) for n in (0, level)]
                yield ParameterBits("inner", level + 1, level, max(map(number_bits, [w, *places])))
    for grade, code in enumerate(codes, start=1):
        if network.sines:
            yield ParameterBits("outer", grade + 2, grade, number_bits(outer(code)))
            yield ParameterBits("scale", grade + 3, grade, number_bits(code.scale))
        else:
            yield ParameterBits("values", grade + 2, grade, code.bits)


def prefix_hash(network: "LayerwiseNetwork", level: int) -> str:
    """Return the fingerprint of a prefix, see `LayerwiseNetwork.prefix_hash`."""
    digest = hashlib.sha256()
    for line in _lines(network, level):
        digest.update(line.encode() + b"\n")
    return digest.hexdigest()


def _lines(network: "LayerwiseNetwork", level: int) -> Iterator[str]:
    if network.sines:
        full = network.network
        for layer in full.layers[: level + 2]:
            yield f"layer {layer.weight.shape}"
            yield from map(text, (*layer.weight.flat, *layer.bias.flat))
            yield from (activation.name for activation in layer.activations)
        head = full.readouts[level]
        yield f"head {head.layer}"
        yield from map(text, (*head.weight.flat, *head.bias.flat))
        return
    yield f"{network.decoder.name} {network.dimension} {network.base}"
    yield from map(text, (network.shape.ramp, network.shift))
    for table in network.tables[: level + 1]:
        yield "cells"
        yield from map(text, table.values)
