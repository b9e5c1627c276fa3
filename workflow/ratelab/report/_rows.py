"""One row per curve of a study: what was measured, what theory says, what training alone says."""

from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING

from ratelab.datasets import meaning

if TYPE_CHECKING:
    import xarray as xr

Interval = tuple[float, float]


@dataclass(frozen=True)
class SlopeRow:
    """The slopes and rates of one curve.

    Parameters
    ----------
    target, network, complexity
        Labels of the curve.
    octave, octave_slope
        Label of the latest octave and the certified slope over it (the longest window if there is no octave).
    whole, whole_slope
        The same for the whole range of budgets.
    model
        (rate, low, high) of the fitted model.
    predicted, proved
        Limits of the rate by theory, and by proof for every size.
    trained
        Trainer → (rate, low, high) that it alone would have reported.
    verdict
        ``consistent``, ``upper only`` or ``inconclusive``.
    """

    target: str
    network: str
    complexity: str
    octave: str
    octave_slope: Interval
    whole: str
    whole_slope: Interval
    model: tuple[float, float, float]
    predicted: Interval
    proved: Interval
    trained: dict[str, tuple[float, float, float]]
    verdict: str


def latest_window(labels: list[str]) -> str:
    """Return the latest octave among window labels such as ``16-32``; the first label if there is none."""
    ends = [tuple(map(int, label.split("-"))) for label in labels]
    octaves = [k for k, (a, b) in enumerate(ends) if b == 2 * a]
    return labels[max(octaves, key=lambda k: ends[k][1])] if octaves else next(iter(labels), "")


def slope_rows(rates: "xr.Dataset") -> list[SlopeRow]:
    """Return the rows of a study's `rates.nc`, in its order; pairs that it does not combine are left out."""
    labels = [str(label) for label in rates["window"].values]
    whole = labels[0] if labels else ""
    octave = latest_window(labels)
    rows = []
    for target in rates["target"].values:
        for network in rates["network"].values:
            for complexity in rates["complexity"].values:
                one = rates.sel(target=target, network=network, complexity=complexity)
                verdict = meaning("verdict", int(one["verdict"]))
                if verdict != "none":
                    names = str(target), str(network), str(complexity)
                    rows.append(_row(one, names, octave, whole, verdict))
    return rows


def _row(one: "xr.Dataset", names: tuple[str, str, str], octave: str, whole: str, verdict: str) -> SlopeRow:
    def pair(name: str, window: str | None = None) -> Interval:
        if window == "":
            return nan, nan
        chosen = one if window is None else one.sel(window=window)
        return float(chosen[f"{name}_low"]), float(chosen[f"{name}_high"])

    trained = {}
    for trainer in one["trainer"].values:
        chosen = one.sel(trainer=trainer)
        trained[str(trainer)] = (
            float(chosen["rate_trained"]),
            float(chosen["rate_trained_low"]),
            float(chosen["rate_trained_high"]),
        )
    return SlopeRow(
        *names,
        octave=octave,
        octave_slope=pair("slope", octave),
        whole=whole,
        whole_slope=pair("slope", whole),
        model=(float(one["rate_model"]), *pair("rate_model")),
        predicted=pair("rate_predicted"),
        proved=pair("rate_proved"),
        trained=trained,
        verdict=verdict,
    )
