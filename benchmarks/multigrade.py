"""Multigrade against single-grade learning at equal work; run by hand, prints a table row by row.

The settings are those of the published demonstration of multigrade learning: three grades of 2, 3 and 3 hidden
layers, Adam on batches of 32, 5000 training and 1000 test points; training points are equispaced and test points
drawn once. A single-grade network has the same hidden layers, is trained end to end, and gets as many epochs as the
work of the multigrade fit pays for; its first learning rate is not published, so several are shown. Errors are Σ(y −
ŷ)² / Σy² on the test points, work is counted, seconds are processor time of one thread. About twelve minutes in all; an
interrupt ends it after the rows that stand.
"""

from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from dataclasses import replace
from time import process_time

import numpy as np

from ratelab import load_plugins
from ratelab.training import Grade, GradedFit, multigrade_fit, published_grades, single_grade_fit

TARGETS = {
    "sin 100x": "oscillation",
    "x sin 100x": "oscillation(power=1)",
    "nested absolute value": "nested_absolute",
}
RATES = (1e-1, 1e-2, 1e-3)
Fit = Callable[[int], GradedFit]


def sample(label: str, points: int) -> tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]]:
    """Return training and test data of a target."""
    target = load_plugins().targets[label]
    ((lower, upper),) = target.domain
    random = np.random.default_rng(0)
    x = np.linspace(lower, upper, points)[:, None]
    tests = random.uniform(lower, upper, (max(points // 5, 1), 1))
    return (x, target(x)), (tests, target(tests))


def measured(name: str, fit: Fit, seeds: int, yardstick: tuple[float, float] | None) -> tuple[float, float]:
    """Fit with all seeds, print a row, and return the work and the seconds of a fit."""
    errors, seconds, work, parameters = [], 0.0, 0.0, 0
    for seed in range(seeds):
        start = process_time()
        found = fit(seed)
        seconds += (process_time() - start) / seeds
        errors.append(found.test_error if found.network is not None else np.inf)
        work, parameters = found.work, max(parameters, found.parameters)
    base, spent = yardstick or (work, seconds)
    print(
        f"| {name} | {np.median(errors):.3g} ({min(errors):.3g} to {max(errors):.3g}) | {work / base:.3f} | "
        f"{seconds / spent:.2f} ({seconds:.1f} s) | {parameters} |",
        flush=True,
    )
    return work, seconds


def compare(
    label: str, grades: Sequence[Grade], points: int, seeds: int, rates: Sequence[float], ours: bool
) -> None:
    """Print the rows of one target."""
    train, test = sample(label, points)
    print("| fit | test error: median (range) | work | processor time | parameters |")
    print("| --- | --: | --: | --: | --: |")
    multigrade_fit(*train, [replace(grade, epochs=1) for grade in grades])  # compiles
    yardstick = measured(
        "multigrade", lambda seed: multigrade_fit(*train, grades, seed=seed, test=test), seeds, None
    )
    if ours:
        scaled: Fit = lambda seed: multigrade_fit(  # noqa: E731
            *train, grades, seed=seed, test=test, residual="scaled", heads="solved"
        )
        measured("multigrade, residual scaled, heads solved", scaled, seeds, yardstick)
    bent = [replace(grade, activation="relu") for grade in grades]
    measured(
        "multigrade, ReLU", lambda seed: multigrade_fit(*train, bent, seed=seed, test=test), seeds, yardstick
    )
    for kind, activation in (("same activations", None), ("ReLU", "relu")):
        for rate in rates:

            def single(seed: int, activation: str | None = activation, rate: float = rate) -> GradedFit:
                return single_grade_fit(
                    *train, grades, activation=activation, work=yardstick[0], rate=rate, seed=seed, test=test
                )

            measured(f"single grade, {kind}, rate {rate:g}", single, seeds, yardstick)


def main() -> None:
    """Print the tables."""
    parser = ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--epochs", type=float, default=1.0, help="factor of the published numbers of epochs")
    parser.add_argument("--quick", action="store_true", help="1000 training points, one rate")
    parser.add_argument("--ours", action="store_true", help="one more row: scaled residuals and solved heads")
    options = parser.parse_args()
    grades = [replace(g, epochs=max(round(g.epochs * options.epochs), 1)) for g in published_grades()]
    try:
        for title, label in TARGETS.items():
            print(f"\n{title}: {options.seeds} seeds, {1000 if options.quick else 5000} points")
            rates = RATES[-1:] if options.quick else RATES
            compare(label, grades, 1000 if options.quick else 5000, options.seeds, rates, options.ours)
    except KeyboardInterrupt:
        print("\ninterrupted: the rows above stand")


if __name__ == "__main__":
    main()
