"""Logarithmic axes have tick labels whatever their range."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelab.figures._log_ticks import label_ticks, log_axis, tick_texts, ticks_between
from ratelab.figures._style import new_figure, place, style


@settings(max_examples=200, deadline=None)
@given(low=st.floats(-200, 200), width=st.floats(0.05, 60), most=st.integers(3, 8))
def test_there_are_two_to_most_ticks_in_every_range(low, width, most):
    low, high = 10.0**low, 10.0 ** (low + width)
    ticks = ticks_between(low, high, most)
    assert 2 <= len(ticks) <= most
    assert all(low * (1 - 1e-9) <= value <= high * (1 + 1e-9) for value in ticks)
    assert (np.diff(ticks) > 0).all() and len(set(tick_texts(ticks))) == len(ticks)


def value_of(text):
    plain = text.replace("$", "").replace("\\mathdefault{", "").removesuffix("}") if "$" in text else text
    found = re.fullmatch(r"(?:([\d.]+)·)?10\^\{(-?\d+)\}", plain)
    return float(found[1] or 1) * 10.0 ** int(found[2]) if found else float(plain)


@pytest.mark.parametrize(
    "ticks", [[0.1, 1, 10], [0.2, 0.5], [20, 50, 100], [2e-7, 5e-7], [20000, 50000], [18, 19]]
)
def test_labels_say_the_value(ticks):
    assert [value_of(text) for text in tick_texts(ticks)] == pytest.approx(ticks)


def test_powers_of_ten_look_alike():
    assert all("10^" in text for text in tick_texts([0.1, 1, 10]))
    assert tick_texts([0.05, 0.1]) == ["0.05", "0.1"]


def test_an_axis_holds_what_is_drawn_and_stays_reversed():
    with style():
        axes = place(new_figure(3, 3), 0.5, 0.5, 2, 2)
        axes.invert_xaxis()
        log_axis(axes, "x", [0.02, 0, float("nan"), 0.05, float("inf")])
        assert axes.get_xlim()[0] > 0.05 and 0 < axes.get_xlim()[1] < 0.02
        log_axis(axes, "y", [7.0])
        assert axes.get_ylim()[0] < 7 < axes.get_ylim()[1] and len(axes.get_yticks()) >= 2


def test_an_axis_without_numbers_has_no_ticks():
    with style():
        axes = place(new_figure(3, 3), 0.5, 0.5, 2, 2)
        log_axis(axes, "y", [0.0, float("nan")])
        assert len(axes.get_yticks()) == len(axes.get_yticks(minor=True)) == 0
        label_ticks(axes, "y")
        assert len(axes.get_yticks()) >= 2
