"""Rates: slopes of brackets, models, what theory predicts and what is proved for every size (row 3)."""

from typing import TYPE_CHECKING

from ratelab._lazy import exports

_NAMES = {
    "AllSizesBound": "._derivatives",
    "RateModel": "._rate_model",
    "envelope": "._slopes",
    "last_octave": "._slopes",
    "lower_bound_all_n": "._derivatives",
    "predicted_rate": "._predictions",
    "proved_rate": "._proofs",
    "rate_model": "._rate_model",
    "seed_quantiles": "._trained",
    "slope": "._slopes",
    "trained_rate": "._trained",
    "verdict": "._slopes",
    "windows": "._slopes",
}

__getattr__, __dir__ = exports(__name__, _NAMES)

if TYPE_CHECKING:
    from ratelab.spaces._derivatives import AllSizesBound, lower_bound_all_n
    from ratelab.spaces._predictions import predicted_rate
    from ratelab.spaces._proofs import proved_rate
    from ratelab.spaces._rate_model import RateModel, rate_model
    from ratelab.spaces._slopes import envelope, last_octave, slope, verdict, windows
    from ratelab.spaces._trained import seed_quantiles, trained_rate

__all__ = [
    "AllSizesBound",
    "RateModel",
    "envelope",
    "last_octave",
    "lower_bound_all_n",
    "predicted_rate",
    "proved_rate",
    "rate_model",
    "seed_quantiles",
    "slope",
    "trained_rate",
    "verdict",
    "windows",
]
