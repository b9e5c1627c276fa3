"""The figure of norms shows what the dataset holds, and no norm that is infinite."""

from math import inf, isinf, nan

import numpy as np
import pytest
import xarray as xr

from ratelab import UserError
from ratelab.figures._norm_curves import norm_curves
from ratelab.spaces._norm_curve import norm_table
from ratelab.spaces._norm_tails import PowerTail

ALPHAS = np.linspace(0.1, 3, 30)
QS = [0.5, 2.0, inf]
NETWORKS = ["mlp/relu/depth=2", "mlp/relu/depth=4", "mlp/tanh/depth=2"]
DIMENSIONS = ("target", "network", "complexity", "q", "alpha")


def rates(complexity=("neurons",), proved=True):
    sizes = np.append(0, 2 ** np.arange(9))
    shape = (2, len(NETWORKS), len(complexity), len(QS), len(ALPHAS))
    norms = {f"norm_{end}": np.full(shape, nan) for end in ("truncated_low", "truncated_high", "low", "high")}
    limits = {name: np.full(shape[:3], nan) for name in ("rate_proved_low", "rate_proved_high")}
    for t, beta in enumerate((1.0, 2.0)):
        for k in range(2):
            rate = beta * (k + 1)
            upper = (sizes + 1.0) ** -rate
            tail = (
                PowerTail(0.6, 1.0, rate, 1, lower_shift=1, upper_shift=1) if proved and t + k < 2 else None
            )
            for c in range(len(complexity)):
                found = norm_table(sizes, 0.6 * upper, upper, ALPHAS.tolist(), QS, tail)
                for name, table in found.items():
                    norms[name][t, k, c] = table
                limits["rate_proved_high"][t, k, c] = rate
                limits["rate_proved_low"][t, k, c] = rate if t + k < 2 else rate / 2
    return xr.Dataset(
        {name: (DIMENSIONS, table) for name, table in norms.items()}
        | {name: (DIMENSIONS[:3], table) for name, table in limits.items()},
        coords={
            "target": np.array(["takagi(exponent=1)", "square"], dtype=object),
            "network": np.array(NETWORKS, dtype=object),
            "complexity": np.array(complexity, dtype=object),
            "q": QS,
            "alpha": ALPHAS,
        },
    )


def drawn(axes, values):
    return [line for line in axes.lines if np.array_equal(line.get_ydata(), values)]


def test_each_target_has_a_panel_with_its_numbers_and_relu_networks_alone():
    dataset = rates()
    figure = norm_curves(dataset)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["takagi(exponent=1)", "square"]
    for index, axes in enumerate(figure.axes):
        for network in NETWORKS[:2]:
            one = dataset.isel(target=index, complexity=0).sel(network=network, q=2.0)
            assert drawn(axes, one["norm_truncated_high"].values)
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert words[:2] == ["relu, depth 2", "relu, depth 4"] and not any("tanh" in word for word in words)


def test_the_norm_is_drawn_where_it_is_finite_only():
    dataset = rates()
    one = dataset.isel(target=0, complexity=0).sel(network=NETWORKS[0], q=2.0)
    finite = np.isfinite(one["norm_high"].values)
    assert finite.any() and not finite.all()
    assert drawn(norm_curves(dataset).axes[0], one["norm_high"].values[finite])
    for axes in norm_curves(rates(proved=False)).axes:
        assert not any(len(line.get_xdata()) == 0 and isinf(line.get_ydata().sum()) for line in axes.lines)


def test_vertical_lines_stand_at_proved_rates():
    axes = norm_curves(rates()).axes[0]
    vertical = {line.get_xdata()[0] for line in axes.lines if len(set(line.get_xdata())) == 1}
    assert vertical == {1.0, 2.0}


def test_the_space_can_be_chosen_and_an_unknown_one_is_named():
    dataset = rates()
    one = dataset.isel(target=0, network=0, complexity=0).sel(q=inf)
    assert drawn(norm_curves(dataset, inf).axes[0], one["norm_truncated_high"].values)
    with pytest.raises(UserError, match=r"q is 3; allowed: 0\.5, 2, inf"):
        norm_curves(dataset, 3)


def test_several_complexities_are_named_in_the_panels():
    titles = [axes.get_title(loc="left") for axes in norm_curves(rates(("neurons", "connections"))).axes]
    assert titles[:2] == ["takagi(exponent=1), neurons", "takagi(exponent=1), connections"]


def test_there_is_no_figure_without_norms():
    dataset = rates()
    for name in list(dataset.data_vars):
        dataset[name] = dataset[name] * nan
    assert norm_curves(dataset) is None
