"""The JSON Schema of the report, generated from the models; `config/report.schema.json` is its copy."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from .document import Report

_ID = "urn:amplify-release:report:1"


class _WithoutFieldTitles(GenerateJsonSchema):
    """Leave out titles made from field names, which say nothing: `Commitid`."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 -- no field is an exception
        return False


def report_schema() -> dict[str, Any]:
    """Return the schema. Properties it does not name are allowed: version 1 may gain fields."""
    schema = Report.model_json_schema(mode="serialization", schema_generator=_WithoutFieldTitles)
    return {"$schema": GenerateJsonSchema.schema_dialect, "$id": _ID, **schema}
