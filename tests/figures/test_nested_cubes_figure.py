"""The figure of nested cubes shows what its dataset holds."""

import numpy as np
import pytest
from matplotlib.patches import PathPatch, Rectangle

from ratelab import load_plugins
from ratelab.figures import _nested_cubes
from ratelab.figures._style import save
from ratelab.studies.experiments._nested_cubes import run
from ratelab.studies.experiments._support_parameters import NestedCubes


@pytest.fixture(scope="module")
def dataset():
    return run(NestedCubes(exponent=3, margins=(5, 1)), load_plugins(["plugins"]), lambda *_: None)


@pytest.fixture(scope="module")
def figure(dataset):
    return _nested_cubes.figures(dataset)["nested-cubes"]


def test_a_panel_for_each_margin_says_whether_supports_match(figure):
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "margin 1/32: n(f̂) = 2 = n(f) = 2",
        "margin 1/2: n(f̂) = 3 ≠ n(f) = 2",
    ]


def test_the_cubes_are_squares_around_the_origin_with_their_names(figure, dataset):
    for axes in figure.axes:
        squares = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
        assert [square.get_width() / 2 for square in squares] == dataset["half_side"].values.tolist()
        assert all(square.get_x() == square.get_y() == -square.get_width() / 2 for square in squares)
        assert {"K₁", "K₂", "K₃"} <= {text.get_text() for text in axes.texts}
        assert axes.get_aspect() == 1
        limits = np.array([axes.get_xlim(), axes.get_ylim()])
        assert (np.abs(limits) > dataset["half_side"].values[-1]).all()


def test_every_polygon_of_the_dataset_is_drawn(figure, dataset):
    for axes, margin in zip(figure.axes, dataset["margin"].values, strict=True):
        corners = dataset["corners"].sel(margin=margin).values
        polygons = corners[np.isfinite(corners).all(axis=(1, 2))]
        drawn = [patch.get_path().vertices for patch in axes.patches if isinstance(patch, PathPatch)]
        assert len(drawn) == 2
        for vertices in drawn:
            assert np.array_equal(vertices.reshape(len(polygons), -1, 2)[:, :8], polygons)


def test_the_outline_of_the_target_lies_where_its_level_is_zero(figure, dataset):
    import matplotlib.contour

    for axes in figure.axes:
        lines = [
            c for c in axes.collections if isinstance(c, matplotlib.contour.ContourSet) and len(c.levels) == 1
        ]
        assert len(lines) == 1
        vertices = np.concatenate([path.vertices for path in lines[0].get_paths()])
        nearest = dataset["level"].sel(
            x=vertices[:50, 0].tolist(), y=vertices[:50, 1].tolist(), method="nearest"
        )
        assert np.abs(np.diag(nearest.values)).max() < 0.1


def test_the_text_reports_certificates_and_the_same_bytes_come_twice(figure, dataset, tmp_path):
    words = " ".join(text.get_text().replace("\n", " ") for text in figure.texts)
    assert "certified to be 0 on all of the" in words and "here 2" not in words
    first = [file.read_bytes() for file in save(figure, tmp_path / "a")]
    again = [file.read_bytes() for file in save(_nested_cubes.cubes(dataset), tmp_path / "b")]
    assert first == again


def test_a_single_margin_has_a_single_panel(dataset):
    assert len(_nested_cubes.cubes(dataset.isel(margin=[0])).axes) == 1


def words(figure):
    return " ".join(text.get_text().replace("\n", " ") for text in figure.texts)


def needing(dataset, own, *networks):
    """Return the dataset with other cubes needed, and with more of them."""
    count = max(own, *networks) + 2
    half = np.arange(1, count + 1) * float(dataset["half_side"][0])
    found = dataset.drop_dims("cube").assign_coords(cube=np.arange(1, count + 1))
    found["half_side"] = ("cube", half)
    found["target_cube"] = found["target_cube"] * 0 + own
    found["network_cube"] = ("margin", np.array(networks))
    found["matching"] = ("margin", np.array([n == own for n in networks], dtype=np.int8))
    return found


def test_the_sentence_follows_the_numbers(dataset, figure):
    assert "With margin 1/32 the network needs the same cube as the target; with margin 1/2" in words(figure)
    both = words(_nested_cubes.cubes(needing(dataset, 2, 2, 2)))
    assert "With margin 1/32 and 1/2 the network needs the same cube" in both and "sticks out" not in both
    none = words(_nested_cubes.cubes(needing(dataset, 16, 17, 27)))
    assert "same cube" not in none
    assert "With margin 1/32 the network's support sticks out of K₁₆ and needs K₁₇" in none
    assert "with margin 1/2 the network's support sticks out of K₁₆ and needs K₂₇" in none


def test_of_many_cubes_a_few_are_drawn_and_their_names_lie_apart(dataset):
    figure = _nested_cubes.cubes(needing(dataset, 16, 17, 27))
    figure.canvas.draw()
    for axes, wanted in zip(figure.axes, ({1, 16, 17, 28}, {1, 16, 27, 28}), strict=True):
        squares = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
        assert {
            round(square.get_width() / 2 / float(dataset["half_side"][0])) for square in squares
        } == wanted
        names = [text for text in axes.texts if text.get_text().startswith("K")]
        boxes = [text.get_window_extent() for text in names]
        assert len(boxes) == 4
        assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


@pytest.mark.parametrize("own", [1, 2, 3, 4, 5])
def test_of_few_cubes_all_are_drawn_up_to_one_more_than_needed(dataset, own):
    figure = _nested_cubes.cubes(needing(dataset, own, own, own))
    figure.canvas.draw()
    for axes in figure.axes:
        names = [text for text in axes.texts if text.get_text().startswith("K")]
        assert len(names) == own + 1
        boxes = [text.get_window_extent() for text in names]
        assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
