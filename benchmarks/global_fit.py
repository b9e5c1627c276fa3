"""Global fits against 200 trained starts, on 100 random data sets; run by hand, prints a table.

For each data set the network of `global_fit` is compared with the best of 200 fits by variable projection and of
200 fits by Adam, all of them without output bias, evaluated by the same sum of squares. One thread; times include
everything but imports.
"""

from dataclasses import replace
from time import perf_counter

import numpy as np

from ratelab.best import global_fit
from ratelab.networks import FitProblem, Layout, power
from ratelab.training import Adam, VariableProjection

CASES = [(1, 20, 2, 70), (2, 10, 2, 30)]
STARTS = 200


def data(dimension: int, points: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return one random data set."""
    random = np.random.default_rng([dimension, points, seed])
    x = random.uniform(-1.0, 1.0, (points, dimension))
    return x, np.sin(3.0 * x.sum(axis=1)) + 0.3 * random.standard_normal(points)


def trained(trainer: Adam | VariableProjection, x: np.ndarray, y: np.ndarray, width: int) -> np.ndarray:
    """Return the losses of all starts."""
    layout = Layout.dense((x.shape[1], width, 1))
    last = replace(layout.layers[-1], free_bias=np.array([False]))
    shape = Layout((layout.layers[0], last))
    fits = tuple((shape, seed) for seed in range(STARTS))
    problem = FitProblem(x, np.ones(len(y)), y[:, None], power(1), fits, ((-1.0, 1.0),) * x.shape[1])
    return np.array([r.loss if r.network is not None else np.inf for r in trainer.fit(problem)])


def main() -> None:
    """Print the table."""
    print("  d   D  w  sets | worst (global - trained) |  missed by varpro, adam | hit rate of a start"
          " | largest gap | time: global, varpro, adam")  # fmt: skip
    for dimension, points, width, sets in CASES:
        rows = []
        for seed in range(sets):
            x, y = data(dimension, points, seed)
            begin = perf_counter()
            fit = global_fit(x, y, width)
            assert fit.lower_bound <= fit.value
            assert fit.value == float(np.sum((fit.network(x)[:, 0] - y) ** 2))
            times = [perf_counter() - begin]
            losses = []
            for trainer in (VariableProjection(), Adam(steps=3000, rate=0.02)):
                begin = perf_counter()
                losses.append(trained(trainer, x, y, width))
                times.append(perf_counter() - begin)
            rows.append((fit.value, fit.gap, *(loss.min() for loss in losses), *times, *(
                np.mean(loss <= fit.value * (1 + 1e-4)) for loss in losses)))  # fmt: skip
        value, gap, varpro, adam, *rest = np.array(rows).T
        worst = np.max(value - np.minimum(varpro, adam))
        missed = [int(np.sum(best > value * (1 + 1e-4))) for best in (varpro, adam)]
        seconds = np.median(rest[:3], axis=1)
        hits = np.mean(rest[3:], axis=1)
        print(
            f"{dimension:3d} {points:3d} {width:2d} {sets:5d} | {worst:24.1e} | {missed[0]:10d}, {missed[1]:10d} | "
            f"{hits[0]:8.3f}, {hits[1]:8.3f}  | {gap.max():11.1e} | "
            f"{seconds[0]:.3f} s, {seconds[1]:.1f} s, {seconds[2]:.1f} s"
        )


if __name__ == "__main__":
    main()
