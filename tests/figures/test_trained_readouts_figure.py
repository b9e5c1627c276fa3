"""The figure of constructed and trained readouts shows what its dataset holds."""

import numpy as np
import pytest
import xarray as xr

from ratelab.figures import _trained_readouts

TRAININGS = ["end to end", "grade by grade"]


@pytest.fixture
def dataset():
    """Made-up numbers: two targets, two bases, layers 1 … 4, the second base without the last."""
    generator = np.random.default_rng(1)
    place = ("target", "base", "layer")
    tables = {
        name: generator.uniform(0.01, 0.1, (2, 2, 4))
        for name in ("constructed_high", "bound", "constructed_bits")
    }
    tables["constructed_bits"] = tables["constructed_bits"] * 30_000
    tables["constructed_low"] = tables["constructed_high"] * 0.9
    for table in tables.values():
        table[:, :, 0] = np.nan
        table[:, 1, 3] = np.nan
    errors = np.sort(generator.uniform(0.01, 0.1, (3, 2, 2, 2, 4)), axis=0)
    names = ("error_least", "error_median", "error_most")
    return xr.Dataset(
        {
            "hidden": ("base", [4, 3]),
            **{name: (place, table) for name, table in tables.items()},
            **{name: (("training", *place), table) for name, table in zip(names, errors, strict=True)},
            "error": (("training", *place, "seed"), np.moveaxis(errors, 0, -1)),
        },
        coords={
            "target": ["sqrt", "takagi"],
            "base": [2, 4],
            "layer": [1, 2, 3, 4],
            "training": TRAININGS,
            "seed": [0, 1, 2],
        },
        attrs={"steps": 700},
    )


def lines(axes, y):
    return [line for line in axes.lines if np.array_equal(line.get_ydata(), y, equal_nan=True)]


def test_every_readout_is_drawn_at_its_hidden_layer_with_the_bound(dataset):
    figure = _trained_readouts.figures(dataset)["trained-readouts"]
    cells = [(target, base) for target in ("sqrt", "takagi") for base in (2, 4)]
    for axes, (target, base) in zip(figure.axes, cells, strict=True):
        one = dataset.sel(target=target, base=base)
        assert axes.get_title(loc="left") == target
        for name in ("constructed_high", "bound"):
            (line,) = lines(axes, one[name].values)
            np.testing.assert_array_equal(line.get_xdata(), dataset["layer"])
        for training in TRAININGS:
            (line,) = lines(axes, one["error_median"].sel(training=training).values)
            assert (np.abs(line.get_xdata() - dataset["layer"].values) < 0.2).all()


def test_bars_reach_from_the_least_to_the_largest_seed(dataset):
    axes = _trained_readouts.readouts(dataset).axes[0]
    one = dataset.sel(target="sqrt", base=2)
    for bars, training in zip(axes.containers, TRAININGS, strict=True):
        (segments,) = bars.lines[2]
        ends = np.array([segment[:, 1] for segment in segments.get_segments()])
        found = one.sel(training=training)
        np.testing.assert_allclose(ends[:, 0], found["error_least"])
        np.testing.assert_allclose(ends[:, 1], found["error_most"])


def test_bits_of_the_longest_parameter_seeds_and_steps_are_said(dataset):
    figure = _trained_readouts.readouts(dataset)
    for axes, (target, base) in zip(figure.axes[:2], [("sqrt", 2), ("sqrt", 4)], strict=True):
        most = np.nanmax(dataset["constructed_bits"].sel(target=target, base=base))
        assert f"N = {base}, {most:,.0f} bits" in [text.get_text() for text in axes.texts]
    words = " ".join(text.get_text() for text in figure.texts).replace("\n", " ")
    assert "700 steps" in words and "3 seeds" in words and "53 bits" in words


def test_more_than_four_targets_take_further_rows(dataset):
    many = xr.concat([dataset.isel(target=0).assign_coords(target=f"t{i}") for i in range(5)], "target")
    figure = _trained_readouts.readouts(many)
    assert len(figure.axes) == 10
    boxes = {tuple(np.round(axes.get_position().bounds[:2], 4)): axes for axes in figure.axes}
    assert len(boxes) == 10
    columns = {left for left, _ in boxes}
    assert len(columns) == 3
    lowest = {min((box for box in boxes if box[0] == left), key=lambda box: box[1]) for left in columns}
    assert {box for box, axes in boxes.items() if axes.get_xlabel()} == lowest


def test_titles_have_one_size_whatever_their_length(dataset):
    figure = _trained_readouts.readouts(dataset.assign_coords(target=["sqrt", "lipschitz_wave" * 4]))
    (size,) = {axes._left_title.get_fontsize() for axes in figure.axes}
    assert size < 8


def test_one_seed_is_one_seed(dataset):
    figure = _trained_readouts.readouts(dataset.isel(seed=[0]))
    words = " ".join(text.get_text() for text in figure.texts).replace("\n", " ")
    assert "ranges of 1 seed. " in words
