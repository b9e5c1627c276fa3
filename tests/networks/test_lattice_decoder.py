"""The lattice: codes are what they claim, bases are bases, and too much is refused."""

from fractions import Fraction
from math import pi

import mpmath
import numpy as np
import pytest
from flint import fmpq, fmpz

from ratelab._errors import UserError
from ratelab.networks._decoder_lattice import reduced_lattice
from ratelab.networks._grade_code import Decoder, GradeCode
from ratelab.networks._lattice_decoder import LatticeDecoder
from ratelab.networks._numbers import fraction
from ratelab.networks._sine_decoder import SineDecoder

DECODER = LatticeDecoder()


def _values(cells, seed=0):
    drawn = np.random.default_rng([cells, seed]).integers(-(10**6), 10**6, cells)
    return [fmpq(int(x), 10**6) for x in drawn]


@pytest.mark.parametrize("cells", [1, 2, 3, 4, 8, 16, 24])
@pytest.mark.parametrize("seed", [0, 1])
def test_an_independent_evaluation_finds_the_values(cells, seed):
    values = _values(cells, seed)
    code = DECODER.encode(values, 2.0**-40)
    assert code.inner == 1 and code.outer.q == 1
    largest = max(abs(float(fraction(r))) for r in values)
    with mpmath.workdps(int(code.precision / 3.3) + 40):
        scale = fraction(code.scale)
        u, v = mpmath.mpf(scale.numerator) / scale.denominator, mpmath.mpf(int(code.outer.p))
        worst = max(
            abs(u * mpmath.sin(v * mpmath.sin(k)) - mpmath.mpf(int(r.p)) / int(r.q))
            for k, r in enumerate(values, 1)
        )
        assert worst <= code.tolerance <= 2.0**-40 * largest
        assert worst >= code.tolerance * (1 - 1e-9)


@pytest.mark.parametrize("cells", [4, 16, 24])
def test_v_is_about_as_long_as_the_closed_form_s(cells):
    values = _values(cells)
    assert DECODER.encode(values, 2.0**-40).bits <= SineDecoder().encode(values, 2.0**-40).bits + 2 * cells


@pytest.mark.parametrize("accuracy", [0.3, 1e-3, 2.0**-80])
def test_accuracies_from_coarse_to_fine_are_met(accuracy):
    values = _values(6)
    assert DECODER.encode(values, accuracy).tolerance <= accuracy


def test_a_row_holds_a_multiple_and_what_it_misses():
    """Entries are m · sin(k)/2π minus an integer, and the determinant is the unit's: nothing was lost on the way."""
    lattice = reduced_lattice(5, 90)
    assert abs(lattice.basis.det()) == fmpz(1) << (5 * lattice.places)
    with mpmath.workdps(120):
        for row in lattice.basis.tolist():
            for k in range(1, 6):
                phase = int(row[0]) * mpmath.sin(k) / (2 * mpmath.pi)
                stray = phase - mpmath.mpf(int(row[k])) / 2**lattice.places
                assert abs(stray - mpmath.nint(stray)) < mpmath.mpf(2) ** (-lattice.places + 100)
    assert np.max(np.abs(lattice.floats)) < 16  # in units of 2^-bits: reduced


def test_the_nearest_multiple_meets_the_phases():
    lattice = reduced_lattice(6, 7 * 20)
    phases = [Fraction(k, 7) for k in range(1, 7)]
    units = [fmpz((p.numerator << lattice.places) // p.denominator) for p in phases]
    multiple, missed = lattice.nearest(units)
    with mpmath.workdps(80):
        for k, phase in enumerate(phases, 1):
            gap = multiple * mpmath.sin(k) / (2 * mpmath.pi) - mpmath.mpf(phase.numerator) / phase.denominator
            gap -= mpmath.nint(gap)
            assert abs(gap) < 2.0**-17 and float(gap) == pytest.approx(missed[k - 1], abs=2.0**-40)


def test_zeros_need_nothing():
    code = DECODER.encode([fmpq(0)] * 3, 2.0**-40)
    assert code.scale == 0 and code.bits == 0 and float(code.decoded()[0]) == 0


def test_what_takes_too_long_is_refused():
    with pytest.raises(UserError, match="'lattice' was given 65 cells"):
        DECODER.encode([fmpq(1)] * 65, 2.0**-10)
    with pytest.raises(UserError, match=r"at most 4,096 bits; 64 cells to .* 'closed-form'"):
        DECODER.encode([fmpq(1)] * 64, 2.0**-100)


def test_a_failure_is_said_and_never_a_wrong_number(monkeypatch):
    monkeypatch.setattr("ratelab.networks._lattice_decoder._GROWTH", (-8,))
    with pytest.raises(UserError, match="found no v for 5 cells"):
        DECODER.encode(_values(5), 2.0**-30)


def test_the_contract_is_kept():
    assert isinstance(DECODER, Decoder) and isinstance(DECODER.encode(_values(2), 0.1), GradeCode)
    assert DECODER.inner(7, 0.1) == 1


def test_the_choice_of_half_a_turn_minus_the_phase_has_the_same_sine():
    assert np.sin(2 * pi * (0.5 - 0.1)) == pytest.approx(np.sin(2 * pi * 0.1))
