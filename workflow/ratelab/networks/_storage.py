"""Networks as NetCDF: all layers' entries in two flat variables, activations as a table of labels."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ratelab._errors import UserError
from ratelab.networks._network import Layer, Network, resolve
from ratelab.registry import Registry

if TYPE_CHECKING:
    import xarray as xr


def to_dataset(network: Network) -> "xr.Dataset":
    """Return the network as a dataset: dims ``entry``, ``neuron``, ``layer``, ``label``."""
    import xarray as xr

    labels = list(dict.fromkeys(a.name for layer in network.layers for a in layer.activations))
    index = [labels.index(a.name) for layer in network.layers for a in layer.activations]
    return xr.Dataset(
        {
            "weight": ("entry", np.concatenate([layer.weight.ravel() for layer in network.layers])),
            "bias": ("neuron", np.concatenate([layer.bias for layer in network.layers])),
            "activation": ("neuron", np.array(index, dtype=np.int32)),
            "outputs": ("layer", np.array([len(layer.bias) for layer in network.layers], dtype=np.int32)),
            "activation_label": ("label", np.array(labels, dtype=object)),
        },
        attrs={"title": "ratelab network", "inputs": np.int32(network.inputs)},
    )


def from_dataset(dataset: "xr.Dataset", registry: Registry | None = None) -> Network:
    """Return the network that `to_dataset` stored."""
    labels = [resolve(str(name), registry) for name in dataset["activation_label"].values]
    weight, bias = dataset["weight"].values, dataset["bias"].values
    kinds = dataset["activation"].values
    layers = []
    width, entry, neuron = int(dataset.attrs["inputs"]), 0, 0
    for out in dataset["outputs"].values.tolist():
        matrix = weight[entry : entry + out * width].reshape(out, width)
        activations = tuple(labels[k] for k in kinds[neuron : neuron + out])
        layers.append(Layer(matrix, bias[neuron : neuron + out], activations))
        entry, neuron, width = entry + out * width, neuron + out, out
    return Network(layers)


def save(network: Network, path: Path) -> None:
    """Write the network to `path`, atomically."""
    from ratelab.datasets import write

    write(to_dataset(network), path)


def load(path: Path, registry: Registry | None = None) -> Network:
    """Read a network from `path`.

    Raises
    ------
    UserError
        If the file cannot be read or holds no network.
    """
    from ratelab.datasets import read

    dataset = read(path)
    missing = {"weight", "bias", "activation", "outputs", "activation_label"} - set(dataset.variables)
    if missing:
        raise UserError(f"{path}: holds no network (missing: {', '.join(sorted(missing))})")
    return from_dataset(dataset, registry)
