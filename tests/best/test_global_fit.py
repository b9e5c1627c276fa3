"""Global training: reference optima, brackets, several losses against enumeration, special data, bad input."""

from collections.abc import Callable
from itertools import combinations_with_replacement, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import linprog, minimize
from scipy.special import expit

from ratelab._errors import UserError
from ratelab.best import GlobalFit, Huber, Quantile, global_fit
from ratelab.networks import FitProblem, Layout, power
from ratelab.training import VariableProjection

Array = NDArray[np.float64]

LOSSES: dict[str, Callable[[Array, Array], float]] = {
    "squared": lambda y, f: float(np.sum((y - f) ** 2)),
    "absolute": lambda y, f: float(np.sum(np.abs(y - f))),
    "maximum": lambda y, f: float(np.max(np.abs(y - f))),
    "huber(threshold=0.2)": lambda y, f: float(
        np.sum(np.where(np.abs(y - f) <= 0.2, (y - f) ** 2 / 2, 0.2 * (np.abs(y - f) - 0.1)))
    ),
    "quantile(level=0.3)": lambda y, f: float(np.sum(np.where(y > f, 0.3 * (y - f), 0.7 * (f - y)))),
    "hinge": lambda y, f: float(np.sum(np.maximum(0.0, 1.0 - y * f))),
    "logistic": lambda y, f: float(np.sum(np.logaddexp(0.0, -y * f))),
}


def data(dimension: int, points: int) -> tuple[Array, Array]:
    random = np.random.default_rng(points + dimension)
    x = random.uniform(-1, 1, (points, dimension))
    return x, np.sin(3 * x.sum(axis=1)) + 0.3 * random.standard_normal(points)


def check(fit: GlobalFit, x: Array, y: Array, loss: str = "squared") -> None:
    """Value at the network itself, lower bound, gap, log."""
    outputs = fit.network(np.reshape(x, (len(y), -1)))[:, 0]
    assert fit.value == pytest.approx(LOSSES[loss](y, outputs), rel=1e-12, abs=1e-14)
    assert 0.0 <= fit.lower_bound <= fit.value
    assert fit.gap == fit.value - fit.lower_bound
    assert fit.network.depth == 2
    bounds, values = fit.log["lower_bound"], fit.log["value"]
    assert (np.diff(bounds) >= 0).all()
    assert (np.diff(values) <= 0).all()
    assert (bounds <= values).all()


REFERENCE = [
    (1, 10, 1, 38, 2.528483),
    (1, 10, 2, 741, 0.931148),
    (1, 20, 2, 3081, 1.959193),
    (1, 8, 3, 4960, 0.287751),
    (2, 8, 1, 114, 2.422306),
    (2, 12, 1, 266, 4.746546),
    (2, 20, 1, 762, 6.206092),
    (2, 8, 2, 6555, 0.768767),
    (2, 14, 2, 67161, 4.675331),
]


@pytest.mark.parametrize(("dimension", "points", "width", "patterns", "optimum"), REFERENCE)
def test_the_reference_optima_are_found(
    dimension: int, points: int, width: int, patterns: int, optimum: float
) -> None:
    x, y = data(dimension, points)
    fit = global_fit(x, y, width)
    check(fit, x, y)
    assert fit.value == pytest.approx(optimum, abs=6e-7)
    assert (fit.patterns, fit.status, fit.certainty) == (patterns, "optimal", "numerical")
    assert fit.gap <= 1e-6 * fit.value
    assert fit.network.widths == (width,)
    assert not fit.network.layers[-1].bias.any()


@pytest.mark.parametrize("seed", range(3))
def test_two_hundred_trained_starts_never_win(seed: int) -> None:
    random = np.random.default_rng([7, seed])
    x = random.uniform(-1, 1, (12, 1))
    y = np.sin(4 * x[:, 0]) + 0.3 * random.standard_normal(12)
    problem = FitProblem(
        x, np.ones(12), y[:, None], power(1), tuple((Layout.dense((1, 2, 1)), s) for s in range(200)), ((-1.0, 1.0),)
    )  # fmt: skip
    trained = min(result.loss for result in VariableProjection(steps=60, exchanges=2).fit(problem))
    fit = global_fit(x, y, 2, bias=True)
    check(fit, x, y)
    assert fit.value <= trained * (1 + 1e-9)
    assert fit.gap <= 1e-6


def masks(x: Array) -> list[Array]:
    """All partitions with a positive point, by linear programming."""
    homogeneous = np.concatenate([np.ones((len(x), 1)), x], axis=1)
    found = []
    for mask in product([0, 1], repeat=len(x)):
        sign = 2.0 * np.array(mask) - 1
        rows = -sign[:, None] * homogeneous
        feasible = linprog(np.zeros(rows.shape[1]), A_ub=rows, b_ub=-np.ones(len(rows)), bounds=(None, None))
        if feasible.status == 0 and any(mask):
            found.append(np.array(mask, dtype=float))
    return found


def enumerated(x: Array, y: Array, width: int, loss: str, free: Array) -> float:
    """Best value over every pattern, each programme in the neurons' own weights and nothing pruned."""
    count, homogeneous = len(y), np.concatenate([np.ones((len(x), 1)), x], axis=1)
    best = np.inf
    for chosen in combinations_with_replacement(list(product([1, -1], masks(x))), width):
        design = np.concatenate([s * m[:, None] * homogeneous for s, m in chosen] + [free], axis=1)
        size = homogeneous.shape[1]
        cone = np.zeros((width * count, design.shape[1]))
        for i, (_, m) in enumerate(chosen):
            cone[i * count : (i + 1) * count, i * size : (i + 1) * size] = (2 * m - 1)[:, None] * homogeneous
        best = min(best, programme(design, cone, y, loss))
    return best


def programme(design: Array, cone: Array, y: Array, loss: str) -> float:
    n, k = design.shape
    name = loss.split("(")[0]
    if name in ("squared", "huber", "logistic"):
        slopes: dict[str, Callable[[Array], Array]] = {
            "squared": lambda f: 2 * (f - y),
            "huber": lambda f: np.clip(f - y, -0.2, 0.2),
            "logistic": lambda f: -y * expit(-y * f),
        }
        found = minimize(
            lambda t: LOSSES[loss](y, design @ t), np.zeros(k), jac=lambda t: design.T @ slopes[name](design @ t),
            method="SLSQP", options={"ftol": 1e-13, "maxiter": 300},
            constraints={"type": "ineq", "fun": lambda t: cone @ t, "jac": lambda t: cone},
        )  # fmt: skip
        return float(found.fun) if (cone @ found.x).min(initial=0.0) > -1e-8 else np.inf
    if name == "maximum":
        one = np.ones((n, 1))
        rows, right, extra = np.block([[design, -one], [-design, -one]]), np.concatenate([y, -y]), 1
    else:
        up, down, target = {
            "absolute": (1.0, 1.0, y), "quantile": (0.3, 0.7, y), "hinge": (1.0, 0.0, np.ones(n))
        }[name]  # fmt: skip
        side = y[:, None] * design if name == "hinge" else design
        eye = np.eye(n)
        rows = np.block([[-up * side, -eye], [down * side, -eye]])
        right, extra = np.concatenate([-up * target, down * target]), n
    rows = np.concatenate([rows, np.concatenate([-cone, np.zeros((len(cone), extra))], axis=1)])
    cost = np.concatenate([np.zeros(k), np.ones(extra)])
    found = linprog(cost, rows, np.concatenate([right, np.zeros(len(cone))]), bounds=(None, None))
    return float(found.fun) if found.status == 0 else np.inf


CASES = [(1, 5, 2, ""), (2, 5, 1, "bias"), (1, 6, 1, "skip"), (3, 5, 1, "")]


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(("dimension", "points", "width", "kind"), CASES)
def test_every_loss_agrees_with_full_enumeration(
    loss: str, dimension: int, points: int, width: int, kind: str
) -> None:
    x, y = data(dimension, points)
    if loss in ("hinge", "logistic"):
        y = np.array([1.0, -1, 1, 1, -1, 1])[:points]
    fit = global_fit(x, y, width, loss=loss, bias=kind == "bias", skip=kind == "skip", tolerance=1e-8)
    check(fit, x, y, loss)
    homogeneous = np.concatenate([np.ones((points, 1)), x], axis=1)
    free = homogeneous[:, : {"": 0, "bias": 1, "skip": dimension + 1}[kind]]
    assert fit.value == pytest.approx(enumerated(x, y, width, loss, free), abs=2e-7)
    assert fit.gap <= 1e-6


@pytest.mark.parametrize("loss", LOSSES)
def test_a_bracket_on_larger_data_is_closed_and_no_nearby_network_is_below_it(loss: str) -> None:
    x, y = data(1, 12)
    y = np.where(y > 0.4, 1.0, -1.0) if loss in ("hinge", "logistic") else y
    fit = global_fit(x, y, 2, loss=loss)
    check(fit, x, y, loss)
    assert fit.status == "optimal"
    assert fit.gap <= 1e-6 * max(1.0, fit.value)
    random = np.random.default_rng(0)
    for _ in range(200):
        layer, outer = fit.network.layers
        noise = 1e-3 * random.standard_normal((2, 2))
        hidden = np.maximum(x @ (layer.weight + noise[:1].T).T + layer.bias + noise[1], 0.0)
        assert LOSSES[loss](y, hidden @ outer.weight[0]) >= fit.lower_bound - 1e-9


def test_three_variables_and_two_neurons() -> None:
    x, y = data(3, 10)
    fit = global_fit(x, y, 2)
    check(fit, x, y)
    assert (fit.status, fit.patterns) == ("optimal", (2 * 259) * (2 * 259 + 1) // 2)
    assert fit.value <= global_fit(x, y, 1).lower_bound


def test_losses_fall_with_width_and_with_what_is_free() -> None:
    x, y = data(1, 9)
    values = [global_fit(x, y, width).value for width in (1, 2, 3)]
    assert values == sorted(values, reverse=True)
    plain, bias, skip = (global_fit(x, y, 1, **kind).value for kind in ({}, {"bias": True}, {"skip": True}))
    assert plain >= bias >= skip
    network = global_fit(x, y, 1, skip=True).network
    assert network.widths == (2,)
    assert not network.strict


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 3),
    st.integers(1, 2),
    st.lists(st.tuples(*[st.integers(-2, 2)] * 4), min_size=1, max_size=6),
    st.sampled_from(["plain", "bias", "skip"]),
)
def test_a_network_on_degenerate_data_is_found_again(
    dimension: int, width: int, rows: list[tuple[int, ...]], kind: str
) -> None:
    """Ties, collinear and few points: values of a network of that width are fitted exactly."""
    x = np.array(rows, dtype=float)[:, :dimension]
    random = np.random.default_rng(len(rows))
    y = np.maximum(
        x @ random.integers(-2, 3, (dimension, width)) + random.integers(-1, 2, width), 0.0
    ) @ np.ones(width)
    fit = global_fit(x, y, width, bias=kind == "bias", skip=kind == "skip")
    check(fit, x, y)
    assert fit.value <= 1e-20 * (1 + np.sum(y**2))


@settings(max_examples=20, deadline=None)
@given(
    st.integers(1, 2),
    st.lists(st.tuples(*[st.integers(-2, 2)] * 3), min_size=1, max_size=5),
    st.sampled_from(["plain", "bias", "skip"]),
    st.sampled_from(["squared", "absolute"]),
)
def test_noise_on_degenerate_data_agrees_with_full_enumeration(
    dimension: int, rows: list[tuple[int, ...]], kind: str, loss: str
) -> None:
    x, y = np.array(rows, dtype=float)[:, :dimension], np.array(rows, dtype=float)[:, 2]
    fit = global_fit(x, y, 1, loss=loss, bias=kind == "bias", skip=kind == "skip")
    check(fit, x, y, loss)
    assert fit.status == "optimal"
    free = np.concatenate([np.ones((len(x), 1)), x], 1)[
        :, : {"plain": 0, "bias": 1, "skip": dimension + 1}[kind]
    ]
    assert fit.value == pytest.approx(enumerated(x, y, 1, loss, free), abs=1e-7)


def test_equal_points_cost_their_variance_and_a_line_is_one_variable() -> None:
    assert global_fit([1.0, 1.0, 1.0], [1.0, 2.0, 4.0], 1).value == pytest.approx(14 / 3)
    x, y = data(1, 8)
    turned = np.concatenate([x, 2 * x], axis=1)
    assert global_fit(turned, y, 2).value == pytest.approx(global_fit(x[:, 0], y, 2).value)


def test_an_integer_weight_is_a_repeated_datum_and_zero_drops_it() -> None:
    x, y = data(1, 7)
    for loss in ("squared", "absolute", "huber(threshold=0.2)"):
        repeated = global_fit(np.append(x, x[:1], axis=0), np.append(y, y[0]), 1, loss=loss)
        weighted = global_fit(x, y, 1, loss=loss, weights=[2, 1, 1, 1, 1, 1, 1])
        assert weighted.value == pytest.approx(repeated.value)
    assert global_fit(x, y, 2, weights=[0, 1, 1, 1, 1, 1, 1]).value == pytest.approx(
        global_fit(x[1:], y[1:], 2).value
    )


@pytest.mark.parametrize("factor", [1e-150, 1e150])
def test_units_do_not_matter(factor: float) -> None:
    x, y = data(2, 7)
    fit = global_fit(x, y, 1)
    assert global_fit(x, y * factor, 1).value == pytest.approx(fit.value * factor**2)
    assert global_fit(x * factor, y, 1).value == pytest.approx(fit.value)


def test_a_limit_leaves_a_valid_bracket_and_more_work_a_better_one() -> None:
    x, y = data(2, 14)
    optimum = global_fit(x, y, 2).value
    before = 0.0
    for limit in (1, 20_000, 30_000):
        fit = global_fit(x, y, 2, limit=limit)
        check(fit, x, y)
        assert fit.status == "stopped early"
        assert before <= fit.lower_bound <= optimum <= fit.value * (1 + 1e-12)
        before = fit.lower_bound
    assert before > 0


def test_an_interrupt_leaves_a_valid_bracket() -> None:
    x, y = data(2, 14)
    calls: list[tuple[int, int]] = []

    def progress(done: int, total: int) -> None:
        calls.append((done, total))
        if len(calls) == 8:
            raise KeyboardInterrupt

    fit = global_fit(x, y, 2, progress=progress)
    check(fit, x, y)
    assert fit.status == "stopped early"
    assert 0.0 < fit.lower_bound <= 4.675331 <= fit.value + 1e-6
    assert all(done <= total for done, total in calls)


def test_the_same_arguments_give_the_same_fit() -> None:
    x, y = data(2, 12)
    first, second = (global_fit(x, y, 2, limit=3000, seed=5) for _ in range(2))
    assert first.value == second.value
    assert first.lower_bound == second.lower_bound
    assert all((first.log[key] == second.log[key]).all() for key in first.log)


def test_a_loss_may_be_an_object() -> None:
    x, y = data(1, 6)
    assert (
        global_fit(x, y, 1, loss=Quantile(0.3)).value == global_fit(x, y, 1, loss="quantile(level=0.3)").value
    )
    assert global_fit(x, y, 1, loss=Huber(100.0)).value == pytest.approx(global_fit(x, y, 1).value / 2)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x": [1.0, np.nan]}, "x holds values that are not finite"),
        ({"y": [1.0, np.inf]}, "y holds values that are not finite"),
        ({"y": [1.0]}, r"y has shape \(1,\), but x holds 2 points"),
        ({"x": [], "y": []}, "at least one point"),
        ({"x": np.zeros((2, 4))}, "4 variables; allowed: 1, 2 or 3"),
        ({"y": ["a", "b"]}, "not a number"),
        ({"width": 0}, "width is 0"),
        ({"width": 1.5}, "width is 1.5"),
        ({"loss": "hing"}, "did you mean 'hinge'"),
        ({"loss": 3}, "loss is 3"),
        ({"loss": "huber(threshold=-1)"}, "threshold is -1; allowed: positive"),
        ({"loss": "quantile(level=1)"}, "level is 1; allowed"),
        ({"loss": "quantile(tau=1)"}, "no parameter 'tau'; allowed: level"),
        ({"loss": "hinge"}, "needs y = -1 or 1; found 2"),
        ({"limit": 0}, "limit is 0"),
        ({"tolerance": 1.0}, "tolerance is 1.0"),
        ({"weights": [-1.0, 1.0]}, "weights are negative"),
        ({"weights": [0.0, 0.0]}, "all zero"),
        ({"x": np.random.default_rng(0).random((100, 2)), "y": np.zeros(100), "width": 3},
         "1,294,320,145,804 patterns; allowed: 100,000,000, or any number with a limit"),
        ({"x": np.random.default_rng(0).random((60, 3)), "y": np.zeros(60), "limit": 9}, "partitions; allowed"),
    ],
)  # fmt: skip
def test_bad_input_has_one_clear_message(changes: dict[str, object], message: str) -> None:
    arguments = {"x": [1.0, 2.0], "y": [1.0, 2.0], "width": 1} | changes
    with pytest.raises(UserError, match=message):
        global_fit(**arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("loss", ["squared", "absolute", "maximum", "huber"])
@pytest.mark.parametrize("gap", [1e-6, 1e-8, 1e-10, 1e-12, 1e-13])
def test_data_that_nearly_coincide_get_no_false_lower_bound(loss: str, gap: float) -> None:
    # one kink at the middle point interpolates, so the optimum is 0 however near the points are
    fit = global_fit([[0.0], [gap], [1.0]], [0.0, 1.0, 0.0], 1, loss=loss, skip=True)
    assert fit.lower_bound <= 1e-9 and fit.lower_bound <= fit.value


def test_nearly_coinciding_random_data_are_not_called_optimal() -> None:
    fit = global_fit([3, 1.000000000001, 0.3, 1e-9, 0, 1e6], [1, -2, 2, -1, -2, 0], 1, skip=True)
    assert fit.lower_bound == 0.0 and fit.status == "rounding limit"


def test_squares_that_underflow_are_summed_in_the_scale_of_the_data() -> None:
    x, y = [0.3, 1, 0.3, 3, -2, 0.2], np.array([2, -2, 0, 2, 1, -2]) * 1e-160
    fit = global_fit(x, y, 2, weights=[1e30] * 6)
    plain = global_fit(x, y * 1e160, 2)
    assert fit.value == pytest.approx(plain.value * 1e-290, rel=1e-9)
