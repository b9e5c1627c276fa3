"""The figures on powers of ReLU show the dataset's numbers, and nothing else."""

import numpy as np
import pytest

from ratelab import figures, load_plugins
from ratelab.figures import _powers
from ratelab.studies.experiments._catalogue import EXPERIMENTS, parameters_of


@pytest.fixture(scope="module")
def dataset():
    small = parameters_of("powers", {"steps": 12, "pieces": 4, "degree": 5})
    run = EXPERIMENTS["powers"].run
    return run(small, load_plugins(["plugins"]), lambda *_: None).assign_attrs(experiment="powers")


def lines(axes):
    return [np.asarray(line.get_ydata(), dtype=float) for line in axes.lines]


def shown(axes, values):
    return any(np.array_equal(line, values, equal_nan=True) for line in lines(axes))


def test_both_figures_are_the_same_twice(dataset, tmp_path):
    first, second = (figures.draw_experiment(dataset, tmp_path / folder) for folder in "ab")
    names = ["powers-limits", "powers-rates"]
    assert [path.name for path in first] == [f"{name}.{end}" for name in names for end in ("svg", "pdf")]
    for one, two in zip(first, second, strict=True):
        assert one.read_bytes() == two.read_bytes()


def test_exact_errors_are_lines_and_float_errors_markers(dataset):
    panels = _powers.limits(dataset).axes
    for axes, difference in zip(panels[:2], ("forward", "centred"), strict=True):
        assert len(axes.lines) == 2 * dataset.sizes["power"]
        for r in dataset["power"].values:
            one = dataset.sel(power=r, difference=difference)
            assert shown(axes, one["difference_error"].values)
            assert shown(axes, one["difference_error_float"].values)
        assert axes.xaxis_inverted()
    for r in dataset["power"].values:
        assert shown(panels[2], dataset["difference_weight"].sel(power=r, difference="forward").values)


def test_digits_of_polynomials_are_drawn_for_every_choice_of_knots(dataset):
    axes = _powers.limits(dataset).axes[3]
    for name in dataset["shifts"].values:
        errors = dataset["polynomial_error"].sel(shifts=name).values
        assert shown(axes, np.where(errors > 0, errors, np.nan))


def test_rates_show_both_ends_and_the_approach_to_the_limit(dataset):
    left, right = _powers.rates(dataset).axes
    for r in dataset["spline_degree"].values:
        one = dataset.sel(spline_degree=r)
        assert shown(left, one["spline_error"].values)
        assert shown(left, one["network_error_lower"].values)
        pieces = one["pieces"].values
        assert shown(right, one["spline_error"].values * pieces ** (r + 1.0) / float(one["spline_limit"]))
    dashed = [line for line in left.lines if line.get_linestyle() == "--"]
    assert len(dashed) == dataset.sizes["spline_degree"]
    for line, r in zip(dashed, dataset["spline_degree"].values, strict=True):
        x, y = np.log(line.get_xdata()), np.log(line.get_ydata())
        assert (y[1] - y[0]) / (x[1] - x[0]) == pytest.approx(-(r + 1))
