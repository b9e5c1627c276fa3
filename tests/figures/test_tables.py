"""The slope table says what the dataset says."""

import csv
import io
from math import inf, nan

import numpy as np
import pytest

from ratelab import report


def test_the_csv_holds_every_digit(study):
    rates = study[1]
    rows = list(csv.DictReader(io.StringIO(report.slope_table_csv(rates))))
    assert len(rows) == int((rates["verdict"] > 0).sum())
    for row in rows:
        one = rates.sel(target=row["target"], network=row["network"], complexity=row["complexity"])
        assert row["window"] == "16-32"
        for name, value in {
            "slope_low": one["slope_low"].sel(window="16-32"),
            "whole_slope_high": one["slope_high"].sel(window="2-32"),
            "rate_model": one["rate_model"],
            "rate_predicted_high": one["rate_predicted_high"],
            "rate_trained_low[varpro]": one["rate_trained_low"].sel(trainer="varpro"),
        }.items():
            assert (float(row[name]) if row[name] else nan) == pytest.approx(float(value), abs=0, nan_ok=True)


def test_the_markdown_has_a_line_per_curve_and_explains_its_columns(study):
    text = report.slope_table_markdown(study[1])
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len(table) == 2 + int((study[1]["verdict"] > 0).sum())
    assert len({line.count("|") for line in table}) == 1
    (line,) = [t for t in table if t.startswith("| step(at=1/3) | relu, depth 2 ")]
    assert "∞" in line and line.endswith("| consistent |")
    assert "Bracketed slope" in text


def test_tables_are_written_beside_the_figures(study, tmp_path):
    files = report.write_tables(study[1], tmp_path / "new")
    assert [file.name for file in files] == ["slopes.md", "slopes.csv"]
    assert files[0].read_text(encoding="utf-8") == report.slope_table_markdown(study[1])


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (1.8249, 2.0888, "[1.82, 2.09]"),
        (2.0, 2.0, "2"),
        (0.5, 0.5, "0.50"),
        (1.0, nan, "≥ 1"),
        (nan, 2.0, "≤ 2"),
        (inf, inf, "∞"),
        (0.0, inf, "–"),
        (nan, nan, "–"),
    ],
)
def test_intervals_read_like_mathematics(low, high, text):
    assert report.interval_text(low, high, outward=True) == text


def test_outward_rounding_keeps_the_interval_inside():
    generator = np.random.default_rng(1)
    for low, width in generator.random((200, 2)):
        printed = report.interval_text(low, low + width, outward=True).strip("[]").split(", ")
        assert float(printed[0]) <= low and low + width <= float(printed[1])


@pytest.mark.parametrize(
    ("label", "text"),
    [
        ("mlp/relu/depth=2", "relu, depth 2"),
        ("mlp/prelu(slope=0.25)/depth=3", "prelu(slope=0.25), depth 3"),
        ("skip/tanh/depth=4", "skip: tanh, depth 4"),
        ("something", "something"),
    ],
)
def test_network_labels_become_words(label, text):
    assert report.network_text(label) == text


def test_the_latest_octave_is_shown_and_the_range_where_there_is_none(study):
    rates = study[1]
    assert report.slope_rows(rates)[0].octave == "16-32"
    alone = rates.isel(window=[0])
    row = report.slope_rows(alone)[0]
    assert row.octave == row.whole == "2-32"
    assert report.slope_table_markdown(alone).count("bracketed slope") == 1


def test_the_gap_table_has_a_line_per_positive_lower_end(study):
    curves = study[0]
    rows = list(csv.DictReader(io.StringIO(report.gap_csv(curves))))
    assert len(rows) == int((curves["error_lower"] > 0).sum())
    for row in rows[::7]:
        one = curves.sel(
            target=row["target"],
            network=row["network"],
            complexity=row["complexity"],
            budget=int(row["budget"]),
        )
        ratios = (one["error_trained"].sel(trainer="adam") / one["error_lower"]).values
        assert float(row["best_ratio[adam]"]) == pytest.approx(np.nanmin(ratios), rel=1e-12)
        assert float(row["median_ratio[adam]"]) == pytest.approx(
            np.exp(np.nanmedian(np.log(ratios))), rel=1e-12
        )
        assert float(row["ratio"]) == pytest.approx(float(row["upper"]) / float(row["lower"]))
    table = [line for line in report.gap_markdown(curves).splitlines() if line.startswith("|")]
    assert len(table) == 2 + len(rows) and len({line.count("|") for line in table}) == 1
