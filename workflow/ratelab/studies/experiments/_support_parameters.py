"""Experiments on exact supports: their parameters."""

from typing import Annotated, ClassVar, Literal

import pydantic
from pydantic import Field

from ratelab.studies.experiments._parameters import Count, Parameters

Labels = Annotated[list[str], Field(min_length=1)]
Exponent = Annotated[int, Field(ge=0, le=20, strict=True)]
Margin = Annotated[int, Field(ge=-10, le=20, strict=True)]

_WIDEST = 10  # margins are at most 2^10 grid spacings
_OWN = ("relu", "prelu", "hats", "mask", "gate", "polynomial")
"""Names of classes that the verdicts compare in any case."""

_ALL = [
    "tent",
    "indicator(dimension=1)",
    "two_components(dimension=1)",
    "needle(dimension=1)",
    "compact_cone",
    "indicator",
    "annulus",
    "l_shape",
    "two_components",
    "needle",
    "compact_cone(dimension=3)",
    "indicator(dimension=3)",
    "annulus(dimension=3)",
    "l_shape(dimension=3)",
    "two_components(dimension=3)",
    "needle(dimension=3)",
]


class SupportedNetworks(Parameters):
    """Networks that match function and support: errors, supports, certificates and counts, against their bounds."""

    dimensions: ClassVar[tuple[int, ...] | None] = (1, 2, 3)
    supported: ClassVar[bool] = True

    targets: Labels = Field(_ALL, description="Targets with a declared support, by label.")
    exponents: Annotated[list[Exponent], Field(min_length=1)] = Field(
        [2, 3, 4, 5, 6, 7], description="Every m of the grid spacings h = 2^-m."
    )
    methods: Annotated[list[Literal["hats", "mask", "gate", "kuhn"]], Field(min_length=1)] = Field(
        ["hats", "mask", "gate", "kuhn"],
        description="hats: tensor hats and poolings; mask: a mask of cubes times a network; gate: the same without "
        "pooling; kuhn: hats without pooling.",
    )
    cubes: Annotated[int, Field(ge=1, le=100_000, strict=True)] = Field(
        1500, description="Most cubes or nodes; finer spacings are left out."
    )

    def plugins(self) -> tuple[tuple[str, str], ...]:
        """(kind, label) of the targets."""
        return tuple(("targets", label) for label in self.targets)


class NestedCubes(Parameters):
    """Supports of a target and of two networks over the nested cubes K_1 ⊂ K_2 ⊂ K_3."""

    dimensions: ClassVar[tuple[int, ...] | None] = (2,)
    supported: ClassVar[bool] = True

    target: str = Field(
        "ellipses", description="A target of two variables with a declared support, by label."
    )
    scale: Annotated[float, Field(ge=1 / 64, allow_inf_nan=False)] = Field(
        0.5, description="Half the side of K_1, at least 1/64; K_n is n times as large."
    )
    exponent: Exponent = Field(4, description="The m of the grid spacing h = 2^-m.")
    margins: tuple[Margin, Margin] = Field(
        (5, 1),
        description="Exponents m of two mask margins 2^-m, the thin one first: one that keeps the support in its cube, "
        "one that does not.",
    )

    @pydantic.model_validator(mode="after")
    def _thin_and_wide(self) -> "NestedCubes":
        thin, wide = self.margins
        if not thin > wide:
            raise ValueError(
                f"margins are {thin}, {wide}; the first must be larger, as its margin is thinner"
            )
        if wide < self.exponent - _WIDEST:
            raise ValueError(
                f"margins are {thin}, {wide} with exponent {self.exponent}; allowed: from {self.exponent - _WIDEST} "
                "on, which is 2^10 grid spacings"
            )
        return self

    def plugins(self) -> tuple[tuple[str, str], ...]:
        """(kind, label) of the target."""
        return (("targets", self.target),)


class Leaks(Parameters):
    """L1 error against leak of analytic networks, by width, threshold and box; polynomials; a ReLU control."""

    dimensions: ClassVar[tuple[int, ...] | None] = (1, 2, 3)
    supported: ClassVar[bool] = True

    targets: Labels = Field(
        ["tent", "compact_cone"], description="Targets with a declared support, by label."
    )
    activations: Labels = Field(
        ["relu", "tanh", "sigmoid", "softplus", "gelu", "silu", "gaussian", "sine"],
        description="Activations of the hidden neurons, by label.",
    )
    widths: Annotated[list[Count], Field(min_length=2)] = Field(
        [25, 50, 100, 200, 400], description="Numbers of hidden neurons."
    )
    degrees: Annotated[list[Annotated[int, Field(ge=1, le=64, strict=True)]], Field(min_length=1)] = Field(
        [2, 4, 8, 16, 32], description="Total degrees of polynomial regressors."
    )
    boxes: Annotated[list[Annotated[float, Field(gt=0, allow_inf_nan=False)]], Field(min_length=1)] = Field(
        [1.5, 2.0, 4.0], description="Half sides R of the boxes [−R, R]^d on which leaks are measured."
    )
    thresholds: Annotated[list[Annotated[int, Field(ge=0, le=300, strict=True)]], Field(min_length=1)] = (
        Field([1, 2, 3, 6, 9, 12, 15, 30, 100, 300], description="Every m of the thresholds 10^-m.")
    )
    seeds: Count = Field(3, description="Draws of the random features.")
    scale: Annotated[float, Field(gt=0, allow_inf_nan=False)] = Field(
        8.0, description="Spread of the random weights of the features."
    )
    windowed: list[str] = Field(
        ["tanh"], description="Activations whose networks are also measured times a smooth window, by label."
    )
    steepness: Annotated[float, Field(gt=0, allow_inf_nan=False)] = Field(
        160.0, description="Steepness of the window, a product of logistic functions."
    )

    def plugins(self) -> tuple[tuple[str, str], ...]:
        """(kind, label) of the targets and activations; primitives need none."""
        targets = tuple(("targets", label) for label in self.targets)
        used = dict.fromkeys((*self.activations, *self.windowed, "sigmoid"))
        return (*targets, *(("activations", label) for label in used))


class SupportVerdicts(Parameters):
    """All classes of networks at equal connections: error, leak, certificate, and the verdict in the finer topology."""

    dimensions: ClassVar[tuple[int, ...] | None] = (1, 2, 3)
    supported: ClassVar[bool] = True

    targets: Labels = Field(
        ["tent", "compact_cone", "l_shape", "compact_cone(dimension=3)"],
        description="Targets with a declared support, by label.",
    )
    activations: Labels = Field(
        ["tanh", "gelu", "softplus", "sigmoid", "silu"],
        description="Activations of the trained networks without mask, besides ReLU and PReLU.",
    )
    budgets: Annotated[list[Count], Field(min_length=2)] = Field(
        [100, 200, 400, 800, 1600], description="Connections; each class gets as many as fit."
    )
    seeds: Count = Field(1, description="Initialisations of every fit; the one of least loss is kept.")
    trainer: str = Field(
        "features", description="Trainer of all fitted networks but those with slopes, by label."
    )
    slopes: str = Field(
        "slopes(steps=100)",
        description="Trainer of PReLU networks with their slopes, by label; their output layer is then fitted again.",
    )
    scale: Annotated[float, Field(gt=0, allow_inf_nan=False)] = Field(
        1.0, description="Half the side of the cube K_1; K_n is n times as large."
    )
    steepness: Annotated[float, Field(gt=0, allow_inf_nan=False)] = Field(
        160.0, description="Steepness of the window of tanh networks, a product of logistic functions."
    )

    @pydantic.model_validator(mode="after")
    def _classes(self) -> "SupportVerdicts":
        for label in self.activations:
            if _name(label) in _OWN:
                raise ValueError(
                    f"activation '{label}' is named like a class of its own; allowed: others than {', '.join(_OWN)}"
                )
        if _name(self.slopes) != "slopes":
            raise ValueError(f"slopes is '{self.slopes}'; allowed: the trainer slopes, with any parameters")
        return self

    def plugins(self) -> tuple[tuple[str, str], ...]:
        """(kind, label) of the targets, activations, architectures and trainers."""
        targets = tuple(("targets", label) for label in self.targets)
        used = dict.fromkeys((*self.activations, "relu", "prelu", "tanh", "sigmoid"))
        return (
            *targets,
            *(("activations", label) for label in used),
            ("architectures", "mlp"),
            ("architectures", "pooling"),
            ("trainers", self.trainer),
            ("trainers", self.slopes),
        )


def _name(label: str) -> str:
    """Return the name in a label, without parameters."""
    return label.partition("(")[0].strip()


SUPPORT_EXPERIMENTS: tuple[tuple[str, type[Parameters], str], ...] = (
    ("supported-networks", SupportedNetworks, "_supported_networks"),
    ("nested-cubes", NestedCubes, "_nested_cubes"),
    ("leaks", Leaks, "_leaks"),
    ("support-verdicts", SupportVerdicts, "_support_verdicts"),
)
"""Name, parameters and module of each."""
