"""Float and rational counts of 1,000 random networks, and whether the float counter knows when they differ.

Run by hand: python benchmarks/counts.py [networks]
"""

import sys
import time
from collections import Counter

import numpy as np

from ratelab import Network, exact

DEFINITIONS = ("pieces", "cells", "maps")


def random_network(generator: np.random.Generator, index: int) -> Network:
    """Return a network with d = 1, 2 or 3 and depth 2 to 4; every fourth has weights rounded to one decimal."""
    dimension, hidden = 1 + index % 3, 1 + index // 3 % 3
    widths = [dimension, *generator.integers(2, {1: 9, 2: 6, 3: 4}[dimension], hidden).tolist(), 1]
    weights = [generator.standard_normal((b, a)) for a, b in zip(widths, widths[1:], strict=False)]
    biases = [generator.standard_normal(b) for b in widths[1:]]
    if index % 4 == 3:
        weights, biases = ([np.round(v, 1) for v in part] for part in (weights, biases))
    return Network.dense(weights, biases)


def main(count: int) -> None:
    """Count, compare, print."""
    generator = np.random.default_rng(0)
    seen: Counter[tuple[int, str]] = Counter()
    seconds = dict.fromkeys(("float", "auto", "rational"), 0.0)
    for index in range(count):
        network = random_network(generator, index)
        for definition in DEFINITIONS:
            found = {}
            for arithmetic in seconds:
                start = time.process_time()
                found[arithmetic] = exact.count_pieces(network, None, definition, arithmetic)
                seconds[arithmetic] += time.process_time() - start
            seen[network.inputs, "counts"] += 1
            seen[network.inputs, "auto equals rational"] += (
                found["auto"] == found["rational"] and found["auto"].certain
            )
            seen[network.inputs, "float certain"] += found["float"].certain
            seen[network.inputs, "float certain and wrong"] += (
                found["float"].certain and found["float"] != found["rational"]
            )
            seen[network.inputs, "float uncertain and wrong"] += (
                not found["float"].certain and found["float"] != found["rational"]
            )
    print(f"{count} networks, three definitions each, on all of R^d")
    for dimension in (1, 2, 3):
        line = ", ".join(f"{name}: {number}" for (d, name), number in seen.items() if d == dimension)
        print(f"d = {dimension}: {line}")
    print("CPU seconds: " + ", ".join(f"{name} {value:.1f}" for name, value in seconds.items()))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
