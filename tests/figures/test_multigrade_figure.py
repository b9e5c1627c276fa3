"""The figures of multigrade learning show what their dataset holds."""

import numpy as np
import pytest
import xarray as xr

from ratelab.figures import _multigrade

LEARNINGS, PARTS, TARGETS, KINDS = (
    ["multigrade", "single grade"],
    ["train", "test"],
    ["oscillation", "nested_absolute"],
    ["same", "relu"],
)


@pytest.fixture
def dataset():
    """Made-up numbers of three grades, four milestones and two seeds."""
    generator = np.random.default_rng(2)
    shapes = {
        "rse_grade": (("part", "target", "activations", "grade"), (2, 2, 2, 4)),
        "rse_milestone": (("learning", "part", "target", "activations", "milestone"), (2, 2, 2, 2, 4)),
        "rse_final": (("learning", "part", "target", "activations"), (2, 2, 2, 2)),
    }
    variables = {}
    for name, (dims, shape) in shapes.items():
        drawn = np.sort(generator.uniform(0.001, 1, (3, *shape)), axis=0)
        for word, table in zip(("least", "median", "most"), drawn, strict=True):
            variables[f"{name}_{word}"] = dims, table
    work = np.broadcast_to(np.array([0, 0.5, 0.8, 1])[:, None], (2, 2, 4, 2))
    return xr.Dataset(
        {**variables, "work_grade": (("target", "activations", "grade", "seed"), work)},
        coords={
            "learning": LEARNINGS,
            "part": PARTS,
            "target": TARGETS,
            "activations": KINDS,
            "grade": range(4),
            "milestone": [0.25, 0.5, 0.75, 1.0],
            "seed": [0, 1],
        },
        attrs={"points": 1234, "epochs": "3, 4, 5", "widths": "9, 9 | 8 | 7"},
    )


def lines(axes, y):
    return [line for line in axes.lines if np.array_equal(line.get_ydata(), y)]


def panels(figure):
    """Rows are activations, columns targets."""
    return zip(figure.axes, [(target, kind) for kind in KINDS for target in TARGETS], strict=True)


def test_stairs_stand_at_their_grades_and_the_single_grade_beside_them(dataset):
    figure = _multigrade.figures(dataset)["multigrade-grades"]
    for axes, (target, kind) in panels(figure):
        one = dataset.sel(target=target, activations=kind)
        for part in PARTS:
            middle = one["rse_grade_median"].sel(part=part).values
            (stair,) = lines(axes, [*middle, middle[-1]])
            assert stair.get_drawstyle() == "steps-post"
            np.testing.assert_array_equal(stair.get_xdata()[:-1], dataset["grade"])
        single = one.sel(part="test").sel({"learning": "single grade"})
        (mark,) = lines(axes, [float(single["rse_final_median"])])
        place = mark.get_xdata()[0]
        names = dict(zip(axes.get_xticks(), (t.get_text() for t in axes.get_xticklabels()), strict=True))
        assert names == {0: "0", 1: "1", 2: "2", 3: "3", place: "all at once"}
        bars = [segment for drawn in axes.collections for segment in drawn.get_segments()]
        rows = [
            one.sel(part="test", grade=grade)[["rse_grade_least", "rse_grade_most"]] for grade in (1, 2, 3)
        ]
        rows.append(single[["rse_final_least", "rse_final_most"]])
        for bar, row, stands in zip(bars, rows, (1, 2, 3, place), strict=True):
            assert np.abs(bar[:, 0] - stands).max() <= 0.1
            np.testing.assert_allclose(bar[:, 1], [float(value) for value in row.values()])


def test_courses_begin_at_the_zero_function_and_pass_every_milestone(dataset):
    figure = _multigrade.figures(dataset)["multigrade-work"]
    for axes, (target, kind) in panels(figure):
        for learning in LEARNINGS:
            one = dataset.sel(target=target, activations=kind, part="test").sel({"learning": learning})
            (course,) = lines(axes, np.concatenate([[1], one["rse_milestone_median"].values]))
            np.testing.assert_array_equal(course.get_xdata(), [0, 0.25, 0.5, 0.75, 1])
        ends = [line.get_xdata()[0] for line in axes.lines if len(set(line.get_xdata())) == 1]
        assert ends == [0.5, 0.8]


def test_the_setting_is_said(dataset):
    for figure in _multigrade.figures(dataset).values():
        words = " ".join(text.get_text() for text in figure.texts).replace("\n", " ")
        assert "widths 9, 9 | 8 | 7, epochs 3, 4, 5, 1,234 points; medians of 2 seeds" in words
        assert figure.axes[0].get_title(loc="left") == "oscillation"
        assert "ReLU only" in figure.axes[2].get_ylabel()


def test_errors_that_hardly_differ_get_an_axis_of_at_least_a_factor_five(dataset):
    near = dataset.copy()
    for name in list(near):
        if name.startswith("rse"):
            near[name] = near[name] * 0 + 1.01
    for figure in _multigrade.figures(near).values():
        for axes in figure.axes:
            low, high = axes.get_ylim()
            assert high / low >= 5 * (1 - 1e-12) and low < 1 < high
            assert len([text for text in axes.get_yticklabels() if text.get_text()]) >= 2


def test_panels_where_nothing_helped_say_so_and_no_others(dataset):
    useless = dataset.copy(deep=True)
    for name in list(useless):
        if name.startswith("rse"):
            useless[name].loc[{"activations": "relu"}] = 0.987
    for figure in _multigrade.figures(useless).values():
        for axes, (_, kind) in panels(figure):
            said = [text.get_text() for text in axes.texts]
            wanted = ["no error below 0.98;\nthe zero function has 1"] if kind == "relu" else []
            assert said == wanted


def test_titles_have_one_size_whatever_their_length(dataset):
    long = dataset.assign_coords(target=["oscillation(rate=100,power=1)" * 2, "sqrt"])
    for figure in _multigrade.figures(long).values():
        (size,) = {axes._left_title.get_fontsize() for axes in figure.axes[:2]}
        assert size < 8


def test_one_seed_is_one_seed(dataset):
    for figure in _multigrade.figures(dataset.isel(seed=[0])).values():
        words = " ".join(text.get_text() for text in figure.texts).replace("\n", " ")
        assert "medians of 1 seed." in words
