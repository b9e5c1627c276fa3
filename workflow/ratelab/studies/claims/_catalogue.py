"""All claims by id, and how a config names several of them."""

import re
from collections.abc import Iterable, Mapping
from importlib import import_module

from ratelab._errors import UserError, suggestion
from ratelab.studies.claims._claim import Check, Claim
from ratelab.studies.claims._layer_statements import LAYERS
from ratelab.studies.claims._relu_statements import RELU
from ratelab.studies.claims._space_statements import SPACES
from ratelab.studies.claims._support_statements import SUPPORT

CLAIMS: Mapping[str, Claim] = {claim.id: claim for claim in (*SPACES, *LAYERS, *RELU, *SUPPORT)}

_RANGE = re.compile(r"([A-Z])(\d+)\s*[-–]\s*([A-Z])(\d+)")


def expand(names: Iterable[str]) -> tuple[str, ...]:
    """Return claim ids, each once, in the order given; ``C1-C19`` means all from C1 to C19.

    Raises
    ------
    UserError
        For an id that is no claim.
    """
    result: dict[str, None] = {}
    for name in names:
        match = _RANGE.fullmatch(name.strip())
        if match and match[1] == match[3] and int(match[2]) <= int(match[4]):
            ids = [f"{match[1]}{number}" for number in range(int(match[2]), int(match[4]) + 1)]
        else:
            ids = [name.strip()]
        for claim in ids:
            if claim not in CLAIMS:
                known = ", ".join(CLAIMS)
                near = (
                    suggestion(claim.upper(), CLAIMS) if claim.upper() in CLAIMS else f"known: {known}, C1-C3"
                )
                raise UserError(f"no claim is called '{claim}'; {near}")
            result[claim] = None
    return tuple(result)


def check_of(claim: Claim) -> Check:
    """Return the function that checks a claim."""
    module = import_module(f"ratelab.studies.claims.{claim.module}")
    check: Check = getattr(module, claim.id.lower())
    return check
