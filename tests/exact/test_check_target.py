"""A target is refused where it contradicts itself."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from ratelab import Target, UserError, load_plugins
from ratelab.exact import check_target
from ratelab.registry import Ball, PiecewisePolynomial, SelfSimilar

TARGETS = load_plugins().targets
LINE = PiecewisePolynomial((), ((Fraction(0), Fraction(1)),))
BAD = {
    "its enclosure": Target("bad", lambda x: np.sin(x[:, 0]), enclosure=lambda x: x.cos()),
    "enclosure, moments or energy failed": Target("bad", lambda x: x[:, 0], enclosure=lambda x: x.no_such()),
    "its pieces give": Target("bad", lambda x: x[:, 0] ** 2, pieces=LINE),
    "its moments or energy": Target(
        "bad", lambda x: x[:, 0] ** 2, moments=TARGETS["sqrt"].moments, energy=TARGETS["sqrt"].energy
    ),
    "values; studies take": Target("bad", lambda x: np.repeat(x, 2, axis=1)),
    "variables; studies take": Target("bad", lambda x: x[:, 0], domain=((0, 1),) * 3),
    "values reach": Target("bad", lambda x: 1e200 * x[:, 0]),
    "real numbers": Target("bad", lambda x: x[:, 0] + 1j),
    "function failed": Target("bad", lambda x: x[:, 3]),
    "inf": Target("bad", lambda x: np.where(x[:, 0] == 0, -np.inf, x[:, 0])),
}


@pytest.mark.parametrize("message", BAD)
def test_a_target_that_contradicts_itself_is_refused(message: str) -> None:
    with pytest.raises(UserError, match=f"target 'bad'.*{message}"):
        check_target(BAD[message])


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_every_target_that_ships_passes(name: str) -> None:
    check_target(TARGETS[name])


@pytest.mark.parametrize(
    "label", ["gaussian(dimension=2)", "cusp(at=0.3)", "cusp(exponent=1)", "takagi(exponent=2)"]
)
def test_members_of_families_pass(label: str) -> None:
    check_target(TARGETS[label])


def test_an_enclosure_may_return_a_constant() -> None:
    from flint import arb

    import ratelab as rl

    constant = Target("one", lambda x: np.ones(len(x)), enclosure=lambda x: arb(1))
    check_target(constant)
    bracket = rl.best.bracket(constant, 2)
    assert bracket.lower == 0.0 and bracket.upper < 1e-12
    network = rl.Network.dense([[[1.0]], [[1.0]]], [[0.0], [0.0]])
    found = rl.exact.certified_error(network, constant)
    assert found.lower <= 3**-0.5 <= found.upper and found.certainty == "rigorous"


def test_a_declared_set_must_be_where_the_function_is_one():
    disc = load_plugins().targets["disc"]
    check_target(disc)
    with pytest.raises(UserError, match="indicator of Ball"):
        check_target(replace(disc, indicator_of=Ball((0.5, 0.5), 0.2)))


@pytest.mark.parametrize("name", ["takagi", "takagi(exponent=0.3)", "takagi(exponent=3)", "cantor", "square"])
def test_functions_that_repeat_themselves_pass(name):
    check_target(TARGETS[name])


@pytest.mark.parametrize("exponent", [1.0, 3.0])
def test_a_declared_repetition_must_be_seen(exponent):
    halves = SelfSimilar((Fraction(0), Fraction(1, 2)), Fraction(1, 2), exponent, (False, True))
    with pytest.raises(UserError, match="is no copy of the whole with the exponent"):
        check_target(replace(TARGETS["sqrt"], self_similar=halves))
    with pytest.raises(UserError, match="is no copy of the whole"):
        check_target(replace(TARGETS["takagi(exponent=2.5)"], self_similar=halves))


def test_between_copies_a_self_similar_function_is_affine():
    quarters = SelfSimilar((Fraction(0), Fraction(3, 4)), Fraction(1, 4), 1.0, (False, True))
    with pytest.raises(UserError, match=r"is not affine|is no copy"):
        check_target(replace(TARGETS["takagi"], self_similar=quarters))
