"""The published schema is that of the code, and accepts what the loader accepts."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from scheduler.plan.schema import plan_schema

CONFIG = Path(__file__).parents[2] / "config"
SCHEMA = plan_schema()
VALIDATOR = Draft202012Validator(SCHEMA)

#: The example of the plan's documentation, without the keys that a later release reads.
CONTRACT = """
version: 1
name: nightly
defaults: {region: eu-west-1, branch: main, reason: nightly release}
accounts:
  shop: {id: "012345670123", role_arn: "arn:aws:iam::012345670123:role/release", external_id: x1}
  docs: {id: "111122223333", profile: docs}
limits: {builds: auto, reserve: 0}
failure: {max_failures: 10%, min_sample: 10}
targets:
  - {app: d2p7kq0example, name: web, account: shop, labels: {team: shop}}
  - {app: d3f8lr1example, branches: [main, "release/1.10"], on_busy: wait, build_timeout: 45m}
  - {app: d4g9ms2example, job_type: RETRY, job_id: "17"}
expect: {min: 480, max: 520}
"""


def complaints(plan: Any) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(plan)]


def test_the_committed_schema_is_that_of_the_code() -> None:
    written = json.dumps(SCHEMA, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    assert (CONFIG / "plan.schema.json").read_text() == written


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert "prefixItems" not in json.dumps(SCHEMA)


@pytest.mark.parametrize("name", ["example.yaml", "demo.yaml"])
def test_yaml_examples_satisfy_the_schema_as_editors_see_them(name: str) -> None:
    assert complaints(yaml.safe_load((CONFIG / name).read_text())) == []


def test_the_toml_example_satisfies_the_schema() -> None:
    assert complaints(tomllib.loads((CONFIG / "example.toml").read_text())) == []


def test_the_documented_example_satisfies_the_schema() -> None:
    assert complaints(yaml.safe_load(CONTRACT)) == []


def test_the_schema_takes_what_editors_see_in_unquoted_text() -> None:
    plan = """
version: 1
$schema: plan.schema.json
defaults:
accounts: {shop: {id: 012345670123, profile: 1}}
targets:
  - {app: d1, branch: on, name: 1.10, commit_id: 1234567, reason: no, labels: {a: 1}, job_id: 17, marker: yes}
  - {app: d1, branches: [1.10, 12:30, on]}
emulate: {build_time: [1s, 2s], slots: 3}
"""
    assert complaints(yaml.safe_load(plan)) == []


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"version": 2}, "$.version"),
        ({"targets": [{"branch": "main"}]}, "$.targets[0]"),
        ({"targets": [{"app": "D1"}]}, "$.targets[0].app"),
        ({"targets": [{"app": "d1", "priorty": 1}]}, "$.targets[0]"),
        ({"targets": [{"app": "d1", "build_timeout": "45"}]}, "$.targets[0].build_timeout"),
        ({"failure": {"max_failures": "many"}}, "$.failure"),
        ({"accounts": {"shop": {"id": "1"}}}, "$.accounts"),
        ({"waves": []}, "$"),
    ],
)
def test_the_schema_finds_what_editors_can_find(change: dict[str, Any], path: str) -> None:
    [complaint] = complaints({"version": 1, "targets": [], **change})
    assert complaint.startswith(f"{path}: ")


def test_every_field_of_a_plan_has_a_description() -> None:
    for name in ("Defaults", "TargetEntry", "AccountEntry", "LimitsEntry", "FailureEntry", "ExpectEntry"):
        for field, schema in SCHEMA["$defs"][name]["properties"].items():
            assert schema.get("description"), f"{name}.{field}"
