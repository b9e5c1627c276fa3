"""What the parameters of all experiments have in common."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import pydantic
from pydantic import BaseModel, ConfigDict, Field


class Parameters(BaseModel):
    """Common to all experiments: unknown keys are errors, numbers increase, nothing stands twice in a list."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    dimensions: ClassVar[tuple[int, ...] | None] = None
    """Numbers of variables that its targets may have; None is any."""
    unit_cube: ClassVar[bool] = False
    """Whether its targets must live on the unit cube."""
    supported: ClassVar[bool] = False
    """Whether its targets must declare a compact support."""

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

    def refusal(self, label: str, facts: Mapping[str, Any]) -> str | None:
        """Return why a target does not serve, by what the plugin index knows of it; None if it does."""
        dimension, domain = facts.get("dimension"), facts.get("domain")
        if self.dimensions is not None and dimension not in (None, *self.dimensions):
            allowed = " or ".join(map(str, self.dimensions))
            return f"target '{label}' has {dimension} variables; allowed here: {allowed}"
        if self.unit_cube and domain and any(list(side) != [0, 1] for side in domain):
            return f"target '{label}' lives on {domain}; allowed here: [0, 1] in every variable"
        if self.supported and facts.get("supported") is False:
            return f"target '{label}' declares no compact support; allowed here: targets with a support"
        return None


Count = Annotated[int, Field(ge=1, strict=True)]
Variables = Annotated[int, Field(ge=1, le=3, strict=True)]
