"""Numbers, intervals and labels as a reader wants them."""

from collections.abc import Mapping
from math import ceil, floor, inf, isinf, isnan
from pathlib import Path

MISSING = "–"


def number_text(value: float, digits: int = 2) -> str:
    """Return the number rounded, ``∞`` or ``–`` for NaN; whole numbers without decimals."""
    if isnan(value):
        return MISSING
    if isinf(value):
        return "∞" if value > 0 else "−∞"
    text = f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    return (text.rstrip("0").rstrip(".") if value == round(value) else text).replace("-", "−")


def interval_text(low: float, high: float, digits: int = 2, outward: bool = False) -> str:
    """Return ``[low, high]``, ``≥ low`` or ``≤ high``; one number if both ends agree or the lower one is ∞.

    Parameters
    ----------
    low, high
        NaN where there is no such end.
    digits
        Decimals.
    outward
        Whether to round outward, so that the printed interval still contains the exact one.
    """
    if isnan(low) and isnan(high):
        return MISSING
    if low == high:
        return number_text(low, digits)
    if isnan(high) and low == inf:
        return number_text(low, digits)
    if outward:
        low, high = _outward(low, high, digits)
    if isnan(high) or (high == inf and low < inf):
        return f"≥ {number_text(low, digits)}" if low > 0 else MISSING
    if isnan(low):
        return f"≤ {number_text(high, digits)}"
    return f"[{number_text(low, digits)}, {number_text(high, digits)}]"


def network_text(label: str) -> str:
    """Return ``relu, depth 2`` for the label ``mlp/relu/depth=2``; other architectures are named."""
    architecture, _, rest = label.partition("/")
    activation, _, depth = rest.rpartition("/depth=")
    if not activation:
        return label
    name = f"{activation}, depth {depth}"
    return name if architecture == "mlp" else f"{architecture}: {name}"


def write_texts(texts: Mapping[str, str], folder: str | Path) -> list[Path]:
    """Write texts by file name into `folder`, which is made if need be; return their paths."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in texts]


def _outward(low: float, high: float, digits: int) -> tuple[float, float]:
    scale = 10.0**digits
    low = low if isnan(low) or isinf(low) else floor(low * scale) / scale
    high = high if isnan(high) or isinf(high) else ceil(high * scale) / scale
    return low, high
