"""The figures of `measured-smoothness` draw what the dataset holds."""

import numpy as np
import pytest

from ratelab import figures, load_plugins
from ratelab.figures import _measured_smoothness
from ratelab.studies.experiments import _measured_smoothness as experiment
from ratelab.studies.experiments._catalogue import parameters_of

TARGETS = ["takagi", "step", "square", "exp"]


@pytest.fixture(scope="module")
def dataset():
    parameters = parameters_of("measured-smoothness", {"targets": TARGETS, "samples": 8191})
    found = experiment.run(parameters, load_plugins(["plugins"]), lambda *_: None)
    return found.assign_attrs(experiment="measured-smoothness")


def test_two_figures_are_drawn_twice_the_same(dataset, tmp_path):
    first, second = (figures.draw_experiment(dataset, tmp_path / folder) for folder in "ab")
    assert [path.name for path in first] == [
        f"{stem}.{end}" for stem in ("smoothness-moduli", "smoothness-rates") for end in ("svg", "pdf")
    ]
    for one, two in zip(first, second, strict=True):
        assert one.read_bytes() == two.read_bytes()


def test_every_panel_draws_the_moduli_and_says_what_was_measured(dataset):
    figure = _measured_smoothness.moduli(dataset)
    assert [axes.get_title(loc="left") for axes in figure.axes] == TARGETS
    for axes, label in zip(figure.axes, TARGETS, strict=True):
        one = dataset.sel(target=label)
        for line, values in zip(axes.lines, one["modulus"].values, strict=False):
            good = np.isfinite(values) & (values > 0)
            np.testing.assert_array_equal(line.get_ydata(), values[good])
            np.testing.assert_array_equal(line.get_xdata(), one["scale"].values[good])
    texts = [axes.texts[0].get_text() for axes in figure.axes]
    assert texts[1] == (
        f"s = {float(dataset['uniform'][1]):.2f} "
        f"[{float(dataset['uniform_low'][1]):.2f}, {float(dataset['uniform_high'][1]):.2f}]"
    )
    assert texts[2] == "s not seen" and texts[3].startswith("s ≥ ")


def test_the_window_of_the_fit_is_shaded_and_the_declared_slope_dashed(dataset):
    axes = _measured_smoothness.moduli(dataset).axes[1]
    (window,) = axes.patches
    one = dataset.sel(target="step")
    left, right = window.get_x(), window.get_x() + window.get_width()
    assert (left, right) == pytest.approx((float(one["window_fine"]), float(one["window_coarse"])))
    dashed = axes.lines[-1]
    (x0, x1), (y0, y1) = dashed.get_xdata(), dashed.get_ydata()
    assert np.log(y1 / y0) / np.log(x1 / x0) == pytest.approx(0.5)


def test_circles_and_squares_stand_at_the_measured_numbers(dataset):
    (axes,) = _measured_smoothness.rates(dataset).axes
    circles = [line for line in axes.lines if line.get_marker() == "o"]
    squares = [line for line in axes.lines if line.get_marker() == "s"]
    for lines, name in ((circles, "uniform"), (squares, "adaptive")):
        at_least = dataset[f"{name}_status"].values == _measured_smoothness._AT_LEAST
        values = np.where(at_least, dataset[f"{name}_low"].values, dataset[name].values)
        drawn = [float(line.get_xdata()[0]) for line in lines]
        np.testing.assert_array_equal(drawn, values[np.isfinite(values)])
    triangles = [line for line in axes.lines if line.get_marker() == "^"]
    assert {float(line.get_xdata()[0]) for line in triangles} >= {1.0, 2.0}
    assert [label.get_text() for label in axes.get_yticklabels()] == TARGETS
    assert "∞" in [text.get_text() for text in axes.texts]
