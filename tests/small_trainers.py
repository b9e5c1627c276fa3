"""The trainers that fit any shape from data alone, with parameters that make them quick."""

from ratelab import load_plugins
from ratelab.networks import Layout, sine

REGISTRY = load_plugins()
SMALL = {
    "adam": {"steps": 150},
    "varpro": {"steps": 40},
    "lbfgs": {"steps": 60},
    "greedy": {"size": 256},
    "knots": {"rounds": 1},
    "minibatch": {"rate": 0.04, "last": 0.01, "initial": "domain"},
}
ALL = {name: REGISTRY.trainers.make(name, SMALL.get(name, {})) for name in REGISTRY.trainers}
DENSE = Layout.dense((1, 3, 1))
TRAINERS = {
    name: trainer
    for name, trainer in ALL.items()
    if not getattr(trainer, "polishes", False)
    and getattr(trainer, "accepts", lambda layout: None)(DENSE) is None
    and getattr(trainer, "serves", lambda activation: None)(sine) is None
}
"""Trainers of grades, of slopes and those that polish have tests of their own."""
