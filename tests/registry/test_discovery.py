"""Plugins are found, blamed on their files, and never shadow each other."""

from fractions import Fraction
from pathlib import Path

import pytest

from ratelab import Activation, Family, UserError, load_plugins
from ratelab.registry import KINDS, check_parameters, label, parse_label, parse_value, slug

HEAD = "from ratelab import Activation, Target, hookimpl\n"


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(HEAD + text)
    return file


def activation(name: str) -> str:
    return (
        "@hookimpl\ndef ratelab_activations():\n"
        f"    return [Activation('{name}', lambda x: x * x.sigmoid(), 'analytic')]\n"
    )


def test_a_ten_line_file_adds_an_activation(tmp_path: Path) -> None:
    write(tmp_path, "activations/mine.py", activation("mine"))
    registry = load_plugins([tmp_path])
    assert isinstance(registry.activations["mine"], Activation)
    assert registry.activations.entry("mine").source.endswith("mine.py")


def test_two_plugins_of_one_kind_and_name_are_an_error_that_names_both_files(tmp_path: Path) -> None:
    write(tmp_path, "one.py", activation("same"))
    write(tmp_path, "two.py", activation("same"))
    with pytest.raises(UserError, match=r"'same'.*one\.py.*two\.py"):
        load_plugins([tmp_path])


def test_a_broken_plugin_is_listed_with_its_cause_and_hurts_nobody_else(tmp_path: Path) -> None:
    write(tmp_path, "bad.py", "import no_such_module\n")
    write(tmp_path, "good.py", activation("good"))
    registry = load_plugins([tmp_path])
    assert "good" in registry.activations
    assert [("no_such_module" in b.cause, Path(b.source).name) for b in registry.broken] == [(True, "bad.py")]


def test_a_broken_plugin_that_is_asked_for_is_named_as_the_cause(tmp_path: Path) -> None:
    write(tmp_path, "activations/bad.py", "1 / 0\n")
    with pytest.raises(
        UserError, match=r"no activation is called 'bad'(.|\n)*bad\.py could not be loaded: ZeroDivision"
    ):
        load_plugins([tmp_path]).activations["bad"]


def test_a_misspelt_hook_is_reported_with_the_right_spelling(tmp_path: Path) -> None:
    write(tmp_path, "typo.py", activation("x").replace("ratelab_activations", "ratelab_activation"))
    (broken,) = load_plugins([tmp_path]).broken
    assert "did you mean 'ratelab_activations'?" in broken.cause


def test_a_hook_without_its_marker_is_reported_as_providing_nothing(tmp_path: Path) -> None:
    write(tmp_path, "unmarked.py", activation("x").replace("@hookimpl\n", ""))
    (broken,) = load_plugins([tmp_path]).broken
    assert "provides nothing" in broken.cause


def test_an_unknown_name_gets_a_suggestion() -> None:
    with pytest.raises(UserError, match=r"no activation is called 'rleu'; did you mean 'relu'\?"):
        load_plugins().activations["rleu"]


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        load_plugins([tmp_path / "nowhere"])


def test_the_built_in_plugins_all_load_and_every_kind_is_served() -> None:
    registry = load_plugins()
    assert not registry.broken
    assert all(len(registry.catalogue(kind)) for kind in KINDS)


def test_members_of_a_family_carry_the_parameters_that_were_given() -> None:
    targets = load_plugins().targets
    assert targets["cusp"].name == "cusp"
    assert targets["cusp(at=0.3)"].name == "cusp(at=0.3)"
    assert targets.label("cusp", {"at": "1/4", "exponent": 0.5}) == "cusp(exponent=0.5,at=1/4)"
    assert targets["cusp(at=1/4)"].singular_points == (Fraction(1, 4),)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"exponnent": 1}, "did you mean 'exponent'"),
        ({"exponent": "steep"}, "'exponent' is 'steep'"),
        ({"steps": 2.5}, "whole number"),
    ],
)
def test_wrong_parameters_are_named(given: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        check_parameters("thing", {"exponent": 0.5, "steps": 3}, given)


def test_a_family_needs_defaults() -> None:
    with pytest.raises(UserError, match="needs a default"):
        _ = Family("f", lambda a: a).defaults


@pytest.mark.parametrize(
    "text", ["cusp", "cusp(exponent=0.5,at=1/3)", "brownian(seed=3)", "adam(initial=standard)"]
)
def test_labels_are_read_back(text: str) -> None:
    assert label(*parse_label(text)) == text


def test_values_are_numbers_where_they_can_be() -> None:
    assert [parse_value(v) for v in ("1/3", "2", "0.5", "standard", 4)] == [
        Fraction(1, 3),
        2,
        0.5,
        "standard",
        4,
    ]


def test_slugs_are_file_names() -> None:
    assert slug("mlp/prelu(slope=1/4)/depth=2") == "mlp-prelu-slope=1-4-depth=2"


def test_a_label_cut_at_its_comma_is_refused_with_a_hint() -> None:
    with pytest.raises(UserError, match="quote it inside a list"):
        parse_label("multigrade(inner=adam")
