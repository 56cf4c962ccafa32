"""The published schema is generated, and reports keep to it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from scheduler.journal.port import JournalReader
from scheduler.report import as_json
from scheduler.report.document import Report
from scheduler.report.schema import report_schema
from scheduler.report.summary import summarize

_PUBLISHED = Path(__file__).parents[2] / "config" / "report.schema.json"


def test_the_published_schema_is_the_generated_one() -> None:
    assert _PUBLISHED.read_text("utf-8") == json.dumps(report_schema(), indent=2, sort_keys=True) + "\n"


def test_the_schema_is_valid_and_has_its_name() -> None:
    Draft202012Validator.check_schema(report_schema())
    assert report_schema()["$id"] == "urn:amplify-release:report:1"


@pytest.mark.parametrize("name", ["mixed_report", "empty_report", "hostile_report"])
def test_reports_keep_to_it(name: str, request: pytest.FixtureRequest) -> None:
    report: Report = request.getfixturevalue(name)
    Draft202012Validator(report_schema()).validate(json.loads(as_json.render(report)))


def test_a_run_without_an_end_keeps_to_it(make_journal: Callable[..., JournalReader]) -> None:
    document = json.loads(as_json.render(summarize(make_journal(ended_at=None))))
    Draft202012Validator(report_schema()).validate(document)
    assert (document["run"]["ended_at"], document["run"]["exit_code"]) == (None, None)


def test_a_missing_field_does_not(mixed_report: Report) -> None:
    document = json.loads(as_json.render(mixed_report))
    del document["targets"][0]["outcome"]
    (error,) = Draft202012Validator(report_schema()).iter_errors(document)
    assert error.message == "'outcome' is a required property"


def test_a_later_field_does(mixed_report: Report) -> None:
    document = json.loads(as_json.render(mixed_report))
    document["run"]["added_later"] = None
    Draft202012Validator(report_schema()).validate(document)
