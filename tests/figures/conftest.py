"""A study made up from closed forms, shaped like what the pipeline writes."""

from math import inf, nan

import numpy as np
import pytest
import xarray as xr

from ratelab import datasets, spaces

BUDGETS = [2, 3, 4, 6, 8, 12, 16, 24, 32]
RATES = {  # target: (constant, rate of splines, predicted)
    "sqrt": (0.092, 2.0),
    "exp": (0.0625, 2.0),
    "sine": (0.836, 2.0),
    "cusp(exponent=0.5,at=1/3)": (0.14, 2.0),
    "step(at=1/3)": (0.0, inf),
    "takagi(exponent=1)": (0.12, 1.0),
    "brownian(seed=0)": (0.2, 0.5),
}
SMOOTH = ("exp", "sine")
NETWORKS = ("mlp/relu/depth=2", "mlp/relu/depth=3", "mlp/tanh/depth=2", "mlp/softplus/depth=2")
TRAINERS = ("adam", "varpro")
SEEDS = 4


def build(
    targets=tuple(RATES), networks=NETWORKS, complexities=("neurons",), trainers=TRAINERS, milestones=()
):
    """Return (curves, rates); the deep network is combined with two targets only."""
    cell = (len(targets), len(networks), len(complexities), len(BUDGETS))
    tables = {
        name: np.full(cell, nan)
        for name in ("error_constructed", "error_upper", "error_upper_closure", "error_lower")
    }
    flags = {
        name: np.zeros(cell, np.int8)
        for name in ("certainty", "upper_certainty", "lower_status", "upper_attained")
    }
    trained = np.full((*cell, len(trainers), SEEDS), nan)
    generator = np.random.default_rng(8)
    n = np.array(BUDGETS, dtype=float)
    for i, target in enumerate(targets):
        for j, network in enumerate(networks):
            for k in range(len(complexities)):
                size = n if complexities[k] == "neurons" else np.maximum(n // 2, 1)
                upper, lower, closure, adam = _curve(target, network, size)
                if upper is None:
                    continue
                place = (i, j, k)
                tables["error_upper"][place], tables["error_lower"][place] = upper, lower
                tables["error_upper_closure"][place] = closure
                flags["upper_attained"][place] = np.where(closure < upper, 1, 2)
                flags["lower_status"][place] = np.where(np.isnan(lower), 0, np.where(lower > 0, 2, 3))
                flags["certainty"][place] = np.where(np.isnan(lower), 0, 2)
                flags["upper_certainty"][place] = 2
                for t in range(len(trainers)):
                    spread = np.exp(0.35 * np.abs(generator.standard_normal((len(n), SEEDS))))
                    level = adam if t == 0 else np.sqrt(adam * np.maximum(upper, 1e-3 * adam))
                    trained[(*place, slice(None), t)] = level[:, None] * spread
                trained[(*place, 3, slice(0, 1), 1)] = nan
    dims = ("target", "network", "complexity", "budget")
    coordinates = {
        "target": np.array(targets, dtype=object),
        "network": np.array(networks, dtype=object),
        "complexity": np.array(complexities, dtype=object),
        "trainer": np.array(trainers, dtype=object),
    }
    lower = tables["error_lower"][..., None, None]
    fits = (*dims, "trainer", "seed")
    curves = xr.Dataset(
        {name: (dims, table) for name, table in {**tables, **flags}.items()}
        | {
            "error_trained": (fits, trained),
            "ratio_trained": (fits, np.where(lower > 0, trained / np.where(lower > 0, lower, 1.0), nan)),
            "error_at_milestone": ((*fits, "milestone"), trained[..., None] * (1 + 1 / np.sqrt(milestones))),
        },
        coords={
            **coordinates,
            "budget": BUDGETS,
            "seed": np.arange(SEEDS),
            "milestone": np.array(milestones),
        },
    )
    return datasets.described(curves), _rates(curves, coordinates)


def _curve(target, network, size):
    constant, rate = RATES[target]
    _, activation, depth = network.split("/")
    missing = np.full(len(size), nan)
    if depth != "depth=2" and target not in ("exp", "takagi(exponent=1)"):
        return None, None, None, None
    adam = 0.3 * size**-0.6 * (constant if constant else 0.4) ** 0.5
    if activation == "relu" and rate == inf:
        return 0.2 / size, np.where(size >= 2, 0.0, missing), np.where(size >= 2, 0.0, missing), adam
    if activation == "relu":
        lower = constant * (size + 1) ** -rate
        if depth != "depth=2":
            lower = constant * (1 + size / 2) ** (-2 * rate)
        return constant * size**-rate, lower, missing, adam
    scale = np.exp(-0.9 * size) if target in SMOOTH and activation == "tanh" else 2 * size ** -min(rate, 2.0)
    upper = 0.1 * np.maximum(scale, 1e-9)
    closure = np.exp(-1.1 * size) * 0.1 if target in SMOOTH else missing
    return upper, missing, closure, np.maximum(adam / 3, upper)


def _rates(curves, coordinates):
    windows = spaces.windows(BUDGETS)
    shape = tuple(len(coordinates[c]) for c in ("target", "network", "complexity"))
    names = (
        "model",
        "model_low",
        "model_high",
        "predicted_low",
        "predicted_high",
        "proved_low",
        "proved_high",
    )
    rates = {name: np.full(shape, nan) for name in names}
    slopes = {name: np.full((*shape, len(windows)), nan) for name in ("slope_low", "slope_high")}
    trained = {end: np.full((*shape, len(coordinates["trainer"])), nan) for end in ("", "_low", "_high")}
    verdict = np.zeros(shape, np.int8)
    for place in np.ndindex(shape):
        one = curves.isel(target=place[0], network=place[1], complexity=place[2])
        upper = np.fmin(one["error_upper"].values, one["error_upper_closure"].values)
        lower = one["error_lower"].values
        if np.isnan(upper).all():
            continue
        target, network = str(one["target"].values), str(one["network"].values)
        for index, (_, a, b) in enumerate(windows):
            slopes["slope_low"][(*place, index)], slopes["slope_high"][(*place, index)] = spaces.slope(
                BUDGETS, lower, upper, (a, b)
            )
        model = spaces.rate_model(BUDGETS, upper)
        rate = RATES[target][1]
        low, high = (
            (rate, rate) if "relu" in network else (inf, inf) if target in SMOOTH else (min(rate, 1.0), nan)
        )
        if network == "mlp/relu/depth=3":
            high = 2 * rate
        values = (model.alpha, model.low, model.high, low, high, nan, high)
        for name, value in zip(names, values, strict=True):
            rates[name][place] = value
        for index in range(len(coordinates["trainer"])):
            found = spaces.trained_rate(BUDGETS, one["error_trained"].isel(trainer=index).values)
            for end, value in zip(("", "_low", "_high"), found, strict=True):
                trained[end][(*place, index)] = value
        word = spaces.verdict(slopes["slope_low"][place], slopes["slope_high"][place], low, high, lower)
        verdict[place] = datasets.VERDICT[word.replace(" ", "_")]
    dims = ("target", "network", "complexity")
    dataset = xr.Dataset(
        {f"rate_{name}": (dims, table) for name, table in rates.items()}
        | {name: ((*dims, "window"), table) for name, table in slopes.items()}
        | {f"rate_trained{end}": ((*dims, "trainer"), table) for end, table in trained.items()}
        | {"verdict": (dims, verdict)},
        coords={**coordinates, "window": np.array([label for label, _, _ in windows], dtype=object)},
    )
    return datasets.described(dataset)


@pytest.fixture(scope="session")
def study():
    """(curves, rates) of seven targets and four kinds of network, not all combined."""
    return build()


@pytest.fixture(scope="session")
def make_study():
    """The function that builds (curves, rates) from lists of labels."""
    return build
