"""What the parameters of all experiments have in common."""

from typing import Annotated

import pydantic
from pydantic import BaseModel, ConfigDict, Field


class Parameters(BaseModel):
    """Common to all experiments: unknown keys are errors, numbers increase, nothing stands twice in a list."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @pydantic.model_validator(mode="after")
    def _lists(self) -> "Parameters":
        for name in type(self).model_fields:
            values = getattr(self, name)
            if not isinstance(values, list):
                continue
            if all(isinstance(v, int | float) for v in values):
                if any(b <= a for a, b in zip(values, values[1:], strict=False)):
                    raise ValueError(f"{name} are {values}; they must increase")
            elif any(value in values[:index] for index, value in enumerate(values)):
                raise ValueError(f"{name} are {values}; each may stand once")
        return self

    def plugins(self) -> tuple[tuple[str, str], ...]:
        """(kind, label) of the plugins that the experiment uses."""
        return ()


Count = Annotated[int, Field(ge=1, strict=True)]
Variables = Annotated[int, Field(ge=1, le=3, strict=True)]
