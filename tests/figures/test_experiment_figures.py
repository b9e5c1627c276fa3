"""The figures of experiments and of pieces show what the datasets hold, and nothing else."""

import numpy as np
import pytest
import xarray as xr

from ratelab import UserError, figures, load_plugins
from ratelab.figures import _depth_gap, _global_training, _hard_functions, _pieces
from ratelab.studies.experiments._catalogue import EXPERIMENTS, parameters_of
from small_experiments import FILES, SMALL


@pytest.fixture(scope="module")
def results():
    """Every experiment's dataset, small."""
    registry = load_plugins(["plugins"])
    return {
        name: EXPERIMENTS[name]
        .run(parameters_of(name, given), registry, lambda *_: None)
        .assign_attrs(experiment=name)
        for name, given in SMALL.items()
    }


def drawn(axes, y):
    return [line for line in axes.lines if np.array_equal(line.get_ydata(), y)]


def finite(values):
    return values[np.isfinite(values)]


@pytest.mark.parametrize("name", SMALL)
def test_an_experiment_gives_its_figures_twice_the_same(results, tmp_path, name):
    first, second = (figures.draw_experiment(results[name], tmp_path / folder) for folder in "ab")
    assert [path.name for path in first] == [
        f"{stem}.{end}" for stem in FILES[name] for end in ("svg", "pdf")
    ]
    for one, two in zip(first, second, strict=True):
        assert one.read_bytes() == two.read_bytes()
        assert one.stat().st_size < 300_000


def test_tents_are_drawn_through_their_breakpoints_and_counted_in_the_titles(results):
    dataset = results["hard-functions"]
    panels = _hard_functions.composition(dataset).axes
    assert [axes.get_title(loc="left") for axes in panels] == [
        "h₁: 3 pieces",
        "h₂: 2 pieces",
        "h₂ ∘ h₁: 6 pieces",
    ]
    for axes, name in zip(panels, ("first", "second", "composed"), strict=True):
        one = dataset.sel(function=name)
        (line,) = drawn_with_gaps(axes, one["graph_y"].values)
        np.testing.assert_array_equal(line.get_xdata(), one["graph_x"].values)
        labels = [text.get_text() for text in axes.get_xticklabels()]
        assert labels == [text for text in one["graph_x_exact"].values if text]
    (dotted,) = drawn_with_gaps(panels[2], dataset.sel(function="first")["graph_y"].values)
    assert dotted.get_linestyle() == ":"


def drawn_with_gaps(axes, y):
    return [line for line in axes.lines if np.array_equal(line.get_ydata(), y, equal_nan=True)]


def test_the_function_before_and_after_activation_is_in_black_and_red_with_its_pieces(results):
    dataset = results["hard-functions"]
    figure = _hard_functions.rectified(dataset)
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert words == ["f: 5 pieces", "f + b", "max(0, f + b): 8 pieces"]
    (line,) = drawn_with_gaps(figure.axes[0], dataset.sel(function="after")["graph_y"].values)
    assert line.get_color() == "#D55E00"


def test_each_surface_shows_one_facet_per_cell_above_zero_and_its_counts(results):
    dataset = results["hard-functions"]
    figure = _hard_functions.surfaces(dataset)
    words = [text.get_text() for text in figure.texts]
    assert "17 pieces (16), 20 cells" in words
    assert "33 pieces (32), 40 cells" in words
    assert "65 pieces (64), 72 cells" in words
    for axes, inside in zip(figure.axes, (16, 32, 64), strict=True):
        assert len(axes.collections) == 1 + inside


@pytest.mark.parametrize("row", [0, 1, 2])
def test_facets_are_painted_from_the_back_along_every_line_of_sight(results, row):
    one = results["hard-functions"].isel(surface=row)
    corners = np.stack([one["corner_x"].values, one["corner_y"].values], axis=2)
    cells = [cell[np.isfinite(cell[:, 0])] for cell in corners]
    cells = [cell for cell in cells if len(cell)]
    generator = np.random.default_rng(row)
    for angle in (*generator.uniform(0, 2 * np.pi, 1), np.radians(_hard_functions._AZIMUTH)):
        toward = np.array([np.cos(angle), np.sin(angle)])
        order = _hard_functions.back_to_front(cells, toward)
        assert sorted(order) == list(range(len(cells)))
        rank = np.argsort(order)
        starts = generator.uniform(-1.5, 1.5, (20, 1, 2))
        holders = held(cells, starts + np.linspace(-3, 3, 101)[:, None] * toward)
        for sight in holders:
            seen = rank[sight[sight >= 0]]
            assert (np.diff(seen) >= 0).all()
        assert (holders >= 0).any()


def held(cells, points):
    """The cell with each point well inside, or -1."""
    result = np.full(points.shape[:-1], -1)
    for index, cell in enumerate(cells):
        along = np.roll(cell, -1, axis=0) - cell
        offset = points[..., None, :] - cell
        side = along[:, 0] * offset[..., 1] - along[:, 1] * offset[..., 0]
        result[(side > 1e-9).all(axis=-1) | (side < -1e-9).all(axis=-1)] = index
    return result


def test_the_depth_gap_shows_bracket_and_the_papers_bound(results):
    dataset = results["depth-gap"]
    figure = _depth_gap.depth_gap(dataset)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["tents, 27 pieces", "zigzags, 64 pieces"]
    for axes, family in zip(figure.axes, dataset["family"].values, strict=True):
        one = dataset.sel(family=family)
        lower, upper = one["size_lower"].values, one["size_upper"].values
        assert drawn(axes, lower) and drawn(axes, upper)
        (band,) = axes.collections
        heights = band.get_paths()[0].vertices[:, 1]
        assert set(lower) | set(upper) == set(heights)
        assert axes.get_yscale() == "log"
        for low, high in zip(lower, upper, strict=True):
            text = f"{low}" if low == high else f"{low}–{high}"
            assert text in [label.get_text() for label in axes.texts]
    assert drawn(figure.axes[0], dataset["size_paper"].values)
    assert not drawn(figure.axes[1], dataset["size_paper"].values)


def test_losses_are_sorted_over_the_least_one_with_the_share_of_seeds(results):
    dataset = results["global-training"]
    figure = _global_training.losses(dataset)
    for index, axes in enumerate(figure.axes):
        one = dataset.isel(data=index)
        texts = [text.get_text() for text in axes.texts]
        for trainer in dataset["trainer"].values:
            assert drawn(axes, np.sort(one["ratio"].sel(trainer=trainer).values))
            share = 100 * float(one["reached"].sel(trainer=trainer))
            assert f"{trainer.partition('(')[0]}: {share:.0f} %" in texts
        assert axes.get_ylim()[1] > float(one["ratio"].max())
        assert axes.get_ylim()[0] < 1


def test_numerical_brackets_of_the_optimum_are_not_called_certified(results):
    dataset = results["global-training"]
    for figure in (_global_training.losses(dataset), _global_training.search(dataset)):
        words = " ".join(text.get_text() for text in figure.legends[0].get_texts())
        assert "numerical" in words and "certified" not in words


def test_the_search_is_drawn_from_its_log(results):
    dataset = results["global-training"]
    for index, axes in enumerate(_global_training.search(dataset).axes):
        one = dataset.isel(data=index)
        for end in ("lower", "upper"):
            height = one[f"log_{end}"].values / float(one["loss_unit"])
            assert drawn_with_gaps(axes, height)


def test_an_open_bracket_is_a_band_below_one(results):
    dataset = results["global-training"].copy()
    dataset["ratio_lower"] = dataset["ratio_lower"] * 0 + 0.5
    figure = _global_training.losses(dataset)
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "best network in hand" in words and "bracket, lower end numerical" in words
    assert all(axes.get_ylim()[0] < 0.5 for axes in figure.axes)


# pieces of trained networks


def curves(depths=(2, 3), activation="relu", missing=()):
    """Made-up counts: 4 targets, 2 trainers, 3 seeds."""
    networks = [f"mlp/{activation}/depth={depth}" for depth in depths]
    budgets = np.array([2, 4, 8, 16])
    most = np.array([[(b / (d - 1) + 1) ** (d - 1) for b in budgets] for d in depths])
    shares = np.random.default_rng(3).uniform(0.2, 1.0, (2, len(depths), 1, 4, 2, 3))
    pieces = np.maximum(1, np.round(shares * most[None, :, None, :, None, None]))
    for place in missing:
        pieces[:, place] = np.nan
    return xr.Dataset(
        {
            "pieces_trained": (("target", "network", "complexity", "budget", "trainer", "seed"), pieces),
            "pieces_most": (("network", "complexity", "budget"), most[:, None]),
        },
        coords={
            "target": ["sqrt", "sine"],
            "network": networks,
            "complexity": ["neurons"],
            "budget": budgets,
            "trainer": ["adam", "varpro"],
        },
    )


def test_medians_over_targets_and_seeds_stand_below_the_bound():
    dataset = curves()
    figure = _pieces.trained_pieces(dataset, "neurons")
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["relu, depth 2", "relu, depth 3"]
    for axes, network in zip(figure.axes, dataset["network"].values, strict=True):
        one = dataset.sel(network=network, complexity="neurons")
        most = one["pieces_most"].values
        assert drawn(axes, most)
        for trainer in ("adam", "varpro"):
            table = one["pieces_trained"].sel(trainer=trainer)
            middle = np.exp(np.log(table).median(("target", "seed"))).values
            (line,) = [
                li for li in axes.lines if len(li.get_ydata()) == 4 and np.allclose(li.get_ydata(), middle)
            ]
            assert (line.get_ydata() <= most).all()
        assert drawn(axes, one["pieces_trained"].max(("target", "trainer", "seed")).values)


def test_pieces_are_drawn_where_depth_can_multiply_them():
    assert _pieces.has_pieces(curves(), "neurons")
    assert not _pieces.has_pieces(curves(depths=(2,)), "neurons")
    assert not _pieces.has_pieces(curves(missing=[1]), "neurons")
    assert not _pieces.has_pieces(curves().drop_vars("pieces_trained"), "neurons")
    with pytest.raises(UserError, match="no pieces"):
        _pieces.trained_pieces(curves(missing=[0, 1]), "neurons")


def test_a_study_of_deep_networks_gets_the_figure_of_pieces(make_study, tmp_path, monkeypatch):
    networks = ("mlp/relu/depth=2", "mlp/relu/depth=3")
    study, rates = make_study(targets=("exp",), networks=networks)
    shape = study["error_trained"].transpose("target", "network", "complexity", "budget", "trainer", "seed")
    study["pieces_trained"] = xr.full_like(shape, 5.0)
    study["pieces_most"] = xr.full_like(study["error_upper"].isel(target=0, drop=True), 9.0)
    monkeypatch.setattr("ratelab.figures._draw.save", lambda figure, path: [path])
    names = [path.name for path in figures.draw(study, rates, tmp_path)]
    assert names == ["errors-neurons", "slopes-neurons", "gap-neurons", "pieces-neurons"]
