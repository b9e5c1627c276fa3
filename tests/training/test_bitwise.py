"""A fit's bits depend on nothing but the fit."""

import numpy as np
import pytest

from ratelab.networks import FitResult, Layout, power
from ratelab.training import Adam, VariableProjection
from ratelab.training._elementwise import BLOCK, forward

WIDTHS = (1, 2, 3, 5, 8, 13)


def _bits(result: FitResult) -> tuple[object, ...]:
    assert result.network is not None
    arrays = [a.tobytes() for layer in result.network.layers for a in (layer.weight, layer.bias)]
    return (*arrays, np.float64(result.loss).tobytes(), result.status, result.steps)


@pytest.mark.parametrize("trainer", [Adam(steps=40), VariableProjection(steps=40)], ids=lambda t: t.name)
@pytest.mark.parametrize("name", ["relu", "tanh", "gelu", "softplus"])
@pytest.mark.parametrize("family", ["shallow", "mixed"])
def test_fits_do_not_depend_on_their_companions_or_order(plugins, smooth, problem, trainer, name, family):
    activation = smooth.get(name) or power(1)
    if family == "shallow":
        layouts = [Layout.dense((1, width, 1)) for width in WIDTHS]
    else:
        layouts = [Layout.dense((2, 3, 4, 1)), Layout.dense((2, 5, 1))] + [
            plugins.architectures["skip"].layout(
                budget=12, complexity="neurons", depth=depth, dimension=2, outputs=1
            )
            for depth in (2, 3)
        ]
    fits = tuple((layout, seed) for layout in layouts for seed in range(7))
    together = [_bits(r) for r in trainer.fit(problem(activation, fits))]
    order = np.random.default_rng(0).permutation(len(fits))
    shuffled = trainer.fit(problem(activation, tuple(fits[i] for i in order)))
    assert [_bits(r) for r in shuffled] == [together[i] for i in order]
    for i in (0, 8, len(fits) - 1):
        assert _bits(trainer.fit(problem(activation, (fits[i],)))[0]) == together[i]


@pytest.mark.parametrize("trainer", [Adam(steps=30), VariableProjection(steps=30)], ids=lambda t: t.name)
def test_a_second_run_gives_the_same_bytes(problem, trainer, smooth):
    job = problem(smooth["tanh"], tuple((Layout.dense((1, 4, 1)), seed) for seed in range(3)))
    assert [_bits(r) for r in trainer.fit(job)] == [_bits(r) for r in trainer.fit(job)]


def test_shipped_activations_give_each_block_the_same_bits_wherever_it_lies(plugins):
    x = 3.0 * np.random.default_rng(0).standard_normal(300 * BLOCK)
    cotangent = np.random.default_rng(1).standard_normal(len(x))
    for activation in plugins.activations.values():
        value, backward = forward(activation, x.copy())
        slope = backward(cotangent.copy())
        for first, count in ((0, 1), (1, 2), (7, 5), (100, 150), (299, 1)):
            part = slice(first * BLOCK, (first + count) * BLOCK)
            alone, backward_alone = forward(activation, x[part].copy())
            assert alone.tobytes() == value[part].tobytes(), activation.name
            assert backward_alone(cotangent[part].copy()).tobytes() == slope[part].tobytes(), activation.name
