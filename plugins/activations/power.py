"""The rectified powers ρ_r(x) = max(x, 0)^r, r a whole number from 0 to 20."""

from collections.abc import Sequence
from dataclasses import replace

from ratelab import Activation, Family, hookimpl
from ratelab.networks import power


def _member(exponent: int = 1) -> Activation:
    # a copy: the registry renames members, and the primitives keep their own names
    return replace(power(exponent))


@hookimpl
def ratelab_activations() -> Sequence[Family[Activation]]:
    return [Family("power", _member, "max(x, 0)^exponent")]
