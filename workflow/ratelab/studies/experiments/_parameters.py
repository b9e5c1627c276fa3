"""What the parameters of all experiments have in common."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Parameters(BaseModel):
    """Common to all experiments: unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def plugins(self) -> tuple[tuple[str, str], ...]:
        """(kind, label) of the plugins that the experiment uses."""
        return ()


Count = Annotated[int, Field(ge=1, strict=True)]
Variables = Annotated[int, Field(ge=1, le=3, strict=True)]
