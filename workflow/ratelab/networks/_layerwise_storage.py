"""Layer-wise networks as NetCDF: what fixes them, and the code of each grade; numbers as exact texts."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ratelab._errors import UserError
from ratelab.networks._decoder_code import SineCode
from ratelab.networks._decoders import DECODERS, decoder
from ratelab.networks._layerwise import LayerwiseNetwork
from ratelab.networks._layerwise_cells import CellValues, corrected
from ratelab.networks._localisation import Localisation
from ratelab.networks._numbers import parse, text
from ratelab.networks._table_decoder import TableCode

if TYPE_CHECKING:
    import xarray as xr

    from ratelab.networks._grade_code import GradeCode

_TEXTS = {
    "scale": "u of each grade, exactly",
    "inner": "w of each grade, exactly",
    "outer": "v of each grade, exactly",
}
_NUMBERS = {
    "tolerance": "proved bound of the decoder's error",
    "precision": "working precision that decoding needs, in bits",
    "cells": "number of cells",
    "readout_error": "proved bound of the distance of the readout from the averages that were given",
}
_FIXED = ("dimension", "base", "ramp", "mean", "offset", "decoder", "accuracy", "depth_max")


def to_dataset(network: LayerwiseNetwork) -> "xr.Dataset":
    """Return a network as a dataset; dims ``grade`` and, for tables, ``cell``: their values one after another.

    Raises
    ------
    UserError
        If a grade's code is none that ratelab can restore.
    """
    import xarray as xr

    kinds = {type(code) for code in network.codes}
    if network.decoder.name not in DECODERS or not kinds <= {SineCode, TableCode}:
        raise UserError(
            f"decoder '{network.decoder.name}' is none of ratelab's own ({', '.join(DECODERS)}), so the network cannot "
            "be saved"
        )
    tables = [code.values for code in network.codes if isinstance(code, TableCode)]
    variables: dict[str, Any] = {
        name: (
            "grade",
            np.array([text(getattr(c, name)) for c in network.codes], dtype=object),
            {"long_name": meaning},
        )
        for name, meaning in _TEXTS.items()
    }
    for name, meaning in _NUMBERS.items():
        numbers = network.errors[1:] if name == "readout_error" else [getattr(c, name) for c in network.codes]
        variables[name] = ("grade", np.array(numbers), {"long_name": meaning})
    if tables:
        variables["table"] = (
            "cell",
            np.concatenate(tables),
            {"long_name": "values of tables, grade after grade"},
        )
    fixed = {
        "dimension": network.dimension, "base": network.base, "ramp": text(network.shape.ramp),
        "mean": text(network.constant), "offset": text(network.shift), "decoder": network.decoder.name,
        "accuracy": network.accuracy, "depth_max": network.depth_max,
    }  # fmt: skip
    return xr.Dataset(variables, attrs={f"layerwise_{name}": value for name, value in fixed.items()})


def from_dataset(dataset: "xr.Dataset") -> LayerwiseNetwork:
    """Return the network that `to_dataset` stored."""
    of = {name: dataset.attrs[f"layerwise_{name}"] for name in _FIXED}
    shape = Localisation(int(of["dimension"]), int(of["base"]), parse(of["ramp"]))
    coder = decoder(str(of["decoder"]))
    first = np.empty(1, dtype=object)
    first[0] = parse(of["mean"])
    tables = [CellValues(first, parse("0"))]
    codes: list[GradeCode] = []
    place = 0
    for grade in range(dataset.sizes["grade"]):
        u, w, v = (parse(str(dataset[name].values[grade])) for name in _TEXTS)
        cells, tolerance = int(dataset["cells"][grade]), float(dataset["tolerance"][grade])
        if cells != shape.cells(grade + 1):
            raise UserError(f"grade {grade + 1} has {cells} cells instead of {shape.cells(grade + 1)}")
        if "table" in dataset:
            values = np.array(dataset["table"].values[place : place + cells], dtype=np.float64)
            values.setflags(write=False)
            codes.append(TableCode(values, u, tolerance))
            place += cells
        else:
            codes.append(SineCode(cells, u, w, v, tolerance, int(dataset["precision"][grade])))
        coarse = tables[-1].refined(shape.base, shape.dimension, grade)
        tables.append(corrected(coarse, tables[-1].radius, codes[-1]))
    errors = (0.0, *(float(e) for e in dataset["readout_error"].values))
    return LayerwiseNetwork(
        shape, first[0], parse(of["offset"]), tuple(codes), coder, float(of["accuracy"]), int(of["depth_max"]),
        tuple(tables), errors,
    )  # fmt: skip


def save(network: LayerwiseNetwork, path: Path) -> None:
    """Write the network to `path`, atomically."""
    from ratelab.datasets import described, write

    write(described(to_dataset(network), title="ratelab layer-wise network"), path)


def load(path: Path) -> LayerwiseNetwork:
    """Read a network from `path`.

    Raises
    ------
    UserError
        If the file cannot be read or holds no layer-wise network.
    """
    from ratelab.datasets import read

    if path.is_dir():
        raise UserError(f"{path} is a folder; allowed: a file that LayerwiseNetwork.save wrote")
    dataset = read(path, advice="it cannot be loaded as a network")
    missing = {f"layerwise_{name}" for name in _FIXED} - set(dataset.attrs)
    if missing or {*_TEXTS, *_NUMBERS} - set(map(str, dataset.variables)):
        raise UserError(f"{path}: holds no layer-wise network")
    try:
        return from_dataset(dataset)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    except (ValueError, IndexError, KeyError, TypeError) as error:
        raise UserError(f"{path}: its parts do not fit together ({error})") from None
