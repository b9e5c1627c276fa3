"""Brackets of continuous piecewise linear splines: how tight, how long, and against random starts; run by hand.

For every target and number of pieces: both ends, their ratio, the best of 400 polished random starts over the upper
end (below 1 means that the search missed something), and the processor time of the upper and the lower ends of all
numbers together. The last targets are not in the library; those with an enclosure are certified like the others.

    python benchmarks/brackets.py [names …] [--pieces 4,16,64] [--degree 1] [--starts 400]
"""

import argparse
from time import process_time

import numpy as np

import ratelab as rl
from ratelab.best import _bracket, brackets
from ratelab.best._free_knots import _search
from ratelab.best._linear_fit import descend
from ratelab.registry import Smoothness
from ratelab.training._generator import generator

NAMES = (
    "exp", "sqrt", "cusp", "square", "sine", "sine(frequency=4)", "two_scales", "runge", "gaussian", "takagi",
    "weierstrass", "cantor", "brownian",
)  # fmt: skip


def unseen() -> dict[str, rl.Target]:
    """Return targets that the library does not hold."""
    analytic = Smoothness(analytic=True)
    return {
        target.name: target
        for target in (
            rl.Target(
                "sin(3 exp x)",
                lambda x: np.sin(3 * np.exp(x[:, 0])),
                smoothness=analytic,
                enclosure=lambda x: (3 * x.exp()).sin(),
            ),
            rl.Target(
                "|x - 0.62|^0.3 + x^2",
                lambda x: np.abs(x[:, 0] - 0.62) ** 0.3 + x[:, 0] ** 2,
                singular_points=(0.62,),
                smoothness=Smoothness(hoelder=0.3),
            ),
            rl.Target(
                "tanh(20 (x - 0.4))",
                lambda x: np.tanh(20 * (x[:, 0] - 0.4)),
                smoothness=analytic,
                enclosure=lambda x: 1 - 2 / ((40 * x - 16).exp() + 1),
            ),
            rl.Target(
                "sin 14 pi x",
                lambda x: np.sin(14 * np.pi * x[:, 0]),
                smoothness=analytic,
                enclosure=lambda x: (14 * x).sin_pi(),
            ),
        )
    }


def random_starts(target: rl.Target, pieces: int, count: int) -> float:
    """Return the least error of polished random starts."""
    search = _search(target, 1)
    lower, upper = search.target.ends
    random = generator("benchmark", pieces)
    fits = []
    for _ in range(count):
        knots = lower + (upper - lower) * np.sort(random.random(pieces - 1))
        fits.append(descend(search.target, knots, 60))
    best = min(fits, key=lambda f: f.square)
    return float(np.sqrt(descend(search.target, best.knots, 300).square))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--pieces", default="2,4,8,16,32,48,64")
    parser.add_argument("--degree", type=int, default=1)
    parser.add_argument("--starts", type=int, default=400)
    options = parser.parse_args()
    pieces = [int(n) for n in options.pieces.split(",")]
    others, registry = unseen(), rl.load_plugins(["plugins"])
    lower_time = 0.0
    plain = _bracket._lower

    def timed(*arguments):  # type: ignore[no-untyped-def]
        nonlocal lower_time
        begin = process_time()
        found = plain(*arguments)
        lower_time += process_time() - begin
        return found

    _bracket._lower = timed
    print(
        f"{'target':>22} {'n':>5} {'lower':>12} {'upper':>12} {'ratio':>8} {'random/upper':>13}   certainty"
    )
    for name in options.names or [*NAMES, *others]:
        target = others[name] if name in others else registry.targets[name]
        lower_time, begin = 0.0, process_time()
        found = brackets(target, pieces, options.degree)
        whole = process_time() - begin
        for n in pieces:
            b = found[n]
            ratio = b.upper / b.lower if b.lower > 0 else np.inf
            compared = options.starts > 0 and options.degree == 1 and n > 1 and b.status != "exact"
            rival = random_starts(target, n, options.starts) / b.upper if compared else np.nan
            print(
                f"{name:>22} {n:5d} {b.lower:12.6g} {b.upper:12.6g} {ratio:8.4f} {rival:13.5f}   {b.certainty}"
            )
        print(
            f"{'':>22} processor time: upper ends {whole - lower_time:.2f} s, lower ends {lower_time:.2f} s"
        )


if __name__ == "__main__":
    main()
