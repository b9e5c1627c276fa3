"""The job `rate`: certified slopes, model, theory, and what each trainer alone would have reported."""

from typing import TYPE_CHECKING

import numpy as np

from ratelab import datasets, spaces
from ratelab.networks import resolve
from ratelab.registry import Registry
from ratelab.studies._bracket import split_network
from ratelab.studies._jobs import StudyJob

if TYPE_CHECKING:
    import xarray as xr

_CURVE = ("target", "network", "complexity")


def run(job: StudyJob, registry: Registry, curves: "xr.Dataset") -> "xr.Dataset":
    """Return the rates of every curve of the study."""
    import xarray as xr

    budgets = np.array(job.budgets, dtype=np.float64)
    windows = spaces.windows(job.budgets)
    shape = (len(job.targets), len(job.networks), len(job.complexity))
    slopes = {name: np.full((*shape, len(windows)), np.nan) for name in ("slope_low", "slope_high")}
    rates = {
        f"rate_{kind}": np.full(shape, np.nan)
        for kind in (
            *("model", "model_low", "model_high"),
            *("proved_low", "proved_high", "predicted_low", "predicted_high"),
        )
    }
    trained = {
        f"rate_trained{end}": np.full((*shape, len(job.trainers)), np.nan) for end in ("", "_low", "_high")
    }
    verdict = np.zeros(shape, np.int8)
    source = np.full(shape, "", dtype=object)
    for pair in job.pairs:
        target = registry.targets[pair[0]]
        _, label, depth = split_network(pair[1])
        activation = resolve(label, registry)
        for position, complexity in enumerate(job.complexity):
            place = (job.targets.index(pair[0]), job.networks.index(pair[1]), position)
            chosen = curves.sel(target=pair[0], network=pair[1], complexity=complexity)
            lower = chosen["error_lower"].values
            upper = np.fmin(chosen["error_upper"].values, chosen["error_upper_closure"].values)
            exact_zero = chosen["lower_status"].values == datasets.LOWER_STATUS["exact"]
            lower, upper = np.where(exact_zero, 0.0, lower), np.where(exact_zero, 0.0, upper)
            for index, (_, start, end) in enumerate(windows):
                low, high = spaces.slope(budgets, lower, upper, (start, end))
                slopes["slope_low"][(*place, index)], slopes["slope_high"][(*place, index)] = low, high
            known = np.where(lower > 0, np.sqrt(lower * upper), upper)
            model = spaces.rate_model(budgets, known)
            rates["rate_model"][place] = model.alpha
            rates["rate_model_low"][place], rates["rate_model_high"][place] = model.low, model.high
            low, high, text = spaces.predicted_rate(target, activation, depth, complexity)
            rates["rate_predicted_low"][place], rates["rate_predicted_high"][place] = low, high
            source[place] = text
            low, high = spaces.proved_rate(target, activation, depth, complexity)
            rates["rate_proved_low"][place], rates["rate_proved_high"][place] = low, high
            for index, trainer in enumerate(job.trainers):
                errors = chosen["error_trained"].sel(trainer=trainer).transpose("budget", "seed").values
                rate, low, high = spaces.trained_rate(budgets, errors)
                for end, value in (("", rate), ("_low", low), ("_high", high)):
                    trained[f"rate_trained{end}"][(*place, index)] = value
            word = spaces.verdict(
                slopes["slope_low"][place],
                slopes["slope_high"][place],
                rates["rate_predicted_low"][place],
                rates["rate_predicted_high"][place],
                lower,
            )
            verdict[place] = datasets.VERDICT[word.replace(" ", "_")]
    dataset = xr.Dataset(
        {name: ((*_CURVE, "window"), table) for name, table in slopes.items()}
        | {name: (_CURVE, table) for name, table in rates.items()}
        | {name: ((*_CURVE, "trainer"), table) for name, table in trained.items()}
        | {"verdict": (_CURVE, verdict), "prediction_source": (_CURVE, source)},
        coords={
            "target": np.array(job.targets, dtype=object),
            "network": np.array(job.networks, dtype=object),
            "complexity": np.array(job.complexity, dtype=object),
            "trainer": np.array(job.trainers, dtype=object),
            "window": np.array([label for label, _, _ in windows], dtype=object),
        },
    )
    dataset["prediction_source"].attrs["long_name"] = "where the predicted rate comes from"
    title = f"Rates: study {job.study}"
    origin = {key: curves.attrs[key] for key in ("plugin_digests", "references", "software")}
    return datasets.described(dataset, title=title, parameters=job.model_dump_json(), **origin)
