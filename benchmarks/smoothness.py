"""Moduli, Besov norms and critical smoothness of long samples: processor seconds and peak memory, and how both grow.

The peer is the definition itself: the modulus over all shifts, whose work is quadratic, at a size where it ends.
"""

import time
import tracemalloc
from collections.abc import Callable

import numpy as np

from ratelab import spaces

SIZES = (10**5, 10**6)
BRUTE = 2**13


def measured(work: Callable[[], object]) -> tuple[float, float]:
    """Processor seconds, and peak memory in multiples of 8 bytes."""
    start = time.process_time()
    work()
    seconds = time.process_time() - start
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1] / 8
    tracemalloc.stop()
    return seconds, peak


def path(size: int) -> np.ndarray:
    """Return a random walk."""
    return np.cumsum(np.random.default_rng(0).standard_normal(size)) / size**0.5


def brute(values: np.ndarray, most: int) -> np.ndarray:
    """Return the moduli of continuity in the mean square, by all shifts up to `most`."""
    found = [np.sqrt(np.sum((values[h:] - values[:-h]) ** 2) / len(values)) for h in range(1, most + 1)]
    return np.maximum.accumulate(found)


def main() -> None:
    """Print the table."""
    tasks: dict[str, Callable[[np.ndarray], object]] = {
        "moduli at 14 scales, order 2": lambda v: spaces.modulus_of_samples(
            v, 1 / len(v), 0.25 * 2.0 ** -np.arange(14), 2, 2
        ),
        "Besov norm by moduli": lambda v: spaces.besov_norm_by_moduli(v, 0.4, 2, 2),
        "Besov norm by wavelets": lambda v: spaces.besov_norm_by_wavelets(v, 0.4, 2, 2),
        "critical smoothness": spaces.critical_smoothness,
        "smoothness on the adaptivity line": spaces.adaptive_smoothness,
    }
    print(f"{'task':36} {'CPU s':>8} {'ratio':>6} {'peak / samples':>15}   (10^6 samples; ratio to 10^5)")
    for name, task in tasks.items():
        rows = []
        for size in SIZES:
            values = path(size)
            rows.append(measured(lambda v=values, t=task: t(v)))
        seconds, peak = rows[1]
        print(f"{name:36} {seconds:8.2f} {seconds / rows[0][0]:6.1f} {peak / SIZES[1]:15.1f}")
    values = path(BRUTE)
    scales = np.array([BRUTE // 4]) / (BRUTE - 1)
    ours = measured(lambda: spaces.modulus_of_samples(values, 1 / (BRUTE - 1), scales, 2, 1))[0]
    theirs = measured(lambda: brute(values, BRUTE // 4))[0]
    value = float(spaces.modulus_of_samples(values, 1 / (BRUTE - 1), scales, 2, 1).value[0])
    whole = float(brute(values, BRUTE // 4)[-1])
    print(
        f"all shifts, {BRUTE} samples: {theirs / ours:.0f} times our time; our value over theirs {value / whole:.4f}"
    )


if __name__ == "__main__":
    main()
