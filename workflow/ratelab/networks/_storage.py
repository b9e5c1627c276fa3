"""Networks as NetCDF: the entries of all layers in flat variables, activations as a table of labels."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ratelab._errors import UserError
from ratelab.networks import _matrix
from ratelab.networks._layers import Layer, Readout, resolve
from ratelab.networks._network import Network
from ratelab.networks._numbers import parse, text
from ratelab.networks._powers import identity
from ratelab.registry import Registry

if TYPE_CHECKING:
    import xarray as xr

_VARIABLES = ("network_weight", "network_bias", "network_activation", "layer_inputs", "layer_outputs")
_DENSE, _SPARSE, _RATIONAL = 0, 1, 2


@dataclass(frozen=True)
class _Part:
    """A layer or readout as it is stored; `reads` is the layer that a readout reads, −1 for a layer."""

    layer: Layer
    reads: int

    @property
    def kind(self) -> int:
        if self.layer.exact:
            return _RATIONAL
        return _SPARSE if _matrix.sparse(self.layer.weight) else _DENSE


def _parts(network: Network) -> list[_Part]:
    heads = [
        _Part(Layer(h.weight, h.bias, (identity,) * h.weight.shape[0]), h.layer) for h in network.readouts
    ]
    return [*(_Part(layer, -1) for layer in network.layers), *heads]


def to_dataset(networks: Sequence[Network | None]) -> "xr.Dataset":
    """Return networks as one dataset.

    Dims: ``stored`` (networks), ``layer``, ``neuron``, ``entry`` (float64 weights), ``label`` (activations), and
    ``place`` and ``number`` where there are sparse or rational layers. ``layers(stored)`` is the number of layers of
    each (0 where there is no network), ``readouts(stored)`` that of its readouts, which follow its layers. The other
    variables hold all of them one after another: a dense layer its weights row by row; a sparse one its non-zero
    weights, with ``network_place`` = row · inputs + column; a rational one texts in ``network_number``, weights row by
    row, then biases (``network_bias`` is then 0).
    """
    import xarray as xr

    present = [network for network in networks if network is not None]
    parts = [part for network in present for part in _parts(network)]
    labels = list(dict.fromkeys(a.name for part in parts for a in part.layer.activations))
    number = {name: index for index, name in enumerate(labels)}
    kinds = [number[a.name] for part in parts for a in part.layer.activations]
    weights: list[Any] = [np.zeros(0)]
    places: list[Any] = [np.zeros(0, dtype=np.int64)]
    sizes: list[int] = []
    numbers: list[str] = []
    for part in parts:
        layer = part.layer
        if part.kind == _DENSE:
            weights.append(layer.weight.ravel())
        elif part.kind == _SPARSE:
            entries = layer.weight.tocoo()
            weights.append(entries.data)
            places.append(entries.row.astype(np.int64) * layer.inputs + entries.col)
        else:
            numbers += [text(v) for v in (*layer.weight.flat, *layer.bias.flat)]
        sizes.append(_matrix.nonzeros(layer.weight) if part.kind == _SPARSE else 0)
    biases = [np.zeros(p.layer.neurons) if p.layer.exact else p.layer.bias for p in parts]

    def column(values: Sequence[int], kind: Any = np.int32) -> Any:
        return "layer", np.array(values, dtype=kind)

    variables: dict[str, Any] = {
        "layers": ("stored", np.array([n.depth if n else 0 for n in networks], dtype=np.int32)),
        "layer_inputs": column([p.layer.inputs for p in parts]),
        "layer_outputs": column([p.layer.neurons for p in parts]),
        "network_bias": ("neuron", np.concatenate([*biases, np.zeros(0)])),
        "network_activation": ("neuron", np.array(kinds, dtype=np.int32)),
        "network_weight": ("entry", np.concatenate(weights)),
        "activation_label": ("label", np.array(labels, dtype=object)),
    }
    if any(n.readouts or n.poolings for n in present) or any(p.kind for p in parts):
        variables |= {
            "readouts": ("stored", np.array([len(n.readouts) if n else 0 for n in networks], dtype=np.int32)),
            "layer_reads": column([p.reads for p in parts]),
            "layer_pooled": column([p.layer.pooled for p in parts], np.int8),
            "layer_kind": column([p.kind for p in parts], np.int8),
            "layer_entries": column(sizes),
            "network_place": ("place", np.concatenate(places)),
            "network_number": ("number", np.array(numbers, dtype=object)),
        }
        variables["layer_kind"] = (
            *variables["layer_kind"],
            {"flag_values": np.array([0, 1, 2], dtype=np.int8), "flag_meanings": "dense sparse rational"},
        )
    return xr.Dataset(variables)


class _Reader:
    """Cuts the flat variables into layers, in the order in which `to_dataset` wrote them."""

    def __init__(self, dataset: "xr.Dataset", registry: Registry | None) -> None:
        self.dataset = dataset
        count = dataset.sizes.get("layer", 0)
        self.labels = [resolve(str(name), registry) for name in dataset["activation_label"].values]
        self.column = {
            name: dataset[name].values.tolist() if name in dataset else [default] * count
            for name, default in (
                ("layer_inputs", 0), ("layer_outputs", 0), ("layer_reads", -1), ("layer_pooled", 0),
                ("layer_kind", _DENSE), ("layer_entries", 0),
            )
        }  # fmt: skip
        self.weight, self.bias = dataset["network_weight"].values, dataset["network_bias"].values
        self.activation = dataset["network_activation"].values
        self.place = dataset["network_place"].values if "network_place" in dataset else np.zeros(0, np.int64)
        self.number = dataset["network_number"].values if "network_number" in dataset else np.zeros(0, object)
        self.layer = self.entry = self.neuron = self.at_place = self.at_number = 0

    def part(self) -> _Part:
        """Return the next layer or readout."""
        of = {name: values[self.layer] for name, values in self.column.items()}
        rows, columns = of["layer_outputs"], of["layer_inputs"]
        bias = self.bias[self.neuron : self.neuron + rows]
        activations = tuple(self.labels[k] for k in self.activation[self.neuron : self.neuron + rows])
        if of["layer_kind"] == _RATIONAL:
            size = rows * columns + rows
            values = np.empty(size, dtype=object)
            values[:] = [parse(str(v)) for v in self.number[self.at_number : self.at_number + size]]
            self.at_number += size
            weight, bias = values[: rows * columns].reshape(rows, columns), values[rows * columns :]
        elif of["layer_kind"] == _SPARSE:
            weight = self._sparse(rows, columns, of["layer_entries"])
        else:
            weight = self.weight[self.entry : self.entry + rows * columns].reshape(rows, columns)
            self.entry += rows * columns
        self.neuron += rows
        self.layer += 1
        return _Part(Layer(weight, bias, activations, bool(of["layer_pooled"])), of["layer_reads"])

    def _sparse(self, rows: int, columns: int, size: int) -> Any:
        from scipy.sparse import csr_array

        place = self.place[self.at_place : self.at_place + size]
        values = self.weight[self.entry : self.entry + size]
        self.at_place += size
        self.entry += size
        return csr_array((values, (place // columns, place % columns)), shape=(rows, columns))


def from_dataset(dataset: "xr.Dataset", registry: Registry | None = None) -> list[Network | None]:
    """Return the networks that `to_dataset` stored; None where there was none."""
    return list(_networks(dataset, registry))


def _networks(dataset: "xr.Dataset", registry: Registry | None) -> Iterator[Network | None]:
    reader = _Reader(dataset, registry)
    layers = dataset["layers"].values.tolist()
    readouts = dataset["readouts"].values.tolist() if "readouts" in dataset else [0] * len(layers)
    for count, heads in zip(layers, readouts, strict=True):
        found = [reader.part() for _ in range(count)]
        read = [reader.part() for _ in range(heads)]
        yield (
            Network([p.layer for p in found], [Readout(p.reads, p.layer.weight, p.layer.bias) for p in read])
            if found
            else None
        )


def save(network: Network, path: Path) -> None:
    """Write the network to `path`, atomically."""
    from ratelab.datasets import described, write

    write(described(to_dataset([network]), title="ratelab network"), path)


def load(path: Path, registry: Registry | None = None) -> Network:
    """Read a network from `path`.

    Raises
    ------
    UserError
        If the file cannot be read or does not hold exactly one network.
    """
    from ratelab.datasets import read

    if path.is_dir():
        raise UserError(f"{path} is a folder; allowed: a file that Network.save wrote")
    dataset = read(path, advice="it cannot be loaded as a network")
    missing = {*_VARIABLES, "layers", "activation_label"} - set(map(str, dataset.variables))
    if missing or dataset.sizes["stored"] != 1:
        raise UserError(f"{path}: holds no single network")
    try:
        (network,) = from_dataset(dataset, registry)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    except (ValueError, IndexError, StopIteration, RuntimeError) as error:
        raise UserError(f"{path}: its parts do not fit together ({error})") from None
    if network is None:
        raise UserError(f"{path}: holds no network")
    return network


def counts(
    networks: Sequence[Network | None],
) -> Mapping[str, "np.ndarray[tuple[int], np.dtype[np.float64]]"]:
    """Return the counts of networks as float columns (NaN where there is none)."""

    def column(name: str) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
        return np.array([np.nan if n is None else float(getattr(n, name)) for n in networks])

    return {name: column(name) for name in ("connections", "neurons", "depth", "largest_weight")}
