# mypy: allow-untyped-decorators
"""One step of Adam on a vector of parameters, in one pass over memory."""

from math import sqrt
from typing import Any

from ratelab._compiled import fast_kernel


@fast_kernel
def adam_step(parameters: Any, first: Any, second: Any, slope: Any, free: Any, options: Any) -> None:
    """Move the parameters (P,) that are free, and the two moments of their derivatives.

    Parameters
    ----------
    options
        (rate over the first moment's correction, root of the second one's correction, epsilon, first decay, second
        decay).
    """
    length, root, epsilon, keep_first, keep_second = options
    for i in range(len(parameters)):
        g = slope[i] * free[i]
        m = keep_first * first[i] + (1.0 - keep_first) * g
        v = keep_second * second[i] + (1.0 - keep_second) * g * g
        first[i], second[i] = m, v
        parameters[i] -= length * m / (sqrt(v) * root + epsilon)
