"""Layer-wise networks: shape, readouts, nesting, refusals. Values are checked against mpmath and closed forms."""

from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
import torch
from flint import arb, ctx, fmpq

from ratelab import UserError, exact, load_plugins
from ratelab.networks import LatticeDecoder, LayerwiseNetwork, Network, layerwise_network, rational, sine

CUBES = ((1, 2, 3), (1, 3, 2), (2, 2, 2), (1, 6, 1), (3, 2, 1), (2, 3, 1))


def averages(d: int, base: int, grades: int, seed: int = 0) -> list[Any]:
    generator = np.random.default_rng([d, base, grades, seed])
    return [generator.uniform(-1, 1, (base**level,) * d) for level in range(grades + 1)]


def built(d: int, base: int, grades: int, seed: int = 0, **options: Any) -> LayerwiseNetwork:
    return layerwise_network(averages(d, base, grades, seed), dimension=d, base=base, **options)


def points(net: LayerwiseNetwork, count: int = 6, seed: int = 0) -> Any:
    """Random points, corners of the cube, grid points, and points just below grid points: on ramps."""
    generator = np.random.default_rng(seed)
    side, d = net.base**net.grades, net.dimension
    grid = generator.integers(0, side + 1, (count, d)) / side
    below = np.maximum(grid - float(net.ramp) * generator.random((count, d)) / side, 0)
    return np.concatenate([generator.random((count, d)), grid, below, np.zeros((1, d)), np.ones((1, d))])


@pytest.mark.parametrize(("d", "base", "grades"), CUBES)
def test_width_and_depth_are_those_of_the_paper(d: int, base: int, grades: int) -> None:
    net = built(d, base, grades)
    hidden = net.network.layers[:-1]
    assert net.network.widths == (2 * d * base + d + 2,) * (grades + 2)
    assert all(sum(a is sine for a in layer.activations) == 2 for layer in hidden)
    assert all(sum(a.name == "relu" for a in layer.activations) == net.width - 2 for layer in hidden)
    assert [head.layer for head in net.network.readouts] == list(range(2, grades + 3))


@pytest.mark.parametrize(("d", "base", "grades"), CUBES[:4])
@pytest.mark.parametrize("ramp", [Fraction(1, 2), Fraction(1, 3), Fraction(1, 2**40)])
def test_readouts_are_those_of_the_weight_matrices_in_mpmath(
    d: int, base: int, grades: int, ramp: Fraction
) -> None:
    """All layers as plain matrix products with 4,000 bits, at points on ramps and off them."""
    net = built(d, base, grades, ramp=ramp)
    x = points(net, 3)
    found = net.values(x)
    with mpmath.workprec(4000):
        for row, point in enumerate(x):
            values = [mpmath.mpf(float(v)) for v in point]
            readouts = {head.layer: head for head in net.network.readouts}
            for t, layer in enumerate(net.network.layers[:-1], start=1):
                before = [_affine(w, b, values) for w, b in zip(layer.weight, layer.bias, strict=True)]
                values = [mpmath.sin(v) if k >= len(before) - 2 else max(v, 0) for k, v in enumerate(before)]
                if t in readouts:
                    head = readouts[t]
                    wanted = _affine(head.weight[0], head.bias[0], values)
                    ball = found[row, t - 2]
                    assert abs(wanted - _middle(ball)) <= 1e-30 and ball.rad() < 1e-18


def _affine(weight: Any, bias: Any, values: Any) -> Any:
    products = (_mp(w) * v for w, v in zip(weight, values, strict=True) if w)
    return sum(products, _mp(bias))


def _mp(value: fmpq) -> Any:
    return mpmath.mpf(int(value.p)) / int(value.q)


def _middle(ball: arb) -> Any:
    mantissa, exponent = ball.mid().man_exp()
    return mpmath.ldexp(int(mantissa), int(exponent))


@pytest.mark.parametrize(("d", "base", "grades"), CUBES[:3])
def test_readouts_are_those_of_the_network_in_balls(d: int, base: int, grades: int) -> None:
    net = built(d, base, grades, ramp=Fraction(1, 4))
    x = points(net, 3)
    found = net.values(x)
    before = ctx.prec
    try:
        ctx.prec = 3000
        exact = [[arb(rational(float(v))) for v in row] for row in x]
        for level in range(grades + 1):
            values = net.network.readout(level)(exact)
            assert all(a.overlaps(b) for a, b in zip(values[:, 0], found[:, level], strict=True))
    finally:
        ctx.prec = before
    assert all(a.overlaps(b) for a, b in zip(net.values(x, grades), found[:, -1], strict=True))


@pytest.mark.parametrize(("d", "base", "grades"), CUBES)
@pytest.mark.parametrize("ramp", [Fraction(1, 2), Fraction(1, 3), Fraction(1, 2**40)])
def test_float64_evaluation_is_that_of_the_weight_matrices(
    d: int, base: int, grades: int, ramp: Fraction
) -> None:
    net = built(d, base, grades, ramp=ramp)
    x = points(net)
    exact = net.values(x)
    middles = np.array([[float(v.mid()) for v in row] for row in exact])
    assert net.inside_ramps(x).any() and not net.inside_ramps(x).all()
    assert np.abs(net(x) - middles).max() <= 1e-15
    assert np.abs(net(x)).max() <= float(net.offset)


@pytest.mark.parametrize(("d", "base", "grades"), CUBES)
def test_readouts_take_the_given_values_on_cells(d: int, base: int, grades: int) -> None:
    """Random values, so that the decoder must know each of them; errors do not add up over grades."""
    given, net = averages(d, base, grades), built(d, base, grades)
    for level in range(grades + 1):
        found = net.cell_values(level)
        assert found.shape == (base**level,) * d
        assert np.abs(found - given[level]).max() <= net.decoder_error(level) + 2e-16
        assert net.decoder_error(level) <= 2.0**-40 * 4
        centres = np.stack(
            np.meshgrid(*[(np.arange(base**level) + 0.25) / base**level] * d, indexing="ij"), axis=-1
        )
        assert np.array_equal(net(centres.reshape(-1, d))[:, level], found.ravel())
        for ball, value in zip(net.cell_balls(level).flat, found.flat, strict=True):
            assert abs(float(ball.mid()) - value) <= 2.0**-53 and float(ball.rad()) <= 1e-29
        first = net.values(centres.reshape(-1, d)[:1], level)[0]
        assert net.cell_balls(level).ravel()[0].overlaps(first)


def test_a_jump_on_the_grid_costs_the_decoder_alone() -> None:
    """Rational averages of 1 beyond 1/3 are whole numbers from the first level on."""
    given = [
        [max(min((k + 1) - Fraction(3**level, 3), Fraction(1)), Fraction(0)) for k in range(3**level)]
        for level in range(4)
    ]
    net = layerwise_network(given, dimension=1, base=3)
    assert net.mean == Fraction(2, 3)
    assert net.decoder_error(3) <= net.decoder_error(1) * 2.0**-40
    assert np.abs(net(np.array([[0.33333], [0.33334]]))[:, 1:] - [[0], [1]]).max() < 1e-11


def test_a_constant_has_no_corrections() -> None:
    net = layerwise_network([np.full(2**level, 0.375) for level in range(4)], dimension=1, base=2)
    assert [code.scale for code in net.codes] == [0, 0, 0]
    assert net.decoder_error(3) == 0 and (net(points(net)) == 0.375).all()
    assert all(v == arb(0.375) for v in net.values(points(net)).flat)
    assert net.depth_max == 3 and net.offset == Fraction(11, 8)


def test_grades_appended_one_by_one_leave_every_earlier_layer_as_it_was() -> None:
    given = averages(2, 2, 3)
    whole = layerwise_network(given, dimension=2, base=2, offset=40)
    net = layerwise_network(given[:2], dimension=2, base=2, offset=40, depth_max=3)
    x = points(whole)
    for level in (2, 3):
        longer = net.append(given[level])
        for before, after in zip(net.network.layers[:-1], longer.network.layers, strict=False):
            assert (before.weight == after.weight).all() and (before.bias == after.bias).all()
            assert before.activations == after.activations
        assert (longer(x)[:, : net.grades + 1] == net(x)).all()
        assert [longer.prefix_hash(k) for k in range(net.grades + 1)] == [
            net.prefix_hash(k) for k in range(net.grades + 1)
        ]
        net = longer
    assert [net.prefix_hash(k) for k in range(4)] == [whole.prefix_hash(k) for k in range(4)]
    assert net.prefix(1).prefix_hash(1) == whole.prefix_hash(1) and net.prefix(1).grades == 1
    assert (net.cell_values(3) == whole.cell_values(3)).all()


@pytest.mark.parametrize(
    "change", [{"offset": 41}, {"ramp": Fraction(1, 2**39)}, {"accuracy": 2.0**-39}, {"seed": 1}]
)
def test_fingerprints_tell_networks_apart(change: dict[str, Any]) -> None:
    same = {"offset": 40, "ramp": Fraction(1, 2**40), "accuracy": 2.0**-40}
    assert built(1, 2, 2, **same).prefix_hash(1) == built(1, 2, 2, **same).prefix_hash(1)
    assert built(1, 2, 2, **{**same, **change}).prefix_hash(1) != built(1, 2, 2, **same).prefix_hash(1)


def test_a_grade_beyond_the_plan_or_the_offset_is_refused() -> None:
    net = built(1, 2, 1, depth_max=2)
    with pytest.raises(UserError, match=r"offset is .*, but .* add up to"):
        net.append(np.full(4, 100.0))
    grown = net.append(np.zeros(4))
    with pytest.raises(UserError, match="planned for 2 grades and has them all"):
        grown.append(np.zeros(8))
    with pytest.raises(UserError, match=r"averages of level 2 have shape \(8,\); allowed: \(4,\)"):
        net.append(np.zeros(8))


def test_the_offset_keeps_the_accumulator_positive() -> None:
    net = built(1, 3, 2)
    scales = sum(Fraction(int(code.scale.p), int(code.scale.q)) for code in net.codes)
    needed = scales + abs(net.mean)
    assert 1 <= net.offset - needed <= 1 + Fraction(1, 2**20)
    assert built(1, 3, 2, offset=needed).offset == needed
    with pytest.raises(UserError, match="offset"):
        built(1, 3, 2, offset=needed - Fraction(1, 10**9))


@pytest.mark.parametrize(
    ("given", "options", "message"),
    [
        ([[0.0], [0.0, 1.0]], {"base": 1}, "base is 1; allowed: whole numbers from 2 on"),
        ([[0.0], [0.0, 1.0]], {"dimension": 0}, "dimension is 0"),
        ([[0.0]], {}, "L at least 1"),
        ([[0.0], [0.0, 1.0, 2.0]], {}, r"level 1 have shape \(3,\); allowed: \(2,\)"),
        ([[0.0], [0.0, np.nan]], {}, "level 1 hold nan"),
        ([[0.0], [0.0, np.inf]], {}, "level 1 hold inf"),
        ([[0.0], ["one", "two"]], {}, "'one' is no exact number"),
        ([[0.0], [0.0, 1.0]], {"ramp": 0}, "ramp is 0; allowed: above 0, at most 1/2"),
        ([[0.0], [0.0, 1.0]], {"ramp": Fraction(2, 3)}, "ramp is 2/3"),
        ([[0.0], [0.0, 1.0]], {"accuracy": 0}, "accuracy is 0"),
        ([[0.0], [0.0, 1.0]], {"accuracy": True}, "accuracy is True"),
        ([[0.0], [0.0, 1.0]], {"depth_max": 0}, "depth_max is 0"),
        ([[0.0], [0.0, 1.0]], {"depth_max": 30}, "decoder 'closed-form' takes at most"),
        ([[0.0], [0.0, 1.0]], {"depth_max": 10**5}, r"2\^100,000 cells"),
        ([[0.0], [0.0, 1.0]], {"accuracy": 1e-310}, "accuracy is 1e-310; allowed: from 2.-200 on"),
        ([[0.0], [0.0, 1.0]], {"decoder": "closedform"}, "closed-form"),
        ([[0.0], [0.0, 1.0]], {"decoder": 3}, "no decoder"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(given: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        layerwise_network(given, **{"dimension": 1, "base": 2, **options})


@pytest.mark.parametrize("wrong", [[[1.5]], [[-1e-9]], [[np.nan]], [0.5], [[0.5, 0.5]]])
def test_points_outside_the_cube_are_refused(wrong: Any) -> None:
    net = built(1, 2, 1)
    for evaluate in (net, net.values, net.locate, net.inside_ramps):
        with pytest.raises(UserError):
            evaluate(np.array(wrong))


@pytest.mark.parametrize("level", [-1, 3, True, 1.0])
def test_levels_that_do_not_exist_are_refused(level: Any) -> None:
    net = built(1, 2, 2)
    for ask in (
        net.cell_values,
        net.cell_balls,
        net.decoder_error,
        net.prefix_hash,
        net.parameters,
        net.prefix,
    ):
        with pytest.raises(UserError, match=r"level is .*; allowed: 0 to 2"):
            ask(level)


def test_a_table_finds_cells_but_is_no_network() -> None:
    given = averages(2, 4, 3)
    net = layerwise_network(given, dimension=2, base=4, decoder="table")
    x = np.random.default_rng(0).random((100, 2))
    cells = np.floor(x * 64).astype(int)
    assert np.abs(net(x)[:, 3] - given[3][cells[:, 0], cells[:, 1]]).max() <= 1e-15
    assert float(net.values(x[:1], 3)[0].mid()) == net(x[:1])[0, 3]
    with pytest.raises(UserError, match="'table' is no pair of sines"):
        _ = net.network
    assert net.prefix_hash(2) == layerwise_network(
        given[:3], dimension=2, base=4, decoder="table", offset=net.offset
    ).prefix_hash(2)


def test_ramps_are_told_exactly() -> None:
    net = built(1, 3, 2, ramp=Fraction(1, 4))
    exact = [
        [Fraction(1, 3)],
        [Fraction(1, 3) - Fraction(1, 10**30)],
        [Fraction(1, 4)],
        [Fraction(1, 4) + Fraction(1, 99)],
    ]
    assert net.inside_ramps(exact, 1).tolist() == [False, True, False, True]
    assert net.inside_ramps(np.array([[1 / 3], [np.nextafter(1 / 3, 1)], [1.0]])).tolist() == [
        True,
        False,
        False,
    ]
    assert not net.inside_ramps(exact, 0).any()


@pytest.mark.parametrize(("d", "base", "grades"), CUBES)
def test_parameters_are_counted_as_the_matrices_hold_them(d: int, base: int, grades: int) -> None:
    net = built(d, base, grades)
    full = net.network
    for level in range(grades + 1):
        layers = full.layers[: level + 2]
        size = sum(layer.weight.size + layer.bias.size for layer in layers)
        assert net.parameters(level, head=False) == size
        assert net.parameters(level) == size + net.width + 1
        bias = [v for layer in layers for v in layer.bias]
        connections = Network([*layers, full.layers[-1]]).connections - sum(
            map(bool, full.layers[-1].weight.flat)
        )
        assert net.nonzero_parameters(level, head=False) == connections + sum(map(bool, bias))
    assert net.nonzero_parameters(grades) - net.nonzero_parameters(grades, head=False) == 3


def test_the_longest_parameter_is_the_one_that_stores_the_values() -> None:
    net = built(1, 2, 4, ramp=Fraction(1, 2**20))
    rows = net.bits()
    longest = max(rows, key=lambda row: row.bits)
    assert longest.parameter in ("outer", "inner") and longest.grade == 4
    assert longest.bits >= 16 * 40 - 40  # sixteen values of 40 bits each
    step = next(row for row in rows if row.parameter == "step weight" and row.layer == 3)
    assert step.bits == 20 + 3 + 1  # 2^3 · 2^20
    assert {row.layer for row in rows} <= set(range(1, net.grades + 4))


def test_it_says_what_it_is() -> None:
    text = repr(built(1, 3, 2, ramp=Fraction(1, 2**10), depth_max=3))
    assert "base=3, grades=2 of 3, width=9, decoder='closed-form', ramp=1/1024" in text


def test_two_cells_run_in_float64_and_four_are_refused() -> None:
    """The weights of two cells at an accuracy of 2^-12 fit into float64; those of four cells do not, and say so."""
    x = np.random.default_rng(0).random((50, 1))
    net = built(1, 2, 1, accuracy=2.0**-12, ramp=Fraction(1, 2**4))
    x = x[~net.inside_ramps(x)]
    assert np.abs(net.network(x)[:, 0] - net(x)[:, 1]).max() < 1e-9
    assert np.abs(net.network(torch.tensor(x)).numpy()[:, 0] - net(x)[:, 1]).max() < 1e-9
    four = built(1, 4, 1)
    for given in (x, torch.tensor(x)):
        with pytest.raises(UserError, match=r"argument of 'sine' is .*: evaluate in balls"):
            four.network(given)


def test_the_float64_decoder_makes_networks_that_float64_runs() -> None:
    net = built(1, 2, 3, decoder="float64", accuracy=0.25, ramp=Fraction(1, 2**10))
    x = np.random.default_rng(0).random((200, 1))
    x = x[~net.inside_ramps(x)]
    assert np.abs(net.network(x)[:, 0] - net(x)[:, 3]).max() < 1e-3
    assert np.abs(net.network(x)[:, 0] - averages(1, 2, 3)[3][(8 * x[:, 0]).astype(int)]).max() < 0.25


def test_errors_are_not_integrated_over_garbage() -> None:
    net = built(1, 4, 2)
    target = load_plugins().targets["sqrt"]
    with pytest.raises(UserError, match=r"argument of 'sine' is .*: evaluate in balls"):
        exact.error(net.network, target)


def test_only_arguments_that_mean_nothing_are_refused() -> None:
    net = Network.dense([[[1.0]], [[1.0]]], [[0.0], [0.0]], "sine")
    assert net(np.array([[1e12]]))[0, 0] == pytest.approx(float(mpmath.sin(mpmath.mpf(10) ** 12)), abs=1e-3)
    assert net(torch.tensor([[1e12]], dtype=torch.float64)).shape == (1, 1)
    for points in (np.array([[7e12]]), torch.tensor([[-7e12]], dtype=torch.float64)):
        with pytest.raises(UserError, match="argument of 'sine'"):
            net(points)
    with pytest.raises(UserError, match="argument of 'sine'"):
        net(torch.tensor([[1e5]], dtype=torch.float32))


class _Own:
    """A decoder of a user, which may be wrong in one way."""

    name = "own"
    most_cells = 64

    def __init__(self, wrong: str = "") -> None:
        self.wrong, self.lattice = wrong, LatticeDecoder()

    def inner(self, cells: int, accuracy: float) -> fmpq:
        return fmpq(2 if self.wrong == "inner" else 1)

    def encode(self, values: Any, accuracy: float) -> Any:
        if self.wrong == "kind":
            return 3
        if self.wrong == "cells":
            return self.lattice.encode(values[:-1], accuracy)
        return self.lattice.encode(values, 0.5 if self.wrong == "accuracy" else accuracy)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("kind", "returned 3, which does not offer GradeCode"),
        ("cells", "coded 1 of 2 cells"),
        ("inner", "another w than its `inner` gives"),
        ("accuracy", "was asked for"),
    ],
)
def test_a_decoder_that_does_not_do_as_asked_is_refused(wrong: str, message: str) -> None:
    given = [[0.5], [0.2, 0.8], [0.0, 0.4, 0.6, 1.0]]
    honest = layerwise_network(given, dimension=1, base=2, decoder=_Own())
    assert abs(honest([[0.3]])[0, 2] - 0.4) < 1e-11
    with pytest.raises(UserError, match=f"decoder 'own'.*{message}"):
        layerwise_network(given, dimension=1, base=2, decoder=_Own(wrong))
