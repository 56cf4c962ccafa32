"""The JSON Schema of plan files, for editors; committed as `config/plan.schema.json`."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field, TypeAdapter, with_config

from .model import OPTIONAL, PlanFile
from .scenario import Scenario

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_ID = "urn:amplify-release:plan:1"


@with_config(ConfigDict(extra="forbid", title="amplify-release plan"))
class _Published(PlanFile, total=False):
    """Name the targets of a batch release of AWS Amplify apps."""

    emulate: Annotated[
        Scenario | None, Field(description="What the emulator pretends; only used with --emulate.")
    ]


def plan_schema() -> dict[str, Any]:
    """Return the schema of plan version 1, in draft 2020-12 as far as editors of draft 7 understand it.

    It is wider than the loader: editors see a number or a boolean in what the loader reads as text, and know
    nothing of regions, duplicates and references.
    """
    schema = _without_tuples(TypeAdapter(_Published).json_schema())
    properties = schema["properties"]
    for section in OPTIONAL:
        described = properties[section]
        if {"type": "null"} not in described.get("anyOf", ()):
            properties[section] = {"anyOf": [described, {"type": "null"}]}
    properties["$schema"] = {
        "type": "string",
        "description": "Where editors find this schema; ignored by the program.",
    }
    return {"$schema": _DRAFT, "$id": _ID, **schema}


def _without_tuples(node: Any) -> Any:
    """Turn tuples of equal items into arrays: language servers for YAML know no `prefixItems`."""
    if isinstance(node, list):
        return [_without_tuples(item) for item in node]
    if not isinstance(node, dict):
        return node
    node = {key: _without_tuples(value) for key, value in node.items()}
    if "prefixItems" in node:
        node["items"] = node.pop("prefixItems")[0]
    return node
