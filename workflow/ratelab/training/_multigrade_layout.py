"""Grades of a layout: what each of them trains, and where its weights belong in the whole network."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ratelab._errors import UserError
from ratelab.networks import GradeSpan, LayerShape, Layout, Network, graded_readouts, grades_of
from ratelab.registry import Activation
from ratelab.training._multigrade_stair import TrainedGrade

Array = NDArray[np.float64]


def one_grade(layout: Layout) -> str | None:
    """Return None if a layout has two grades or more, else a reason for trainers that go from grade to grade."""
    try:
        count = len(grades_of(layout))
    except UserError:
        count = 0
    if count > 1:
        return None
    return f"layout {layout.key} has no two grades; allowed: layouts of architecture 'graded' with at least two grades"


def grade_layout(layout: Layout, span: GradeSpan, activation: Activation) -> tuple[Layout, Activation]:
    """Return the shallow network that a grade trains, and its activation.

    Masks and fixed weights are those of the layout. If all neurons have one activation of their own, it becomes that
    of the network.
    """
    layers = []
    for index, rows, columns in zip(span.layers, span.rows, span.columns, strict=True):
        shape, place = layout.layers[index], np.ix_(rows, columns)
        others = tuple((kind, mask[rows]) for kind, mask in shape.others if mask[rows].any())
        none = np.zeros(len(rows), bool)
        layers.append(LayerShape(shape.free[place], shape.fixed[place], shape.free_bias[rows], none, others))
    own = {kind.name: kind for layer in layers for kind, mask in layer.others if mask.all()}
    if len(own) == 1 and all(len(layer.others) == 1 and layer.others[0][1].all() for layer in layers):
        (activation,) = own.values()
        layers = [LayerShape(a.free, a.fixed, a.free_bias, a.linear) for a in layers]
    head, rows = layout.layers[span.head_layer], span.head_rows
    place = np.ix_(rows, span.head_columns)
    linear = np.ones(len(rows), bool)
    layers.append(LayerShape(head.free[place], head.fixed[place], head.free_bias[rows], linear))
    return Layout(tuple(layers)), activation


def assembled(
    layout: Layout, spans: Sequence[GradeSpan], grades: Sequence[TrainedGrade], activation: Activation
) -> Network:
    """Return the network of the layout that has the given first grades, and zeros in all later ones.

    It has a readout for the sum of heads up to each grade of the layout.
    """
    weights = [layer.fixed.copy() for layer in layout.layers]
    biases = [np.zeros(len(layer.linear)) for layer in layout.layers]
    for span, grade in zip(spans, grades, strict=False):
        for index, rows, columns, block in zip(
            span.layers, span.rows, span.columns, grade.blocks, strict=True
        ):
            weights[index][np.ix_(rows, columns)] = block[:, :-1]
            biases[index][rows] = block[:, -1]
        weights[span.head_layer][np.ix_(span.head_rows, span.head_columns)] = grade.head[:, :-1]
        biases[span.head_layer][span.head_rows] = grade.head[:, -1]
    kinds = [layer.activations(activation) for layer in layout.layers[:-1]]
    return graded_readouts(Network.dense(weights, biases, kinds), layout)
