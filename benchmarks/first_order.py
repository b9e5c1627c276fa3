"""Steps of full-batch Adam a second, on networks 1-16-16-1 in double precision; run by hand, prints a table.

The yardstick is what a user of torch writes: a `torch.nn.Sequential`, autograd, `torch.optim.Adam`, one network at
a time. Peers: the same in batches by `torch.func.vmap`, and scikit-learn's `MLPRegressor`. One thread each; processor
time of the best of several rounds in turn, everything but imports, compiling and warming up. With two processes the
slower one counts, twice.
"""

import warnings
from collections.abc import Callable
from importlib.util import find_spec
from multiprocessing import get_context
from sys import argv
from time import process_time

import numpy as np
import torch

from ratelab import load_plugins
from ratelab.networks import FitProblem, Layout
from ratelab.training import Adam

WIDTHS, NODES, ROUNDS = (1, 16, 16, 1), (32, 128, 512, 1024), 3
Steps = Callable[[], int]


def data(nodes: int) -> tuple[np.ndarray, np.ndarray]:
    """Return points and values."""
    x = np.linspace(0.0, 1.0, nodes)[:, None]
    return x, np.sin(6.0 * x)


def sequential(name: str) -> torch.nn.Sequential:
    """Return a network of torch in double precision."""
    bend = {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh}[name]
    layers: list[torch.nn.Module] = []
    for i, o in zip(WIDTHS, WIDTHS[1:], strict=False):
        layers += [torch.nn.Linear(i, o), bend()]
    return torch.nn.Sequential(*layers[:-1]).double()


def plain(name: str, nodes: int, steps: int = 200) -> Steps:
    """Return a loop over the steps of one network."""
    x, y = (torch.from_numpy(a) for a in data(nodes))
    network = sequential(name)
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)

    def run() -> int:
        for _ in range(steps):
            optimiser.zero_grad()
            ((network(x) - y) ** 2).mean().backward()
            optimiser.step()
        return steps

    return run


def vmapped(name: str, nodes: int, count: int = 64, steps: int = 20) -> Steps:
    """Return a loop over the steps of many networks, whose derivatives come from `torch.func`."""
    x, y = (torch.from_numpy(a) for a in data(nodes))
    networks = [sequential(name) for _ in range(count)]
    parameters, buffers = torch.func.stack_module_state(networks)
    shape = networks[0]

    def loss(own: dict[str, torch.Tensor], rest: dict[str, torch.Tensor]) -> torch.Tensor:
        return ((torch.func.functional_call(shape, (own, rest), (x,)) - y) ** 2).mean()

    slopes = torch.func.vmap(torch.func.grad(loss))
    optimiser = torch.optim.Adam(parameters.values(), lr=1e-3)

    def run() -> int:
        for _ in range(steps):
            for key, slope in slopes(parameters, buffers).items():
                parameters[key].grad = slope
            optimiser.step()
        return count * steps

    return run


def regressor(name: str, nodes: int, steps: int = 300) -> Steps:
    """Return a fit of scikit-learn's regressor, full batch."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPRegressor

    x, y = data(nodes)

    def run() -> int:
        fit = MLPRegressor(
            hidden_layer_sizes=WIDTHS[1:-1], activation=name, batch_size=nodes, alpha=0.0, shuffle=False, tol=0.0,
            max_iter=steps, n_iter_no_change=steps + 1, random_state=0,
        )  # fmt: skip
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            fit.fit(x, y[:, 0])
        return int(fit.n_iter_)

    return run


def ours(name: str, nodes: int, count: int = 16, steps: int = 500) -> Steps:
    """Return a call of the trainer."""
    x, y = data(nodes)
    fits = tuple((Layout.dense(WIDTHS), seed) for seed in range(count))
    activation = load_plugins().activations[name]
    job = FitProblem(x, np.full(nodes, 1.0 / nodes), y, activation, fits, ((0.0, 1.0),))
    trainer = Adam(steps=steps, rate=1e-3, initial="standard", tolerance=0.0)

    def run() -> int:
        return sum(result.steps for result in trainer.fit(job))

    return run


def measured(run: Steps) -> float:
    """Return network-steps a second of processor time."""
    begin = process_time()
    done = run()
    return done / (process_time() - begin)


def _share(case: tuple[str, int]) -> float:
    torch.set_num_threads(1)
    run = ours(*case)
    run()
    return max(measured(run) for _ in range(ROUNDS))


def main() -> None:
    """Print one row for each activation and number of nodes."""
    torch.set_num_threads(1)
    peers = {"plain": plain, "vmap": vmapped, "sklearn": regressor, "ratelab": ours}
    if find_spec("sklearn") is None:
        del peers["sklearn"]
        print("scikit-learn: not installed")
    print("network-steps a second of processor time, and the ratio to the plain loop of torch")
    print("| activation | nodes | " + " | ".join(peers) + " | ratelab, 2 processes |")
    print("| --- | --: |" + " --: |" * (len(peers) + 1))
    for name in argv[1:] or ["relu", "tanh"]:
        for nodes in NODES:
            runs = {peer: make(name, nodes) for peer, make in peers.items()}
            for run in runs.values():
                run()
            rounds = [{peer: measured(run) for peer, run in runs.items()} for _ in range(ROUNDS)]
            speeds = {peer: max(values[peer] for values in rounds) for peer in peers}
            with get_context("spawn").Pool(2) as pool:
                speeds["two"] = 2.0 * min(pool.map(_share, [(name, nodes)] * 2, chunksize=1))
            base = speeds["plain"]
            cells = [f"{v:,.0f} (×{v / base:.{int(v < 10 * base)}f})" for v in speeds.values()]
            print(f"| {name} | {nodes} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
