"""Shallow ReLU networks on |x − 1/3|^½ and sin 8πx: ratelab's trainers and peers against the best network in hand.

Run by hand: OMP_NUM_THREADS=1 python benchmarks/trainers.py [seeds]

Every program sees the same 512 nodes and weights. A peer goes on until it has had the processor time of ratelab's
`knots`, and in any case until it ends by itself or has taken the steps named below; errors are integrals, of the best
network it has seen.
"""

import inspect
import sys
import time
import warnings
from collections.abc import Callable

import numpy as np

from ratelab import Network, exact, load_plugins
from ratelab.best import free_knot_splines
from ratelab.networks import FitProblem, Layout, power

TARGETS = {"|x − 1/3|^½": "cusp", "sin 8πx": "sine(frequency=4)"}
NEURONS = (4, 8, 16, 32)
TORCH_STEPS, SKLEARN_STEPS = 4000, 4000
OURS = ("knots", "varpro", "greedy", "lbfgs", "adam")
Fit = Callable[[FitProblem, int, int, float], Network]


def torch_adam(problem: FitProblem, width: int, seed: int, seconds: float) -> Network:
    """Train as a plain loop does: float64, one thread, full batch, rate 1e-2, the best iterate kept."""
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    x, w, y = (torch.from_numpy(a) for a in (problem.nodes, problem.weights[:, None], problem.values))
    model = torch.nn.Sequential(
        torch.nn.Linear(1, width), torch.nn.ReLU(), torch.nn.Linear(width, 1)
    ).double()
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-2)
    best, kept, step, start = np.inf, None, 0, time.process_time()
    while step < TORCH_STEPS or time.process_time() - start < seconds:
        optimiser.zero_grad()
        loss = (w * (model(x) - y) ** 2).sum()
        if loss.item() < best:
            best, kept = loss.item(), [p.detach().clone() for p in model.parameters()]
        loss.backward()
        optimiser.step()
        step += 1
    assert kept is not None
    inner, bias, outer, last = (p.numpy() for p in kept)
    return Network.dense([inner, outer], [bias, last], power(1))


def sklearn_with(solver: str) -> Fit:
    """Return MLPRegressor with a solver; nodes scaled to [−1, 1]; Adam gets rate 1e-2 and the full batch."""

    def fit(problem: FitProblem, width: int, seed: int, seconds: float) -> Network:
        from sklearn.neural_network import MLPRegressor

        settings = {"hidden_layer_sizes": (width,), "alpha": 0.0, "tol": 1e-12, "max_iter": SKLEARN_STEPS}
        if solver == "adam":
            settings |= {
                "learning_rate_init": 1e-2,
                "batch_size": len(problem.nodes),
                "n_iter_no_change": 500,
            }
        else:
            settings |= {"max_fun": 10 * SKLEARN_STEPS}
        weighted = "sample_weight" in inspect.signature(MLPRegressor.fit).parameters
        weight = {"sample_weight": problem.weights * len(problem.weights)} if weighted else {}
        best, least, start, draw = None, np.inf, time.process_time(), 0
        while best is None or time.process_time() - start < seconds:
            model = MLPRegressor(solver=solver, random_state=1000 * draw + seed, **settings)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model.fit(2 * problem.nodes - 1, problem.values[:, 0], **weight)
            inner, outer = (c.T for c in model.coefs_)
            bias, last = model.intercepts_
            network = Network.dense([2 * inner, outer], [bias - inner.sum(axis=1), last], power(1))
            loss = float(np.sum(problem.weights[:, None] * (network(problem.nodes) - problem.values) ** 2))
            if loss < least:
                best, least = network, loss
            draw += 1
        return best

    return fit


def peers() -> dict[str, Fit]:
    """Return the peers that are installed."""
    found: dict[str, Fit] = {"torch loop, Adam": torch_adam}
    try:
        import sklearn
    except ImportError:
        print("scikit-learn: not installed")
        return found
    print(f"scikit-learn {sklearn.__version__}")
    return found | {f"MLPRegressor, {solver}": sklearn_with(solver) for solver in ("lbfgs", "adam")}


def main(seeds: int) -> None:
    """Print the table."""
    registry = load_plugins()
    others = peers()
    for title, label in TARGETS.items():
        target = registry.targets[label]
        nodes, weights = exact.nodes(target, 512)
        values = target(nodes)
        splines = free_knot_splines(target, NEURONS, 1)
        table: dict[str, dict[int, tuple[np.ndarray, float]]] = {}
        for width in NEURONS:
            layout = Layout.dense((1, width, 1))

            def problem(
                seed: int, layout: Layout = layout, data: tuple[np.ndarray, ...] = (nodes, weights, values)
            ) -> FitProblem:
                return FitProblem(*data, power(1), ((layout, seed),), target.domain)  # noqa: B023

            allowance = 0.0
            for name in OURS:
                trainer = registry.trainers[name]
                trainer.fit(problem(0))  # compiles
                start = time.process_time()
                networks = [trainer.fit(problem(seed))[0].network for seed in range(seeds)]
                spent = (time.process_time() - start) / seeds
                allowance = spent if name == OURS[0] else allowance
                table.setdefault(name, {})[width] = _measured(networks, target), spent
            for name, fit in others.items():
                start = time.process_time()
                networks = [fit(problem(seed), width, seed, allowance) for seed in range(seeds)]
                spent = (time.process_time() - start) / seeds
                table.setdefault(name, {})[width] = _measured(networks, target), spent
        least = {
            n: min(exact.error(splines[n].network(), target), *(min(row[n][0]) for row in table.values()))
            for n in NEURONS
        }
        print(
            f"\n{title}: median of {seeds} seeds over the best network in hand (best seed; seconds per fit)"
        )
        print("| trainer | " + " | ".join(f"n = {n}" for n in NEURONS) + " |")
        print("| --- |" + " --: |" * len(NEURONS))
        for name, row in table.items():
            cells = [
                f"{np.median(errors) / least[n]:.3g} ({min(errors) / least[n]:.3g}; {seconds:.2g} s)"
                for n, (errors, seconds) in row.items()
            ]
            print(f"| {name} | " + " | ".join(cells) + " |")
        print("| best in hand | " + " | ".join(f"{least[n]:.4g}" for n in NEURONS) + " |")
        for n in NEURONS:
            middle = {name: float(np.median(row[n][0])) for name, row in table.items()}
            gradient = min(middle[name] for name in others)
            ours = middle["knots"]
            excess = (ours - least[n]) / (middle["greedy"] - least[n])
            print(
                f"n = {n}: best peer / knots {gradient / ours:.3g}; excess of knots / of greedy {excess:.2g}"
            )


def _measured(networks: list[Network | None], target: object) -> np.ndarray:
    return np.array([np.inf if n is None else exact.error(n, target) for n in networks])


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 8)
