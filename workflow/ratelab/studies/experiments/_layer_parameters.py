"""Experiments on layer-wise rates and multigrade learning: their parameters."""

from typing import Annotated, ClassVar, Literal

import pydantic
from pydantic import Field

from ratelab.studies.experiments._parameters import Count, Parameters

Grades = Annotated[int, Field(ge=1, le=16, strict=True)]


class LayerwiseRates(Parameters):
    """Error of every readout of one network against its layer, with the bound and the cell averages."""

    dimensions: ClassVar[tuple[int, ...] | None] = (1, 2, 3)
    unit_cube: ClassVar[bool] = True

    targets: Annotated[list[str], Field(min_length=1)] = Field(
        [
            "lipschitz_wave",
            "step(at=0.3)",
            "random_cells",
            "lipschitz_wave(dimension=2)",
            "disc",
            "lipschitz_wave(dimension=3)",
        ],
        description="Targets on the unit cube, by label.",
    )
    bases: Annotated[list[Annotated[int, Field(ge=2, le=32, strict=True)]], Field(min_length=1)] = Field(
        [2, 3, 4, 5, 6, 7, 8], description="Bases N: cells of grade l have side N^-l."
    )
    norms: Annotated[list[Annotated[float, Field(ge=1, allow_inf_nan=False)]], Field(min_length=1)] = Field(
        [1.0, 2.0], description="Exponents p of the norms, from 1 on, finite."
    )
    grades: Annotated[int, Field(ge=1, le=16, strict=True)] = Field(6, description="Most grades.")
    decoded_cells: Annotated[int, Field(ge=0, le=4096, strict=True)] = Field(
        64, description="Cells up to which two sines decode, in closed form; a table beyond."
    )
    cells: Annotated[int, Field(ge=8, le=100_000, strict=True)] = Field(
        10_000, description="Most cells; the finest grade of each base has at most so many."
    )
    cells_in_space: Annotated[int, Field(ge=8, le=100_000, strict=True)] = Field(
        600, description="The same for three variables, where errors in norms other than L2 take long."
    )

    def plugins(self) -> tuple[tuple[str, str], ...]:
        """(kind, label) of the plugins that the experiment uses."""
        return tuple(("targets", label) for label in self.targets)


class Decoders(Parameters):
    """Bits and accuracy of the decoders against the number of cells, and where float64 breaks."""

    cells: Annotated[list[Annotated[int, Field(ge=2, le=256, strict=True)]], Field(min_length=1)] = Field(
        [2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 128, 256],
        description="Numbers K of cells with random values, at most 256.",
    )
    accuracy_bits: Annotated[list[Annotated[int, Field(ge=4, le=60, strict=True)]], Field(min_length=1)] = (
        Field(
            [10, 20, 40],
            description="Every m of the accuracies 2^-m that closed form and lattice are asked for.",
        )
    )
    lattice_cells: Annotated[int, Field(ge=2, le=64, strict=True)] = Field(
        32, description="Most cells that the lattice is asked for."
    )
    float_cells: Annotated[int, Field(ge=2, le=16, strict=True)] = Field(
        16, description="Most cells that the float64 decoder is asked for."
    )
    bases: Annotated[list[Annotated[int, Field(ge=2, le=16, strict=True)]], Field(min_length=1)] = Field(
        [2, 3, 4, 5, 6, 7, 8], description="Every base N of the localisation."
    )
    levels: Annotated[int, Field(ge=1, le=12, strict=True)] = Field(
        6, description="Levels of the localisation; N^levels is at most 2^36."
    )
    ramp_bits: Annotated[list[Annotated[int, Field(ge=1, le=52, strict=True)]], Field(min_length=1)] = Field(
        list(range(10, 45, 2)), description="Every m of the ramp widths 2^-m."
    )
    points: Count = Field(500, description="Random points of the localisation; edges of cells come on top.")
    seed: Annotated[int, Field(ge=0, strict=True)] = Field(
        0, description="Of the random cell values and points."
    )

    @pydantic.model_validator(mode="after")
    def _size(self) -> "Decoders":
        if self.bases[-1] ** self.levels > 2**36:
            raise ValueError(
                f"base {self.bases[-1]} and {self.levels} levels mean {self.bases[-1] ** self.levels} cells; "
                "allowed: 2^36"
            )
        return self


class TrainedReadouts(Parameters):
    """Constructed against trained readouts of networks of one width and depth, layer by layer."""

    dimensions: ClassVar[tuple[int, ...] | None] = (1,)
    unit_cube: ClassVar[bool] = True

    targets: Annotated[list[str], Field(min_length=1)] = Field(
        ["sqrt", "lipschitz_wave", "step(at=0.3)", "takagi"], description="Targets on [0, 1], by label."
    )
    bases: Annotated[list[Annotated[int, Field(ge=2, le=16, strict=True)]], Field(min_length=1)] = Field(
        [2, 4], description="Every base N; the networks have width 2N + 3."
    )
    grades: Grades = Field(
        5, description="Most grades L of the constructed network; it has L + 2 hidden layers."
    )
    cells: Annotated[int, Field(ge=2, le=4096, strict=True)] = Field(
        64, description="Most cells N^L: for larger bases L is the largest number of grades that has no more."
    )
    decoder: Literal["closed-form", "lattice", "table"] = Field(
        "closed-form", description="Decoder of the constructed network."
    )
    seeds: Count = Field(4, description="Initialisations of every fit.")
    steps: Count = Field(1500, description="Steps of Adam, end to end and for each grade.")
    rate: Annotated[float, Field(gt=0)] = Field(0.02, description="Its first learning rate.")

    @pydantic.model_validator(mode="after")
    def _size(self) -> "TrainedReadouts":
        if self.bases[-1] > self.cells:
            raise ValueError(
                f"base {self.bases[-1]} means as many cells; allowed: {self.cells}, as parameter cells says"
            )
        return self

    def grades_of(self, base: int) -> int:
        """Return the number of grades of the network with that base."""
        return max(level for level in range(1, self.grades + 1) if base**level <= self.cells)

    def plugins(self) -> tuple[tuple[str, str], ...]:
        """(kind, label) of the targets and architectures."""
        shapes = (("architectures", "mixed(sines=2)"), ("architectures", "graded(sines=2)"))
        return (*(("targets", label) for label in self.targets), *shapes)


class MultigradeLearning(Parameters):
    """Multigrade against single-grade learning: error against grade and work."""

    dimensions: ClassVar[tuple[int, ...] | None] = (1,)

    targets: Annotated[list[str], Field(min_length=1)] = Field(
        ["oscillation", "oscillation(power=1)", "nested_absolute"],
        description="Targets of one variable, by label.",
    )
    points: Annotated[int, Field(ge=32, strict=True)] = Field(
        1000, description="Random training points; 5000 in the published demonstration."
    )
    test_points: Annotated[int, Field(ge=32, strict=True)] = Field(
        500, description="Random test points; 1000 there."
    )
    shrink: Annotated[int, Field(ge=1, le=16, strict=True)] = Field(
        2, description="What the published widths 256, 256 | 128, 128, 64 | 64, 32, 32 are divided by."
    )
    epochs: tuple[Count, Count, Count] = Field(
        (20, 10, 20), description="Epochs of each grade; there 20, 20, 40."
    )
    activations: Annotated[list[Literal["same", "relu"]], Field(min_length=1)] = Field(
        ["same", "relu"],
        description="same: a first grade of sines and ReLU afterwards, as published; relu: ReLU everywhere.",
    )
    noise: Annotated[float, Field(ge=0)] = Field(
        0.0, description="Standard deviation of noise in the training values."
    )
    milestones: Annotated[int, Field(ge=2, le=100, strict=True)] = Field(
        12, description="Equal parts of the work after which both are measured."
    )
    seeds: Count = Field(4, description="Initialisations of every fit, and draws of the points.")

    def plugins(self) -> tuple[tuple[str, str], ...]:
        """(kind, label) of the targets."""
        return tuple(("targets", label) for label in self.targets)


LAYER_EXPERIMENTS: tuple[tuple[str, type[Parameters], str], ...] = (
    ("layerwise-rates", LayerwiseRates, "_layerwise_rates"),
    ("decoders", Decoders, "_decoders"),
    ("trained-readouts", TrainedReadouts, "_trained_readouts"),
    ("multigrade", MultigradeLearning, "_multigrade"),
)
"""Name, parameters and module of each."""
