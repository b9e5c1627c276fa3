"""The job `rate`: certified slopes, model, theory, and what each trainer alone would have reported."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ratelab import datasets, spaces
from ratelab.registry import Registry
from ratelab.studies._jobs import StudyJob
from ratelab.studies._network_kind import NetworkKind

if TYPE_CHECKING:
    import xarray as xr

_CURVE = ("target", "network", "complexity")
_ROUNDING = 1e-12
"""Errors below this share of the target's norm are rounding, not approximation: no rate is fitted to them."""

_NORM_ENDS = ("norm_truncated_low", "norm_truncated_high", "norm_low", "norm_high")


def run(job: StudyJob, registry: Registry, curves: "xr.Dataset") -> "xr.Dataset":
    """Return the rates of every curve of the study."""
    import xarray as xr

    budgets = list(job.budgets)
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
    norms = {name: np.full((*shape, len(job.qs), len(job.alphas)), np.nan) for name in _NORM_ENDS}
    verdict = np.zeros(shape, np.int8)
    source, proof = np.full(shape, "", dtype=object), np.full(shape, "", dtype=object)
    for pair in job.pairs:
        target = registry.targets[pair[0]]
        kind = NetworkKind.parse(pair[1])
        depth = kind.depth
        activation, larger = kind.activations(registry)[0], kind.larger(registry)
        norms_of_target = curves[["target_norm_low", "target_norm_high"]].sel(target=pair[0])
        norm = float(norms_of_target["target_norm_low"]), float(norms_of_target["target_norm_high"])
        rounding = _ROUNDING * norm[1]
        for position, complexity in enumerate(job.complexity):
            place = (job.targets.index(pair[0]), job.networks.index(pair[1]), position)
            chosen = curves.sel(target=pair[0], network=pair[1], complexity=complexity)
            lower, upper = _ends(chosen)
            for index, (_, first, last) in enumerate(windows):
                interval = spaces.slope(budgets, lower, upper, (first, last))
                for name, end in zip(("slope_low", "slope_high"), interval, strict=True):
                    slopes[name][(*place, index)] = end
            # a model of some brackets and some upper ends would follow the change from the one to the other
            bracketed = bool((lower[upper > rounding] > 0).all())
            middle = np.sqrt(lower * upper) if bracketed else upper
            model = spaces.rate_model(budgets, np.where(middle > rounding, middle, np.nan))
            predicted = spaces.predicted_rate(target, activation, depth, complexity)
            proved = spaces.proved_rate(target, activation, depth, complexity)
            sources = predicted[2], spaces.proof_source(target, activation, depth, complexity)
            if larger:  # a larger class: what is reached stays, what is not may be
                predicted, proved = (predicted[0], np.nan, predicted[2]), (proved[0], np.nan)
                low, reached = (f"a part of the class: {text}" if text else "" for text in sources)
                sources = low, reached
            source[place], proof[place] = sources
            for name, value in (
                *zip(("model", "model_low", "model_high"), (model.alpha, model.low, model.high), strict=True),
                *zip(("predicted_low", "predicted_high"), predicted[:2], strict=True),
                *zip(("proved_low", "proved_high"), proved, strict=True),
            ):
                rates[f"rate_{name}"][place] = value
            for index, trainer in enumerate(job.trainers):
                errors = chosen["error_trained"].sel(trainer=trainer).transpose("budget", "seed").values
                errors = np.where(spaces.seed_quantiles(errors, (0.5,)) > rounding, errors, np.nan)
                found = spaces.trained_rate(budgets, errors)
                for suffix, end in zip(("", "_low", "_high"), found, strict=True):
                    trained[f"rate_trained{suffix}"][(*place, index)] = end
            if job.alphas:
                tail = None if larger else spaces.tail_of(target, activation, depth, complexity)
                for name, table in _approximation_norms(job, (lower, upper), norm, tail).items():
                    norms[name][place] = table
            word = spaces.verdict(
                slopes["slope_low"][place], slopes["slope_high"][place], predicted[0], predicted[1], lower
            )
            verdict[place] = datasets.VERDICT[word.replace(" ", "_")]
    dataset = xr.Dataset(
        {name: ((*_CURVE, "window"), table) for name, table in slopes.items()}
        | {name: (_CURVE, table) for name, table in rates.items()}
        | {name: ((*_CURVE, "trainer"), table) for name, table in trained.items()}
        | {
            "verdict": (_CURVE, verdict),
            "prediction_source": (_CURVE, source),
            "proof_source": (_CURVE, proof),
        },
        coords={
            "target": np.array(job.targets, dtype=object),
            "network": np.array(job.networks, dtype=object),
            "complexity": np.array(job.complexity, dtype=object),
            "trainer": np.array(job.trainers, dtype=object),
            "window": np.array([label for label, _, _ in windows], dtype=object),
        },
    )
    if job.alphas:
        dataset = dataset.assign_coords(q=np.array(job.qs), alpha=np.array(job.alphas))
        for name, table in norms.items():
            dataset[name] = ((*_CURVE, "q", "alpha"), table)
    dataset["prediction_source"].attrs["long_name"] = "where the predicted rate comes from"
    title = f"Rates: study {job.study}"
    origin = {key: curves.attrs[key] for key in ("plugin_digests", "references", "software")}
    return datasets.described(dataset, title=title, parameters=job.model_dump_json(), **origin)


def _ends(curve: "xr.Dataset") -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper ends of the error of best approximation, the closure included."""
    upper = np.fmin(curve["error_upper"].values, curve["error_upper_closure"].values)
    return curve["error_lower"].values, upper


def _approximation_norms(
    job: StudyJob,
    ends: tuple[np.ndarray, np.ndarray],
    norm: tuple[float, float],
    tail: "spaces.Tail | None",
) -> Mapping[str, np.ndarray]:
    """Brackets of ‖f‖ in A^α_q, (q, alpha) each: what the study's sizes sum to, and the whole sum."""
    lower, upper = ends
    sizes = np.array([0, *job.budgets])
    # without a method the lower end is 0; without a network the error is at most that of a smaller one
    low = np.array([norm[0], *np.nan_to_num(lower)])
    high = np.minimum.accumulate([norm[1], *np.where(np.isnan(upper), np.inf, upper)])
    return spaces.norm_table(sizes, low, high, job.alphas, job.qs, tail)
