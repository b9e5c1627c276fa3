"""The jobs `claim` (all cases of one claim) and `claims` (those of a study, one after another)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ratelab import datasets
from ratelab.registry import Progress, Registry
from ratelab.studies._jobs import ClaimJob
from ratelab.studies.claims._catalogue import CLAIMS, check_of, expand
from ratelab.studies.claims._claim import Scope

if TYPE_CHECKING:
    import xarray as xr

_TEXTS = ("claim", "topic", "kind", "origin", "statement", "case_name", "relation", "note")


def run(job: ClaimJob, registry: Registry, progress: Progress) -> "xr.Dataset":
    """Check one claim: one row for each case."""
    import xarray as xr

    claim = CLAIMS[expand([job.claim])[0]]
    cases = list(check_of(claim)(Scope(job.cases, registry, progress)))
    texts = {
        "claim": claim.id, "topic": claim.topic, "kind": claim.kind, "origin": claim.origin,
        "statement": claim.statement,
    }  # fmt: skip
    columns = {name: [text] * len(cases) for name, text in texts.items()}
    columns |= {
        "case_name": [c.name for c in cases], "relation": [c.relation for c in cases], "note": [c.note for c in cases],
    }  # fmt: skip
    verdicts = [datasets.VERDICT[c.verdict.replace(" ", "_")] for c in cases]
    dataset = xr.Dataset(
        {name: ("case", np.array(columns[name], dtype=object)) for name in _TEXTS}
        | {
            "measured": ("case", np.array([c.measured for c in cases])),
            "bound": ("case", np.array([c.bound for c in cases])),
            "verdict": ("case", np.array(verdicts, dtype=np.int8)),
        }
    )
    origin = datasets.provenance(
        f"Claim {claim.id}: {claim.topic}",
        job.model_dump_json(),
        registry,
        claim.plugins,
        claim.paper,
    )
    return datasets.described(dataset, **origin)


def gather(study: str, parts: "Sequence[xr.Dataset]") -> "xr.Dataset":
    """Return the cases of several claims as one dataset, in their order."""
    import xarray as xr

    dataset = xr.concat(list(parts), dim="case", combine_attrs="drop")
    return datasets.described(
        dataset,
        title=f"Claims: study {study}",
        references="; ".join(dict.fromkeys(part.attrs["references"] for part in parts)),
        software=parts[0].attrs["software"],
        plugin_digests=datasets.merged_digests(parts),
    )
