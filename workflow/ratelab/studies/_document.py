"""The config's JSON schema and its documentation, both made from the models."""

import json
from typing import Any

from ratelab.studies._config import Config, NetworkSpec, Study
from ratelab.studies.claims._catalogue import CLAIMS
from ratelab.studies.experiments._catalogue import EXPERIMENTS

SCHEMA_FILE = "workflow/schemas/config.schema.json"
DOCUMENT_FILE = "config/README.md"
CLAIMS_FILE = "docs/claims.md"

_HEAD = """# Config

`snakemake --cores all` reads `config.yaml`: a well-chosen part of the whole that takes minutes on two cores.
`full.yaml` is paper size, `smoke.yaml` is for continuous integration. Another file replaces the default one:

```
snakemake --cores all --configfile config/full.yaml
```

A plugin is named by a text (`cusp`, `cusp(exponent=0.5,at=0.3)`) or by a mapping with its parameters
(`{name: cusp, exponent: 0.5, at: 0.3}`); fractions such as `1/3` are exact. `ratelab plugins list` shows all of
them. Labels made from these names are the coordinates in the datasets.

This page is made from the config models (`ratelab schema --markdown`), as is the JSON schema for editors in
`workflow/schemas/config.schema.json` (`ratelab schema`); a test compares them.
"""


def json_schema() -> str:
    """Return the JSON schema of the config, as text."""
    schema = Config.model_json_schema()
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def markdown() -> str:
    """Return the documentation of the config, as Markdown."""
    sections = [
        _HEAD,
        _table("Top level", Config),
        _table("One study: `studies.<name>`", Study),
        _table("One kind of network: `studies.<name>.networks[…]`", NetworkSpec),
    ]
    for name, experiment in EXPERIMENTS.items():
        sections.append(_experiment(name, experiment.parameters))
    return "\n".join(sections)


def _experiment(name: str, parameters: Any) -> str:
    title = f"Experiment `{name}`"
    if parameters.model_fields:
        return _table(title, parameters, parameters.__doc__ or "")
    return f"## {title}\n\n{parameters.__doc__}\n"


_CLAIMS_HEAD = """# Claims

Every statement of the papers that ratelab checks, in our words.

* A1–A14: R. Gribonval, G. Kutyniok, M. Nielsen and F. Voigtlaender, *Approximation spaces of deep neural networks*,
  Constructive Approximation 55 (2022), doi:10.1007/s00365-021-09543-4, arXiv:1905.01208. W^α_q and N^α_q are their
  approximation spaces by connections and by neurons, ρ_r(x) = max(x, 0)^r.
* C1–C19: R. Arora, A. Basu, P. Mianjy and A. Mukherjee, *Understanding deep neural networks with rectified linear
  units*, ICLR 2018, arXiv:1611.01491.

*Origin* says where a statement stands: `paper` (in the paper's abstract or an accessible quotation), `recalled`
(believed to be in the paper, not verified), `derived` (proved for this project). A study lists the ids under `claims`;
its `claims.nc`, `claims.md` and `claims.csv` hold one row for each case with the measured value, the bound and one
verdict:

* **consistent**: every non-asymptotic consequence that was checked holds;
* **violated**: a certain number contradicts an inequality with explicit constants on its range: a bug;
* **illustrated**: an asymptotic statement, and finite data agree with it;
* **upper only**: no lower bound exists here; **inconclusive**: the numbers do not decide;
* **not measurable**: proved elsewhere and no computation decides it; reference and witness are shown.

This page is made from the catalogue (`ratelab schema --claims`); a test compares them.
"""


def claims_markdown() -> str:
    """Return the list of all claims, as Markdown."""
    lines = [_CLAIMS_HEAD]
    for claim in CLAIMS.values():
        lines.append(
            f"## {claim.id}: {claim.topic}\n\n{claim.statement}\n\n*{claim.kind}, {claim.origin}.* {claim.certainty}\n"
        )
    return "\n".join(lines)


def _table(title: str, model: Any, text: str = "") -> str:
    properties = model.model_json_schema()["properties"]
    lines = [
        f"## {title}\n",
        *([f"{text}\n"] if text else []),
        "| key | default | meaning |",
        "| --- | --- | --- |",
    ]
    for name, field in model.model_fields.items():
        default = "required" if field.is_required() else f"`{_plain(field.default)}`"
        lines.append(f"| `{name}` | {default} | {field.description}{_range(properties[name])} |")
    return "\n".join(lines) + "\n"


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_plain(item) for item in value) + "]"
    if value is None:
        return "none"
    return str(getattr(value, "name", value))


def _range(schema: dict[str, Any]) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f" From {low} to {high}."
    options = schema.get("items", schema).get("enum")
    if options:
        return f" Allowed: {', '.join(map(str, options))}."
    return f" Allowed: {schema['const']}." if "const" in schema else ""
