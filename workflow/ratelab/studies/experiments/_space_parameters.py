"""Experiments on approximation spaces: their parameters."""

from typing import Annotated, ClassVar

import pydantic
from pydantic import Field

from ratelab._errors import UserError
from ratelab.spaces import DepthGrowth
from ratelab.studies.experiments._parameters import Count, Parameters


class Calculus(Parameters):
    """Sums and compositions of networks, drawn neuron by neuron, with their counts against the promised ones."""

    blocks: Annotated[list[Annotated[int, Field(ge=2, le=8, strict=True)]], Field(min_length=1)] = Field(
        [2, 3], description="Numbers k of composed tents."
    )
    levels: Annotated[int, Field(ge=1, le=8, strict=True)] = Field(
        4, description="Tents have 2^m pieces for m up to this; compositions have at most 65536 pieces."
    )
    points: Count = Field(25, description="Random points at which networks are compared with the operations.")
    seed: Annotated[int, Field(ge=0, strict=True)] = Field(0, description="Of the random points.")

    @pydantic.model_validator(mode="after")
    def _size(self) -> "Calculus":
        if self.levels * max(self.blocks) > 16:
            raise ValueError(
                f"{max(self.blocks)} tents of 2^{self.levels} pieces have 2^{self.levels * max(self.blocks)} pieces; "
                "allowed: 65536"
            )
        return self


class SawtoothWaves(Parameters):
    """The sawtooth functions: pieces against connections, neurons and depth, and their Besov size."""

    levels: Annotated[int, Field(ge=3, le=18, strict=True)] = Field(
        14, description="Largest j of the sawtooth of 2^j pieces whose smallest networks are counted."
    )
    depths: Annotated[
        list[Annotated[int, Field(ge=2, le=64, strict=True)]], Field(min_length=1, max_length=6)
    ] = Field([2, 3, 4, 6], description="Depths of the networks.")
    cliff: Annotated[int, Field(ge=3, le=12, strict=True)] = Field(
        6, description="j of the sawtooth whose error is shown for every number of connections."
    )
    smoothness: Annotated[float, Field(gt=0, lt=1)] = Field(0.5, description="s of the Besov size, in L2.")

    def plugins(self) -> tuple[tuple[str, str], ...]:
        """(kind, label) of the target and the construction of the cliff."""
        return (("targets", f"sawtooth(levels={self.cliff})"), ("constructions", "sawtooth_wave"))


class ActivationTable(Parameters):
    """Common activations: smoothness, limits, and how networks of each carry a value unchanged."""

    activations: Annotated[list[str], Field(min_length=1)] = Field(
        [
            "relu", "relu2", "prelu", "elu", "isrlu", "softsign", "isru", "sigmoid", "tanh", "arctan", "softplus",
            "gelu", "silu", "sine", "gaussian",
        ],
        description="Activations, by label.",
    )  # fmt: skip
    point: float = Field(
        1.0, description="Point x0 of the difference quotients; needs a derivative that is not 0."
    )
    reach: Annotated[float, Field(gt=0, le=100)] = Field(
        1.0, description="B: errors are measured on [-B, B]."
    )
    steps: Annotated[int, Field(ge=2, le=60, strict=True)] = Field(
        20, description="Number of steps h = 10^-0.5, 10^-1, 10^-1.5, ..."
    )

    def plugins(self) -> tuple[tuple[str, str], ...]:
        """(kind, label) of the activations."""
        return tuple(("activations", label) for label in self.activations)


class SelfSimilarDepth(Parameters):
    """What depth buys for self-similar functions: counts and errors of the composed networks, in closed form."""

    exponents: Annotated[list[Annotated[float, Field(ge=0.25, le=8)]], Field(min_length=1, max_length=6)] = (
        Field(
            [0.5, 1.0, 1.5, 3.0],
            description="Exponents a of T_a, the sum of 2^(-aj) times the j-th sawtooth.",
        )
    )
    levels: Annotated[int, Field(ge=8, le=60, strict=True)] = Field(
        36, description="Most levels M of a network: its error is 2^(-aM) times that of the best constant."
    )
    width: Annotated[int, Field(ge=2, le=16, strict=True)] = Field(
        10, description="Most levels in one block, of 2^width neurons."
    )
    measured: Annotated[int, Field(ge=1, le=10**9, strict=True)] = Field(
        10_000,
        description="Pieces times connections up to which the error is also integrated exactly; above 10^6 this takes "
        "minutes.",
    )

    def plugins(self) -> tuple[tuple[str, str], ...]:
        """(kind, label) of the targets."""
        return tuple(("targets", f"takagi(exponent={a!r})") for a in self.exponents)


class Powers(Parameters):
    """From one power of ReLU to the next lower one, to polynomials and to products: errors and weights."""

    steps: Annotated[int, Field(ge=4, le=60, strict=True)] = Field(
        44, description="Differences are taken with the steps h = 1/2, 1/4, …, 2^-steps."
    )
    pieces: Annotated[int, Field(ge=2, le=64, strict=True)] = Field(
        16, description="Largest number of pieces of the splines; the others are the powers of two below."
    )
    degree: Annotated[int, Field(ge=3, le=20, strict=True)] = Field(
        12, description="Largest degree of the polynomials whose float64 values are compared with exact ones."
    )

    def plugins(self) -> tuple[tuple[str, str], ...]:
        """(kind, label) of the target that splines approximate."""
        return (("targets", "exp"),)


class Indicators(Parameters):
    """Indicators of cubes and of a disc by three-layer networks, against n-term Haar wavelets."""

    steps: Annotated[int, Field(ge=1, le=60, strict=True)] = Field(
        20, description="Collars of the cubes have the widths 1/2, 1/4, …, 2^-steps."
    )
    octaves: Annotated[int, Field(ge=7, le=16, strict=True)] = Field(
        14, description="Haar terms and sides of polygons are counted up to 2^octaves and 2^(octaves - 4)."
    )

    def plugins(self) -> tuple[tuple[str, str], ...]:
        """(kind, label) of the disc's target."""
        return (("targets", "disc"),)


class MeasuredSmoothness(Parameters):
    """Critical smoothness of targets, measured from moduli and wavelets, beside direct and inverse estimates."""

    dimensions: ClassVar[tuple[int, ...] | None] = (1,)

    targets: Annotated[list[str], Field(min_length=1, max_length=24)] = Field(
        [
            "takagi(exponent=0.5)", "takagi", "takagi(exponent=1.5)", "cusp", "step", "sqrt", "weierstrass", "brownian",
            "cantor", "exp",
        ],
        description="Functions of one variable, by label.",
    )  # fmt: skip
    samples: Annotated[int, Field(ge=1024, le=1 << 22, strict=True)] = Field(
        65521,
        description="Cells of the grid on which a target is sampled; one with a grid of its own (a stored path or sum) "
        "is sampled on that. A prime, so that no self-similar function is caught at points where it is special.",
    )
    order: Annotated[int, Field(ge=2, le=8, strict=True)] = Field(
        4, description="Highest order of the differences: no smoothness above it can be told."
    )

    def plugins(self) -> tuple[tuple[str, str], ...]:
        """(kind, label) of the targets, and of the activation whose networks the rates are of."""
        return (*(("targets", label) for label in self.targets), ("activations", "relu"))


class Embeddings(Parameters):
    """The lattice of embeddings between approximation spaces and Besov spaces."""

    depths: Annotated[list[int | str], Field(min_length=1, max_length=8)] = Field(
        [2, 3, 4, 5, "unbounded"],
        description="Depths: whole numbers from 2 on, or growth such as log, linear, power(exponent=1/2), unbounded.",
    )
    alpha: Annotated[float, Field(gt=0, le=100)] = Field(
        1.0, description="Order of the approximation spaces; shallow ones are Besov spaces below degree + 1."
    )
    degree: Annotated[int, Field(ge=1, le=20, strict=True)] = Field(
        1, description="r of the activation max(x, 0)^r."
    )
    p: Annotated[float, Field(gt=0, lt=float("inf"))] = Field(2.0, description="Norm of the errors, L_p.")

    @pydantic.field_validator("depths")
    @classmethod
    def _growths(cls, depths: list[int | str]) -> list[int | str]:
        try:
            for depth in depths:
                DepthGrowth.parse(depth)
        except UserError as error:
            raise ValueError(str(error)) from error
        return depths


class FreeKnots(Parameters):
    """Free against uniform knots: n^2 times the error of best splines, and its limit."""

    dimensions: ClassVar[tuple[int, ...] | None] = (1,)

    targets: Annotated[list[str], Field(min_length=1)] = Field(
        ["square", "exp", "sqrt", "cusp", "sine", "runge", "gaussian"],
        description="Targets of one variable, by label.",
    )
    pieces: Annotated[list[Annotated[int, Field(ge=1, le=129, strict=True)]], Field(min_length=1)] = Field(
        [2, 3, 4, 8, 16, 32], description="Numbers of pieces n."
    )

    def plugins(self) -> tuple[tuple[str, str], ...]:
        """(kind, label) of the targets."""
        return tuple(("targets", label) for label in self.targets)


SPACE_EXPERIMENTS: tuple[tuple[str, type[Parameters], str], ...] = (
    ("calculus", Calculus, "_calculus"),
    ("sawtooth-waves", SawtoothWaves, "_sawtooth_waves"),
    ("activation-table", ActivationTable, "_activation_table"),
    ("self-similar", SelfSimilarDepth, "_self_similar"),
    ("powers", Powers, "_powers"),
    ("indicators", Indicators, "_indicators"),
    ("measured-smoothness", MeasuredSmoothness, "_measured_smoothness"),
    ("embeddings", Embeddings, "_embeddings"),
    ("free-knots", FreeKnots, "_free_knots"),
)
"""Name, parameters and module of each."""
