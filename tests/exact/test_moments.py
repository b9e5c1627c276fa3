"""Cell moments enclose the true projections, whichever certificate a target supplies."""

from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
from flint import arb, arb_series, ctx
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelab import Target, UserError, load_plugins
from ratelab.exact import CellMoments, cell_edges, cell_moments
from ratelab.exact._cell_integrals import cell_projector
from ratelab.registry import PiecewisePolynomial


def square_root_moments(a: Any, b: Any, degree: int) -> list[Any]:
    return [(b.sqrt() * b ** (k + 1) - a.sqrt() * a ** (k + 1)) * 2 / (2 * k + 3) for k in range(degree + 1)]


def cusp(x: Any) -> Any:
    shifted = x - arb(1) / 3
    if isinstance(x, arb_series):
        return (shifted if shifted[0] > 0 else -shifted).sqrt()
    return abs(shifted).sqrt() if not shifted.contains(0) else arb(0).union(abs(shifted).upper().sqrt())


HALF, THIRD = Fraction(1, 2), Fraction(1, 3)
TARGETS = {
    "exp": (
        Target("exp", lambda x: np.exp(x[:, 0]), enclosure=lambda x: x.exp()),
        mpmath.exp,
    ),
    "sine": (
        Target("sine", lambda x: np.sin(9 * x[:, 0]), enclosure=lambda x: (9 * x).sin()),
        lambda x: mpmath.sin(9 * x),
    ),
    "sqrt": (
        Target(
            "sqrt",
            lambda x: np.sqrt(x[:, 0]),
            singular_points=(0.0,),
            moments=square_root_moments,
            energy=lambda a, b: (b * b - a * a) / 2,
        ),
        mpmath.sqrt,
    ),
    "cusp": (
        Target("cusp", lambda x: np.sqrt(abs(x[:, 0] - 1 / 3)), singular_points=(THIRD,), enclosure=cusp),
        lambda x: mpmath.sqrt(abs(x - mpmath.mpf(1) / 3)),
    ),
    "broken": (
        Target(
            "broken",
            lambda x: np.where(x[:, 0] < 1 / 3, x[:, 0] ** 2, 1.0),
            singular_points=(THIRD,),
            pieces=PiecewisePolynomial((THIRD,), ((Fraction(0), Fraction(0), Fraction(1)), (Fraction(1),))),
        ),
        lambda x: x * x if x < mpmath.mpf(1) / 3 else mpmath.mpf(1),
    ),
}


def true_error(moments: CellMoments, cell: int, function: Any) -> float:
    """L2 norm over one cell of the true projection minus the stored one, in 30 digits."""
    with mpmath.workdps(30):
        a, b = (mpmath.mpf(float(x)) for x in moments.edges[cell : cell + 2])
        third = mpmath.mpf(1) / 3
        total = mpmath.mpf(0)
        for k, stored in enumerate(moments.coefficients[cell]):

            def integrand(x: Any, k: int = k) -> Any:
                return function(x) * mpmath.legendre(k, (2 * x - a - b) / (b - a))

            # √ needs a substitution-like rule near its zero: many shrinking panels
            anchor = third if a < third < b else a
            panels = sorted(
                {a, b, *(p for j in range(24) for p in (anchor - 9.0**-j, anchor + 9.0**-j) if a < p < b)}
            )
            panels = sorted({*panels, anchor})
            true = (2 * k + 1) / (b - a) * mpmath.quad(integrand, panels)
            total += (true - float(stored)) ** 2 * (b - a) / (2 * k + 1)
        return float(mpmath.sqrt(total))


@pytest.mark.parametrize("name", TARGETS)
def test_the_stored_projection_is_within_its_radius(name: str) -> None:
    target, function = TARGETS[name]
    edges = np.array([0.0, 0.03125, 0.3, 0.45, 1.0])
    moments = cell_moments(target, edges, 2)
    assert moments.certainty == "rigorous"
    for cell in range(len(edges) - 1):
        assert true_error(moments, cell, function) <= moments.radius[cell] * (1 + 1e-9) + 1e-22
    assert moments.radius.max() < 1e-15


def test_a_radius_is_not_much_larger_than_rounding_on_graded_cells() -> None:
    for name in TARGETS:
        target, _ = TARGETS[name]
        moments = cell_moments(target, cell_edges(target, 512), 3)
        assert moments.certainty == "rigorous"
        assert np.sqrt((moments.radius**2).sum()) < 1e-15 * np.sqrt((moments.coefficients[:, 0] ** 2).max())


@given(st.lists(st.floats(0.0, 1.0, width=32), min_size=2, max_size=6, unique=True), st.integers(0, 4))
@settings(max_examples=25, deadline=None)
def test_pieces_moments_and_enclosure_agree_within_their_radii(points: list[float], degree: int) -> None:
    edges = np.array(sorted(points))
    given_as: list[dict[str, Any]] = [
        {"pieces": PiecewisePolynomial((HALF,), ((Fraction(0), Fraction(0), Fraction(1)),) * 2)},
        {
            "moments": lambda a, b, n: [(b ** (k + 3) - a ** (k + 3)) / (k + 3) for k in range(n + 1)],
            "energy": lambda a, b: (b**5 - a**5) / 5,
        },
        {"enclosure": lambda x: x * x},
    ]
    found = [
        cell_moments(Target("square", lambda x: x[:, 0] ** 2, **route), edges, degree) for route in given_as
    ]
    weights = np.sqrt(np.diff(edges)[:, None] / (2 * np.arange(degree + 1) + 1))
    for other in found[1:]:
        gap = np.sqrt((((other.coefficients - found[0].coefficients) * weights) ** 2).sum(axis=1))
        assert (gap <= (other.radius + found[0].radius) * (1 + 1e-9)).all()


def test_the_remainder_is_the_target_less_the_reference() -> None:
    target, _ = TARGETS["exp"]
    edges = cell_edges(target, 64)
    moments = cell_moments(target, edges, 3)
    nodes = (edges[1:] + edges[:-1])[:, None] / 2 + np.diff(edges)[:, None] / 2 * np.linspace(-1, 1, 5)
    local = np.linspace(-1, 1, 5)
    difference = np.stack(
        [np.polynomial.legendre.legval(local, row) for row in (moments.coefficients - moments.remainder)]
    )
    assert np.allclose(
        difference, np.polynomial.legendre.legval(2 * nodes - 1, moments.reference), atol=1e-14
    )
    assert moments.remainder_radius.max() < 1e-3 * moments.radius.max()


def test_without_a_certificate_the_projection_is_only_numerical() -> None:
    plain = Target("plain", lambda x: np.exp(x[:, 0]))
    moments = cell_moments(plain, cell_edges(plain, 128), 2)
    certified = cell_moments(TARGETS["exp"][0], moments.edges, 2)
    assert moments.certainty == "numerical" and "no enclosure" in moments.reason
    assert np.abs(moments.coefficients - certified.coefficients).max() < 1e-14


def test_an_enclosure_that_fails_at_an_undeclared_singular_point_is_not_called_rigorous() -> None:
    target = Target("root", lambda x: np.sqrt(x[:, 0]), enclosure=lambda x: x.sqrt())
    moments = cell_moments(target, np.linspace(0, 1, 5), 1)
    assert moments.certainty == "numerical" and "not finite" in moments.reason


def test_the_working_precision_is_left_as_it_was() -> None:
    before = ctx.prec, ctx.cap
    for target, _ in TARGETS.values():
        cell_moments(target, np.array([0.0, 0.5, 1.0]), 2)
    assert (ctx.prec, ctx.cap) == before


@pytest.mark.parametrize("edges", [[0.0], [0.0, 0.0, 1.0], [0.5, 0.2], [-1.0, 1.0]])
def test_edges_outside_the_domain_or_out_of_order_are_refused(edges: list[float]) -> None:
    with pytest.raises(UserError, match="edges must increase strictly"):
        cell_moments(TARGETS["exp"][0], np.array(edges), 1)


def test_cells_without_singular_points_are_dyadic() -> None:
    edges = cell_edges(TARGETS["exp"][0], 1000)
    assert len(edges) == 1025 and (edges * 1024 == np.arange(1025)).all()


def test_cells_keep_every_grid_point() -> None:
    edges = cell_edges(Target("path", lambda x: x[:, 0], grid=96), 800)
    assert {i / 96 for i in range(97)} <= set(edges.tolist()) and len(edges) == 769


def test_a_float_singular_point_is_an_edge_and_a_rational_one_lies_between_neighbouring_floats() -> None:
    edges = cell_edges(Target("two", lambda x: x[:, 0], singular_points=(THIRD, 0.75)), 2000)
    assert 0.75 in edges
    index = int(np.searchsorted(edges, 1 / 3, side="right")) - 1
    low, high = edges[index], edges[index + 1]
    assert Fraction(low) < THIRD < Fraction(high) and np.nextafter(low, 1.0) == high
    assert (np.diff(edges) > 0).all() and edges[0] == 0 and edges[-1] == 1
    assert 1600 < len(edges) < 2400


def test_graded_cells_shrink_towards_a_singular_end() -> None:
    edges = cell_edges(TARGETS["sqrt"][0], 4096)
    widths = np.diff(edges)
    assert edges[1] < 2.0**-40 and widths.max() < 2 / 4096
    assert (widths[edges[:-1] > 0] / edges[:-1][edges[:-1] > 0] <= 0.1).all()


@pytest.mark.parametrize("ends", [(0.25, 0.251953125), (0.0, 1.0)], ids=["one model", "divided"])
def test_balls_hold_the_true_coefficients_far_below_float_rounding(ends: tuple[float, float]) -> None:
    target, function = TARGETS["sine"]
    before = ctx.prec, ctx.cap
    try:
        balls = cell_projector(target, np.array(ends), 3)(*ends)
        with mpmath.workdps(45):
            a, b = (mpmath.mpf(x) for x in ends)
            for k, ball in enumerate(balls):
                true = mpmath.quad(
                    lambda x, k=k: function(x) * mpmath.legendre(k, (2 * x - a - b) / (b - a)),
                    [a, (a + b) / 2, b],
                )
                assert ball.overlaps(arb(mpmath.nstr(true * (2 * k + 1) / (b - a), 42)))
                assert 0 < float(ball.rad()) < 1e-17
    finally:
        ctx.prec, ctx.cap = before


def test_a_quotient_is_projected_on_a_cell_so_wide_that_its_divisor_may_vanish_there():
    """The mean of 1/(1 + 25 (2x − 1)²) on [0, 1] is arctan(5)/5."""
    found = cell_moments(load_plugins().targets["runge"], np.array([0.0, 1.0]), 2)
    assert found.certainty == "rigorous"
    assert abs(found.coefficients[0, 0] - np.arctan(5) / 5) < 1e-15


@pytest.mark.parametrize("width", [0.005, 0.01, 0.0125])
def test_a_narrow_bump_is_projected_on_a_cell_whose_series_leaves_float64(width: float) -> None:
    """Its mean is width · √(2π) · erf(1/(2√2 width)), the last factor 1 to rounding."""
    bump = load_plugins().targets[f"gaussian(width={width})"]
    found = cell_moments(bump, np.array([0.0, 1.0]), 0)
    assert found.certainty == "rigorous"
    assert abs(found.coefficients[0, 0] / (width * np.sqrt(2 * np.pi)) - 1) < 1e-14
