"""The config's JSON schema and its documentation, both made from the models."""

import json
from typing import Any

from ratelab.studies._config import Config, NetworkSpec, Study

SCHEMA_FILE = "workflow/schemas/config.schema.json"
DOCUMENT_FILE = "config/README.md"

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
    return "\n".join(sections)


def _table(title: str, model: Any) -> str:
    properties = model.model_json_schema()["properties"]
    lines = [f"## {title}\n", "| key | default | meaning |", "| --- | --- | --- |"]
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
