"""The figure `embeddings` draws every neighbouring relation of its dataset once, and nothing overlaps."""

from itertools import combinations

import numpy as np
import pytest
from matplotlib.text import Annotation

from ratelab.figures import _embeddings
from ratelab.figures._style import VERMILLION, save, style
from ratelab.studies.experiments import _embeddings as experiment
from ratelab.studies.experiments._catalogue import parameters_of

GIVEN = (
    {},
    {"depths": [2, 4, 6, "log", "linear"], "alpha": 1.5, "degree": 2, "p": 1.0},
    {"depths": [3, "power(exponent=1/2)", "log(factor=2,base=3)"], "alpha": 4.0},
    {"depths": [2]},
)


@pytest.fixture(scope="module", params=range(len(GIVEN)))
def drawn(request):
    parameters = parameters_of("embeddings", GIVEN[request.param])
    dataset = experiment.run(parameters, None, lambda *_: None)
    return dataset, _embeddings.figures(dataset)["embeddings"]


def labels(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def test_every_space_of_a_row_is_named(drawn):
    dataset, figure = drawn
    approximations = int(np.isin(dataset["letter"].values, ["W", "N"]).sum())
    assert sum("$W" in text or "$N" in text for text in labels(figure)) == approximations


def test_every_relation_but_those_of_besov_spaces_and_the_whole_space_is_drawn_once(drawn):
    dataset, figure = drawn
    letters = dataset["letter"].values
    source, target = (dataset[name].values for name in ("source", "target"))
    relation, share = dataset["relation"].values, dataset["share"].values
    between = np.array([{letters[a], letters[b]} <= {"W", "N"} for a, b in zip(source, target, strict=True)])
    half = np.abs(share[source] - share[target]) > 0
    shortcut = between & half & (letters[source] == "W")  # follows from W in N in W of half the order
    outside = (letters[target] != "X") & ~((letters[source] == "B") & (letters[target] == "B"))
    axes = figure.axes[0]
    arrows = [a for a in axes.texts if isinstance(a, Annotation) and a.arrow_patch is not None]
    expected = outside & ~shortcut & (relation != 2)
    direct = (letters[source] == "B") & (relation == 1)
    assert len(arrows) == int((expected & ~direct).sum())
    crossed = [a for a in arrows if a.arrow_patch.get_linestyle() == "--"]
    assert len(crossed) == int((relation == 3).sum())
    assert sum(line.get_color() == VERMILLION for line in axes.lines) == len(crossed)
    doubles = [line for line in axes.lines if len(line.get_xdata()) == 2 and line.get_color() != VERMILLION]
    strict = int((expected & ~direct & (relation == 1) & (dataset["strict"].values == 1)).sum())
    assert len(doubles) == strict + 2 * int((outside & (relation == 2)).sum())


def test_no_two_texts_overlap(drawn):
    figure = drawn[1]
    with style():
        figure.canvas.draw()
    texts = [t for t in (*figure.axes[0].texts, *figure.texts) if t.get_text()]
    boxes = [(t.get_text(), t.get_window_extent()) for t in texts]
    for (one, first), (two, second) in combinations(boxes, 2):
        assert not first.padded(-1).overlaps(second.padded(-1)), (one, two)
    page = figure.bbox
    assert all(page.x0 <= box.x0 and box.x1 <= page.x1 for _, box in boxes)


def test_the_file_is_the_same_twice(drawn, tmp_path):
    for folder in "ab":
        save(drawn[1], tmp_path / folder, ("svg",))
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


@pytest.mark.parametrize(
    ("share", "text"), [(1.0, "α"), (0.5, "α/2"), (1 / 3, "α/3"), (2 / 3, "2α/3"), (2.0, "2α")]
)
def test_orders_are_written_as_shares(share, text):
    assert _embeddings._share(share) == text
