"""The experiment `embeddings`: its table is a partial order, its edges are part of it, and it survives NetCDF."""

import numpy as np
import pytest

from ratelab import UserError, datasets
from ratelab.studies.experiments import _embeddings
from ratelab.studies.experiments._catalogue import parameters_of

GIVEN = ({}, {"depths": [2, 4, "log"], "alpha": 2.5, "degree": 2, "p": 1.0}, {"depths": [3], "alpha": 3.0})


def result(given):
    return _embeddings.run(parameters_of("embeddings", given), None, lambda *_: None)


@pytest.fixture(scope="module", params=range(len(GIVEN)))
def dataset(request):
    return result(GIVEN[request.param])


def test_every_variable_says_what_it_is_and_survives_netcdf(dataset, tmp_path):
    assert [v for v in dataset.variables if not dataset[v].attrs.get("long_name")] == []
    datasets.write(dataset, tmp_path / "embeddings.nc")
    assert datasets.read(tmp_path / "embeddings.nc").identical(dataset)


def test_the_table_is_a_partial_order(dataset):
    yes = (dataset["embeds"] == _embeddings.ANSWERS["yes"]).values
    assert yes.diagonal().all()
    assert not ((yes.astype(int) @ yes.astype(int) > 0) & ~yes).any()


def test_edges_are_in_the_table(dataset):
    table = dataset["embeds"].values
    for edge in range(dataset.sizes["edge"]):
        pair = int(dataset["source"][edge]), int(dataset["target"][edge])
        relation = int(dataset["relation"][edge])
        negative = relation == _embeddings.RELATIONS["not_embedded"]
        assert table[pair] == _embeddings.ANSWERS["no" if negative else "yes"]
        assert (relation == _embeddings.RELATIONS["equal"]) == (table[pair] == table[pair[::-1]] == 1)
        assert (table[pair[::-1]] == _embeddings.ANSWERS["no"]) == bool(dataset["strict"][edge])


def test_everything_lies_in_the_whole_space(dataset):
    last = int((dataset["letter"] == "X").values.nonzero()[0][0])
    assert (dataset["embeds"].values[:, last] == 1).all()
    assert np.isnan(dataset["factor"].values[dataset["target"].values == last]).all()


def test_factors_are_those_of_the_inverse_estimate():
    found = result({})
    names = found["node"].values
    factors = {
        (names[a], names[b]): f
        for a, b, f in zip(*(found[v].values for v in ("source", "target", "factor")), strict=True)
    }
    assert factors["W^1_2/3(5)", "B^1/2"] == 1 / 2
    assert factors["N^1_2/3(5)", "B^1/4"] == 1 / 4
    assert factors["N^1_2/3(3)", "W^1/2_2/3(3)"] == 1 / 2


def test_the_same_numbers_twice():
    assert result({}).identical(result({}))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"depths": []}, "depths"),
        ({"alpha": 0.0}, "alpha"),
        ({"degree": 0}, "degree"),
        ({"p": float("inf")}, "p"),
        ({"depth": [2]}, "unknown parameter 'depth'"),
    ],
)
def test_parameters_outside_their_range_are_the_users_error(given, message):
    with pytest.raises(UserError, match=message):
        parameters_of("embeddings", given)


@pytest.mark.parametrize("depths", [["deep"], [1, 2], ["linear", "unbounded"]])
def test_depths_that_make_no_lattice_are_the_users_error(depths):
    with pytest.raises(UserError):
        result({"depths": depths})
