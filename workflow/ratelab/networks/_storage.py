"""Networks as NetCDF: the entries of all layers in flat variables, activations as a table of labels."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ratelab._errors import UserError
from ratelab.networks._network import Layer, Network, resolve
from ratelab.registry import Registry

if TYPE_CHECKING:
    import xarray as xr

_VARIABLES = ("network_weight", "network_bias", "network_activation", "layer_inputs", "layer_outputs")


def to_dataset(networks: Sequence[Network | None]) -> "xr.Dataset":
    """Return networks as one dataset with dims ``stored``, ``layer``, ``neuron``, ``entry``, ``label``.

    ``layers(stored)`` is the number of layers of each, 0 where there is no network; the other variables hold
    all layers one after another, weights row by row.
    """
    import xarray as xr

    layers = [layer for network in networks if network is not None for layer in network.layers]
    labels = list(dict.fromkeys(a.name for layer in layers for a in layer.activations))
    number = {name: index for index, name in enumerate(labels)}
    kinds = [number[a.name] for layer in layers for a in layer.activations]
    empty = [np.zeros(0)]
    return xr.Dataset(
        {
            "layers": ("stored", np.array([n.depth if n else 0 for n in networks], dtype=np.int32)),
            "layer_inputs": ("layer", np.array([layer.weight.shape[1] for layer in layers], dtype=np.int32)),
            "layer_outputs": ("layer", np.array([layer.weight.shape[0] for layer in layers], dtype=np.int32)),
            "network_bias": ("neuron", np.concatenate([layer.bias for layer in layers] or empty)),
            "network_activation": ("neuron", np.array(kinds, dtype=np.int32)),
            "network_weight": ("entry", np.concatenate([layer.weight.ravel() for layer in layers] or empty)),
            "activation_label": ("label", np.array(labels, dtype=object)),
        }
    )


def from_dataset(dataset: "xr.Dataset", registry: Registry | None = None) -> list[Network | None]:
    """Return the networks that `to_dataset` stored; None where there was none."""
    names = [str(name) for name in dataset["activation_label"].values]
    labels = [resolve(name, registry) for name in names]
    weight, bias, kinds = (dataset[name].values for name in _VARIABLES[:3])
    shapes = zip(
        dataset["layer_inputs"].values.tolist(), dataset["layer_outputs"].values.tolist(), strict=True
    )
    result: list[Network | None] = []
    entry = neuron = 0
    for count in dataset["layers"].values.tolist():
        layers = []
        for _ in range(count):
            width, out = next(shapes)
            matrix = weight[entry : entry + out * width].reshape(out, width)
            activations = tuple(labels[k] for k in kinds[neuron : neuron + out])
            layers.append(Layer(matrix, bias[neuron : neuron + out], activations))
            entry, neuron = entry + out * width, neuron + out
        result.append(Network(layers) if layers else None)
    return result


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

    dataset = read(path)
    missing = {*_VARIABLES, "layers", "activation_label"} - set(map(str, dataset.variables))
    if missing or dataset.sizes["stored"] != 1:
        raise UserError(f"{path}: holds no single network")
    (network,) = from_dataset(dataset, registry)
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
