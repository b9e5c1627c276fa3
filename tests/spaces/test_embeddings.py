"""Embeddings are a partial order, agree with the rates of explicit functions, and never contradict each other."""

from fractions import Fraction
from itertools import product
from math import inf, isnan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelab import Smoothness, Target, UserError
from ratelab.networks import power
from ratelab.registry import SelfSimilar
from ratelab.spaces._depth_growth import DepthGrowth
from ratelab.spaces._embedding_lattice import embedding_lattice
from ratelab.spaces._embeddings import Space, embeds, equal
from ratelab.spaces._prediction_smoothness import implied_rate, implied_smoothness
from ratelab.spaces._predictions import predict

DEPTHS = (2, 3, 4, 5, 8, "log", "log(factor=2)", "power(exponent=1/2)", "linear", "unbounded")
ORDERS = tuple(Fraction(k, 2) for k in range(1, 9))


def connected(alpha, depth, q=None, **given):
    return Space.approximation("W", alpha, q, depth, **given)


def neural(alpha, depth, q=None, **given):
    return Space.approximation("N", alpha, q, depth, **given)


def besov(s, **given):
    return Space.besov(s, **given)


def answer(first, second):
    return embeds(first, second).answer


@st.composite
def spaces(draw, degree=1):
    letter = draw(st.sampled_from("WNWNWNBX"))
    order = draw(st.sampled_from(ORDERS))
    if letter == "X":
        return Space.whole(degree)
    if letter == "B":
        return Space.besov(order, degree)
    q = draw(st.sampled_from([None, Fraction(2, 5), Fraction(1, 2), 1, 2, inf]))
    return Space.approximation(letter, order, q, draw(st.sampled_from(DEPTHS)), degree)


@pytest.mark.parametrize("degree", [1, 2])
def test_embeddings_are_transitive_and_reflexive(degree):
    @settings(max_examples=800, deadline=None)
    @given(spaces(degree), spaces(degree), spaces(degree))
    def check(first, second, third):
        assert answer(first, first) == "yes"
        if answer(first, second) == "yes" == answer(second, third):
            assert answer(first, third) == "yes"

    check()


@settings(max_examples=600, deadline=None)
@given(spaces(), spaces(), spaces())
def test_what_lies_inside_never_lies_outside(first, second, third):
    """Of first ⊂ second ⊂ third not both hold if first ⊄ third."""
    if answer(first, second) == "yes" and answer(first, third) == "no":
        assert answer(second, third) != "yes"
    if answer(second, third) == "yes" and answer(first, third) == "no":
        assert answer(first, second) != "yes"


def takagi(a):
    halves = SelfSimilar((Fraction(0), Fraction(1, 2)), Fraction(1, 2), a, (False, True))
    known = Smoothness(besov=a, hoelder=min(1.0, a), source="coefficients")
    return Target("takagi", lambda x: x[:, 0], smoothness=known, self_similar=halves)


@settings(max_examples=400, deadline=None)
@given(spaces(), spaces(), st.sampled_from([0.3, 0.7, 1.1, 1.7, 2.3, 3.1]))
def test_no_self_similar_function_contradicts_an_embedding(first, second, a):
    """T_a of a rate above α is in the first space; then its rate is at least that of the second."""

    def order(space):
        if space.letter == "B":
            return a
        name = "connections" if space.letter == "W" else "neurons"
        return predict(takagi(a), power(1), space.depth, name).low

    if "X" in (first.letter, second.letter) or answer(first, second) != "yes":
        return
    if order(first) > first.order:
        assert order(second) >= second.order


def test_the_chain_of_connections_and_neurons():
    for depth in (3, 4, 7):
        assert (
            answer(connected(1, depth), neural(1, depth)) == "yes"
            and answer(neural(1, depth), connected(1, depth)) == "no"
        )
        assert answer(neural(1, depth, q=1), connected(Fraction(1, 2), depth, q=1)) == "yes"
    assert equal(connected(5, 2, q=3), neural(5, 2, q=3))


def test_the_factor_two_is_sharp_at_depth_three():
    assert answer(neural(1, 3), connected(Fraction(51, 100), 3)) == "no"
    assert answer(neural(1, 3, q=1), connected(Fraction(1, 2), 3, q=1)) == "yes"


def test_shallow_spaces_are_besov_spaces_below_saturation():
    for alpha in (Fraction(1, 3), 1, Fraction(19, 10)):
        assert (
            equal(connected(alpha, 2), besov(alpha))
            and equal(neural(alpha, 2), besov(alpha))
            and equal(connected(alpha, 3), besov(alpha))
        )
    assert answer(besov(2), connected(2, 2)) == "unknown" and answer(connected(2, 2), besov(2)) == "yes"
    assert answer(besov(3), connected(Fraction(21, 10), 2)) == "no"
    assert equal(connected(Fraction(5, 2), 2, degree=2), besov(Fraction(5, 2), degree=2))


def test_the_fine_index_decides_at_equal_order():
    assert (
        answer(connected(1, 2, q=1), connected(1, 2, q=2)) == "yes"
        and answer(connected(1, 2, q=2), connected(1, 2, q=1)) == "unknown"
    )
    assert answer(connected(2, 2, q=2), connected(1, 2, q=Fraction(1, 9))) == "yes"
    assert (
        answer(connected(1, 2, q=2), besov(1)) == "unknown"
        and answer(connected(1, 2, q=Fraction(2, 3)), besov(1)) == "yes"
    )


def test_depth_counts_by_its_growth():
    assert (
        answer(connected(1, 2), connected(1, 4)) == "yes" and answer(connected(1, 4), connected(1, 3)) == "no"
    )
    assert answer(neural(1, 4), neural(1, 3)) == "no"
    assert answer(connected(1, "log(factor=2)"), connected(1, "log")) == "unknown"
    assert equal(connected(1, "linear"), connected(1, "unbounded")) and equal(
        neural(1, "linear"), neural(1, "unbounded")
    )
    assert answer(connected(2, 4), connected(Fraction(1, 2), 2)) == "yes"  # through a Besov space


def test_without_a_bound_on_depth_no_besov_space_holds_the_spaces():
    for depth, s in product(("log", "power(exponent=1/9)", "unbounded"), (Fraction(1, 100), 1)):
        assert answer(connected(50, depth), besov(s)) == "no" and answer(neural(50, depth), besov(s)) == "no"
    assert (
        answer(connected(1, "log"), Space.whole()) == "yes" and answer(Space.whole(), connected(1, 7)) == "no"
    )


@pytest.mark.parametrize(
    ("depth", "by_connections", "by_neurons"), [(2, 1, 1), (3, 1, 2), (4, 2, 3), (7, 3, 6)]
)
def test_besov_smoothness_is_divided_by_the_exponent_of_pieces(depth, by_connections, by_neurons):
    for space, share in ((connected, by_connections), (neural, by_neurons)):
        assert answer(space(1, depth), besov(Fraction(1, share))) == "yes"
        assert answer(space(1, depth), besov(Fraction(1, share) + Fraction(1, 99))) == "no"


def test_spaces_of_different_activations_or_norms_are_not_compared():
    with pytest.raises(UserError, match="both must agree"):
        embeds(connected(1, 2), connected(1, 2, degree=2))
    with pytest.raises(UserError, match="both must agree"):
        embeds(connected(1, 2), connected(1, 2, p=1))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: connected(0, 2), "α is 0"),
        (lambda: connected(1, 1), "depth is 1"),
        (lambda: connected(1, 2, q=-1), "q is -1"),
        (lambda: connected(1, 2, p=inf), "p is inf"),
        (lambda: besov(1, degree=0), "power of ReLU is 0"),
        (lambda: Space.approximation("V", 1, None, 2), "allowed: W, N"),
        (lambda: embedding_lattice([]), "at least one depth"),
        (lambda: embedding_lattice([2], []), "at least one α"),
        (lambda: embedding_lattice(["linear", "unbounded"]), "give the same spaces"),
    ],
)
def test_spaces_that_are_none_are_the_users_error(make, message):
    with pytest.raises(UserError, match=message):
        make()


def edges(lattice):
    return {
        (lattice.nodes[e.source].name, lattice.nodes[e.target].name): (
            e.relation,
            e.strict,
            lattice.factor(e),
        )
        for e in lattice.edges
    }


def test_the_lattice_has_the_chain_of_every_depth():
    found = edges(embedding_lattice([4, 2, "unbounded"], 1))
    assert found["W^1_2/3(2)", "N^1_2/3(2)"] == ("equal", False, 1)
    assert found["B^1", "W^1_2/3(2)"] == ("equal", False, 1)
    assert found["N^1_2/3(4)", "W^1/2_2/3(4)"] == ("embedded", True, Fraction(1, 2))
    assert found["W^1_2/3(4)", "B^1/2"] == ("embedded", False, Fraction(1, 2))
    assert found["N^1_2/3(4)", "B^1/3"] == ("embedded", False, Fraction(1, 3))
    assert found["W^1_2/3(2)", "W^1_2/3(4)"] == ("embedded", True, 1)
    assert found["W^1_2/3(unbounded)", "B^1/1000"][0] == "not embedded"
    assert found["W^1_2/3(unbounded)", "L_2"][2] is None


def test_a_lattice_of_several_orders_is_joined():
    lattice = embedding_lattice([2, 4], [1, 2])
    found = edges(lattice)
    assert found["W^2_2/5(4)", "W^1_2/3(4)"][0] == "embedded"
    assert len(set(lattice.nodes)) == len(lattice.nodes)


def test_every_edge_is_what_embeds_says():
    lattice = embedding_lattice([2, 3, 6, "log"], [Fraction(1, 2), Fraction(3, 2)], degree=2, p=1)
    for edge in lattice.edges:
        first, second = lattice.nodes[edge.source], lattice.nodes[edge.target]
        assert answer(first, second) == ("no" if edge.relation == "not embedded" else "yes")
        assert equal(first, second) == (edge.relation == "equal")
        assert edge.strict == (answer(second, first) == "no")


@pytest.mark.parametrize(("depth", "exponents"), [(2, (1, 1)), (3, (1, 2)), (4, (2, 3)), (6, (3, 5))])
def test_a_rate_implies_the_smoothness_of_the_embedding(depth, exponents):
    for complexity, exponent in zip(("connections", "neurons"), exponents, strict=True):
        found = implied_smoothness(1.5, depth, complexity)
        assert found.s == 1.5 / exponent
        assert 1 / found.q == pytest.approx(found.s + 0.5)


def test_smoothness_beyond_the_order_of_the_moduli_is_not_concluded():
    found = implied_smoothness(3.0, 2, "connections")
    assert isnan(found.s) and isnan(found.q) and "allowed: s < 2" in found.source
    assert implied_smoothness(3.0, 2, "connections", order=4).s == 3
    assert implied_smoothness(3.0, 2, "connections", r=3).s == 3
    with pytest.raises(UserError, match="at least 2"):
        implied_smoothness(1.0, 2, "connections", order=1)


def test_nothing_is_concluded_from_rates_of_unbounded_depth_or_in_the_uniform_norm():
    assert isnan(implied_smoothness(1.0, DepthGrowth.logarithmic(), "neurons").s)
    assert isnan(implied_smoothness(1.0, 2, "neurons", p=inf).s)


@pytest.mark.parametrize("depth", [2, 3, 4, 5])
@pytest.mark.parametrize("complexity", ["connections", "neurons"])
@pytest.mark.parametrize("s", [0.2, 0.9, 1.6])
def test_direct_then_inverse_never_gains_smoothness(depth, complexity, s):
    rate = implied_rate(s, depth, complexity).rate
    back = implied_smoothness(rate, depth, complexity).s
    assert back <= s and (depth > 2 or back == s)


def test_direct_estimates_end_where_their_range_does():
    assert implied_rate(5.0, 2, "neurons").rate == 2
    assert implied_rate(5.0, 2, "neurons", r=2).rate == 3
    assert implied_rate(5.0, 2, "neurons", r=2, p=inf).rate == 2
    assert implied_rate(5.0, DepthGrowth.unbounded(), "neurons", r=2).rate == 5
    assert implied_rate(1.0, 3, "connections", dimension=2).rate == 0.25
    assert isnan(implied_rate(1.0, 2, "connections", dimension=2).rate)
    assert "needs 3 layers" in implied_rate(1.0, 2, "connections", dimension=2).source
    assert implied_rate(1.0, 6, "connections", r=2, dimension=2).rate == 0.5
    assert "needs 6 layers" in implied_rate(1.0, 5, "connections", r=2, dimension=2).source
    assert "is empty" in implied_rate(1.0, 3, "connections", p=inf, dimension=2).source


@pytest.mark.parametrize("value", [0, -1.0, inf, "1"])
def test_rates_and_smoothness_are_positive_numbers(value):
    with pytest.raises(UserError, match="allowed: finite numbers above 0"):
        implied_smoothness(value, 2, "neurons")
    with pytest.raises(UserError, match="allowed: finite numbers above 0"):
        implied_rate(value, 2, "neurons")
