"""Sizes, shifts and errors of networks for sin 2πx / 2π, √x and a jump, whose cell averages have closed forms."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from ratelab.networks._layerwise_build import layerwise_network


def wave(side: int) -> Any:
    x = np.arange(side + 1) / side
    return side * -np.diff(np.cos(2 * np.pi * x)) / (4 * np.pi**2)


def root(side: int) -> Any:
    return side * np.diff((np.arange(side + 1) / side) ** 1.5) * 2 / 3


def jump(side: int) -> Any:
    return [max(min((k + 1) - Fraction(side, 3), Fraction(1)), Fraction(0)) for k in range(side)]


@pytest.mark.parametrize(
    ("function", "base", "grades", "width", "parameters", "shift"),
    [
        (wave, 2, 5, 7, 350, 1.19), (root, 2, 5, 7, 350, 2.22), (jump, 3, 3, 9, 378, 2.33),
        (wave, 4, 3, 11, 550, 1.19), (root, 8, 2, 19, 1178, 2.25),
    ],
)  # fmt: skip
def test_sizes_and_shifts_are_the_known_ones(
    function: Any, base: int, grades: int, width: int, parameters: int, shift: float
) -> None:
    net = layerwise_network([function(base**level) for level in range(grades + 1)], dimension=1, base=base)
    assert (net.width, len(net.network.widths)) == (width, grades + 2)
    assert net.parameters(grades, head=False) == parameters
    assert float(net.offset) == pytest.approx(shift, abs=0.005)
    generator = np.random.default_rng(0)
    x = generator.random((20, 1))
    cells = np.floor(x[:, 0] * base**grades).astype(int)
    forward = np.array([float(v.mid()) for v in net.values(x, grades)])
    assert np.abs(forward - net.cell_values(grades)[cells]).max() < 1e-16
    for level in range(1, grades + 1):
        k = generator.integers(1, base**level)
        sigma = [Fraction(n, 64) for n in range(1, 64)]
        inside = [[(int(k) - s * net.ramp) / base**level] for s in sigma]
        assert net.inside_ramps(inside, level).all() or int(k) % base == 0
        assert max(abs(float(v.mid())) for v in net.values(inside, grades)) <= float(net.offset)


def test_a_grade_may_bring_nothing() -> None:
    """Averages of the wave over halves and quarters coincide; the third grade corrects again."""
    net = layerwise_network([wave(2**level) for level in range(4)], dimension=1, base=2)
    assert float(net.codes[1].scale.p) / float(net.codes[1].scale.q) < 1e-10
    assert np.abs(np.repeat(net.cell_values(1), 2) - net.cell_values(2)).max() < 1e-12
    assert float(net.codes[2].scale.p) / float(net.codes[2].scale.q) > 1e-2
    assert net.decoder_error(3) < 1e-12
