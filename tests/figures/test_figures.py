"""Figures are tested by their data: every mark comes from the datasets, and the bytes are stable."""

from itertools import pairwise
from math import isnan, log

import numpy as np
import pytest
import xarray as xr
from matplotlib.collections import LineCollection

from ratelab import UserError, datasets, figures
from ratelab.figures import _panel

RELU = "mlp/relu/depth=2"
TANH = "mlp/tanh/depth=2"


def panel(figure, target):
    return next(axes for axes in figure.axes if axes.get_title(loc="left") == target)


def lines_with(axes, values):
    return [line for line in axes.lines if np.array_equal(line.get_ydata(), values, equal_nan=True)]


def test_a_curve_holds_the_datasets_numbers(study):
    curves, rates = study
    curve = figures.curve_of(curves, rates, "exp", RELU, "neurons")
    one = curves.sel(target="exp", network=RELU, complexity="neurons")
    np.testing.assert_array_equal(curve.lower, one["error_lower"])
    np.testing.assert_array_equal(curve.upper, one["error_upper"])
    assert curve.bracketed and curve.rigorous and not curve.in_closure.any()
    errors = one["error_trained"].sel(trainer="adam").values
    middle = np.exp(np.nanmedian(np.log(errors), axis=1))
    np.testing.assert_allclose(curve.trained["adam"][:, 1], middle, rtol=1e-12)
    assert curve.row.octave == "16-32" and curve.row.whole == "2-32"


def test_limits_of_networks_are_the_upper_end_and_marked(study):
    curve = figures.curve_of(*study, "exp", TANH, "neurons")
    one = study[0].sel(target="exp", network=TANH, complexity="neurons")
    np.testing.assert_array_equal(curve.upper, np.fmin(one["error_upper"], one["error_upper_closure"]))
    np.testing.assert_array_equal(curve.in_closure, one["error_upper_closure"] < one["error_upper"])
    assert curve.in_closure.any() and not curve.bracketed


def test_pairs_that_a_study_does_not_combine_are_left_out(study):
    assert figures.curve_of(*study, "sqrt", "mlp/relu/depth=3", "neurons") is None
    figure = figures.error_curves(*study, "neurons", networks=["mlp/relu/depth=3"])
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["exp", "takagi(exponent=1)"]


def test_the_main_figure_has_a_panel_per_target_and_relu_networks_only(study):
    figure = figures.error_curves(*study, "neurons")
    assert [axes.get_title(loc="left") for axes in figure.axes] == list(study[0]["target"].values)
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "relu, depth 2" in words and "relu, depth 3" in words and not any("tanh" in w for w in words)


def test_bracket_best_network_and_medians_are_drawn_where_the_data_are(study):
    figure = figures.error_curves(*study, "neurons", networks=[RELU])
    axes = panel(figure, "exp")
    curve = figures.curve_of(*study, "exp", RELU, "neurons")
    assert len(lines_with(axes, curve.lower)) == 1
    assert len(lines_with(axes, curve.upper)) == 1
    for trainer in ("adam", "varpro"):
        assert len(lines_with(axes, curve.trained[trainer][:, 1])) == 1
    band = np.vstack([path.vertices for c in axes.collections[:1] for path in c.get_paths()])
    assert set(curve.lower) | set(curve.upper) <= set(band[:, 1])


def test_axes_are_logarithmic_and_the_budgets_are_the_ticks(study):
    axes = panel(figures.error_curves(*study, "neurons"), "sqrt")
    assert axes.get_xscale() == axes.get_yscale() == "log"
    assert set(axes.get_xticks()) | set(axes.get_xticks(minor=True)) == set(study[0]["budget"].values)


def test_a_panel_prints_its_bracketed_slope_rounded_outward_and_the_theory(study):
    axes = panel(figures.error_curves(*study, "neurons", networks=[RELU]), "exp")
    texts = [text.get_text() for text in axes.texts]
    curve = figures.curve_of(*study, "exp", RELU, "neurons")
    low, high = curve.row.octave_slope
    (slope,) = [text for text in texts if text.startswith("slope 16–32")]
    printed = [float(part) for part in slope.partition("[")[2].rstrip("]").split(",")]
    assert low - 0.01 <= printed[0] <= low and high <= printed[1] <= high + 0.01
    assert "theory 2" in texts


def test_nothing_is_drawn_across_the_printed_slopes(study, monkeypatch):
    """Lines, markers and bars, sampled densely, against the boxes of the texts; without the room some would be."""
    crossed = _crossed(figures.error_curves(*study, "neurons", networks=[RELU, "mlp/relu/depth=3"]))
    assert crossed == []
    monkeypatch.setattr(_panel, "make_room", lambda *_: None)
    assert _crossed(figures.error_curves(*study, "neurons", networks=[RELU, "mlp/relu/depth=3"]))


def _crossed(figure):
    """(target, text) of texts with something drawn across them."""
    found = []
    for axes in figure.axes:
        bars = [part for c in axes.collections if isinstance(c, LineCollection) for part in c.get_segments()]
        marks = [line.get_xydata() for line in axes.lines] + bars
        drawn = [axes.transData.transform(path[(path > 0).all(axis=1)]) for path in marks]
        share = np.linspace(0, 1, 400)[:, None]
        dots = [a + share * (b - a) for path in drawn for a, b in pairwise([*path, *path[-1:]])]
        for text in axes.texts:
            box = text.get_window_extent()
            if any(box.contains(*dot) for part in dots for dot in part):
                found.append((axes.get_title(loc="left"), text.get_text()))
    return found


def test_exact_zeros_stand_on_the_floor_of_the_axis(study):
    axes = panel(figures.error_curves(*study, "neurons", networks=[RELU]), "step(at=1/3)")
    floor = axes.get_ylim()[0]
    zeros = lines_with(axes, np.full(study[0].sizes["budget"], floor))
    assert len(zeros) == 1 and zeros[0].get_markerfacecolor() == "white"
    assert any("error 0 from 2 on" in text.get_text() for text in axes.texts)


def test_the_dashed_line_has_the_slope_of_theory(study):
    axes = panel(figures.error_curves(*study, "neurons", networks=[RELU]), "takagi(exponent=1)")
    (line,) = [line for line in axes.lines if len(line.get_xdata()) == 2 and line.get_xdata()[0] == 8.0]
    x, y = line.get_xdata(), line.get_ydata()
    assert -log(y[1] / y[0]) / log(x[1] / x[0]) == pytest.approx(1.0)
    curve = figures.curve_of(*study, "takagi(exponent=1)", RELU, "neurons")
    assert (y[-1] < curve.lower[-1]).all()


def test_the_figure_of_activations_shows_targets_with_several(study):
    figure = figures.activation_curves(*study, "neurons")
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert {"relu, depth 2", "tanh, depth 2", "softplus, depth 2"} <= set(words)
    assert not any("trained" in word for word in words)


def test_numerical_lower_ends_are_not_called_certified(study):
    curves, rates = study
    numerical = curves.copy()
    numerical["certainty"] = xr.full_like(curves["certainty"], datasets.CERTAINTY["numerical"])
    figure = figures.error_curves(numerical, rates, "neurons", networks=[RELU])
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "lower end, numerical" in words and "lower end, certified" not in words


def test_the_slope_figure_has_a_line_per_curve_and_target(study):
    axes = figures.slope_table(study[1]).axes[0]
    verdicts = int((study[1]["verdict"] > 0).sum())
    assert axes.get_ylim()[0] == study[0].sizes["target"] + verdicts - 0.5
    texts = [text.get_text() for text in axes.texts]
    assert texts.count("relu, depth 2") == study[0].sizes["target"]
    assert texts.count("upper only") == 2 * study[0].sizes["target"]


def test_unknown_targets_and_complexities_are_the_users_error(study):
    with pytest.raises(UserError, match="no curve"):
        figures.error_curves(*study, "neurons", targets=["cubic"])
    with pytest.raises(UserError, match="no curve by 'connections'"):
        figures.slope_table(study[1], "connections")


def test_drawing_twice_gives_the_same_bytes(tmp_path, make_study):
    curves, rates = make_study(targets=("exp", "step(at=1/3)"), networks=(RELU, TANH))
    first, second = (figures.draw(curves, rates, tmp_path / name) for name in "ab")
    names = [
        f"{kind}-neurons.{end}"
        for kind in ("errors", "activations", "slopes", "gap")
        for end in ("svg", "pdf")
    ]
    assert [file.name for file in first] == names
    for one, two in zip(first, second, strict=True):
        assert one.read_bytes() == two.read_bytes()
        assert not {b"<dc:date>", b"CreationDate"} & set(one.read_bytes().split())


def test_a_study_of_one_activation_has_no_figure_of_activations(tmp_path, make_study):
    files = figures.draw(*make_study(targets=("sqrt",), networks=(RELU,)), tmp_path)
    assert sorted({file.stem for file in files}) == ["errors-neurons", "gap-neurons", "slopes-neurons"]


def test_each_complexity_has_its_figures(tmp_path, make_study, monkeypatch):
    study = make_study(targets=("sqrt",), networks=(RELU,), complexities=("neurons", "connections"))
    monkeypatch.setattr("ratelab.figures._draw.save", lambda figure, path: [path])
    assert [path.name for path in figures.draw(*study, tmp_path)] == [
        f"{kind}-{complexity}"
        for complexity in ("neurons", "connections")
        for kind in ("errors", "slopes", "gap")
    ]


def test_without_trainers_the_brackets_are_still_drawn(make_study):
    curves, rates = make_study(targets=("sqrt",), networks=(RELU,), trainers=())
    curve = figures.curve_of(curves, rates, "sqrt", RELU, "neurons")
    assert not curve.trained and not isnan(curve.row.model[0])
    assert lines_with(figures.error_curves(curves, rates, "neurons").axes[0], curve.upper)


def test_without_rates_the_errors_are_still_drawn(make_study, tmp_path, monkeypatch):
    curves, rates = make_study(targets=("sqrt",), networks=(RELU,))
    monkeypatch.setattr("ratelab.figures._draw.save", lambda figure, path: [path])
    nothing = rates.assign(verdict=xr.zeros_like(rates["verdict"]))
    assert [path.name for path in figures.draw(curves, nothing, tmp_path)] == [
        "errors-neurons",
        "gap-neurons",
    ]


def test_the_users_matplotlib_settings_neither_leak_in_nor_change(make_study):
    import matplotlib

    study = make_study(targets=("sqrt",), networks=(RELU,))
    with matplotlib.rc_context({"font.size": 31}):
        figure = figures.error_curves(*study, "neurons")
        assert matplotlib.rcParams["font.size"] == 31
    assert figure.axes[0].xaxis.label.get_size() == 8


def test_the_gap_is_the_error_over_the_certified_end_trainer_by_trainer(study):
    curves, _ = study
    figure = figures.optimiser_gap(curves, "neurons")
    axes = panel(figure, "exp, relu, depth 2")
    one = curves.sel(target="exp", network=RELU, complexity="neurons")
    in_hand = one["error_upper"].values / one["error_lower"].values
    assert lines_with(axes, in_hand)
    ratio = one["error_trained"].sel(trainer="adam").values / one["error_lower"].values[:, None]
    assert lines_with(axes, np.nanmin(ratio, axis=1))
    assert lines_with(axes, np.exp(np.nanmedian(np.log(ratio), axis=1))) or any(
        np.allclose(line.get_ydata(), np.exp(np.nanmedian(np.log(ratio), axis=1)))
        for line in axes.lines
        if len(line.get_ydata()) == len(ratio)
    )
    titles = [a.get_title(loc="left") for a in figure.axes]
    assert not any("step" in title or "tanh" in title for title in titles)


def test_error_against_work_is_drawn_at_the_milestones(make_study):
    curves, _ = make_study(targets=("exp",), networks=(RELU,), milestones=(1e6, 1e7, 1e8))
    axes = panel(figures.error_against_work(curves, "neurons"), "exp")
    table = (
        curves["error_at_milestone"].isel(target=0, network=0, complexity=0, budget=-1).sel(trainer="varpro")
    )
    middle = np.exp(np.nanmedian(np.log(table.transpose("milestone", "seed").values), axis=1))
    assert any(np.allclose(line.get_ydata(), middle) for line in axes.lines)
    assert axes.get_xlim() == (1e6, 1e8)


def test_a_study_without_milestones_has_no_figure_of_work(study, tmp_path, make_study):
    with pytest.raises(UserError, match="milestones"):
        figures.error_against_work(study[0], "neurons")
    plain = make_study(targets=("exp",), networks=(RELU,))
    names = {file.stem for file in figures.draw(*plain, tmp_path)}
    assert "gap-neurons" in names and "work-neurons" not in names
