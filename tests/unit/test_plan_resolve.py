"""From entries to targets: defaults are merged, branches spread out, and equal plans have equal digests."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from scheduler.errors import PlanError
from scheduler.model import Account, FailureBudget, JobType, Limits, OnBusy, Target
from scheduler.plan.load import load_plan
from tests.unit.plan_files import HEAD, faults, loaded

ROOT = Path(__file__).parents[2]
FLEET = ROOT / "tests" / "data" / "fleet.yaml"


def test_a_target_takes_from_the_defaults_what_it_does_not_say() -> None:
    plan = loaded("""version: 1
defaults:
  region: eu-west-1
  branch: main
  account: shop
  reason: nightly
  labels: {team: all, tier: low}
  priority: 1
  on_busy: skip
  build_timeout: 1h
  queue_timeout: 90s
  marker: no
  commit_id: abc
  commit_message: hello
  commit_time: 2026-11-24
accounts: {shop: {profile: shop}}
targets:
  - {app: d1}
  - {app: d2, name: web, account: default, region: us-east-1, branches: [a, b], reason: "",
     labels: {team: web}, priority: -5, on_busy: attach, build_timeout: 500ms, queue_timeout: 0s,
     marker: yes, job_type: RETRY, job_id: 017, commit_time: "2026-11-24T01:00:00+02:00"}
""")
    midnight = datetime(2026, 11, 24, tzinfo=UTC)
    first = Target(
        account="shop", region="eu-west-1", app="d1", branch="main", name="d1", reason="nightly",
        labels={"team": "all", "tier": "low"}, priority=1, on_busy=OnBusy.SKIP, build_timeout=3600.0,
        queue_timeout=90.0, marker=False, commit_id="abc", commit_message="hello", commit_time=midnight,
    )  # fmt: skip
    second = [
        Target(
            account="default", region="us-east-1", app="d2", branch=branch, name="web", reason="",
            labels={"team": "web", "tier": "low"}, priority=-5, on_busy=OnBusy.ATTACH, build_timeout=0.5,
            queue_timeout=0.0, marker=True, commit_id="abc", commit_message="hello", job_type=JobType.RETRY,
            job_id="017", commit_time=midnight - timedelta(hours=1),
        )
        for branch in ("a", "b")
    ]  # fmt: skip
    assert plan.targets == (first, *second)
    assert plan.accounts == (Account(name="default"), Account(name="shop", profile="shop"))


def test_a_small_plan_has_the_defaults_of_the_program() -> None:
    plan = loaded(f"{HEAD}targets:\n  - app: d1\n", "nightly.release.yml")
    assert (plan.name, plan.path) == ("nightly.release", "nightly.release.yml")
    assert (plan.limits, plan.budget) == (Limits(), FailureBudget())
    assert plan.accounts == (Account(name="default"),)
    assert plan.targets == (
        Target(account="default", region="eu-west-1", app="d1", branch="main", name="d1"),
    )


def test_sections_may_be_left_empty() -> None:
    sections = "defaults:\naccounts:\nlimits:\nfailure:\nexpect:\nemulate:\n"
    assert loaded(f"version: 1\n{sections}targets: []\n").targets == ()


@pytest.mark.parametrize(
    ("text", "budget"),
    [
        ("{max_failures: 3}", FailureBudget(count=3)),
        ("{max_failures: 0}", FailureBudget(count=0)),
        ("{max_failures: 12.5%, min_sample: 4}", FailureBudget(percent=12.5, min_sample=4)),
        ("{min_sample: 4}", FailureBudget(min_sample=4)),
    ],
)
def test_failures_are_a_number_or_a_percentage(text: str, budget: FailureBudget) -> None:
    assert loaded(f"{HEAD}failure: {text}\ntargets: []\n").budget == budget


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("{builds: auto}", Limits()),
        ("{builds: 3, reserve: 1}", Limits(builds=3, reserve=1)),
        ("{}", Limits()),
    ],
)
def test_limits_are_learned_or_set(text: str, limits: Limits) -> None:
    assert loaded(f"{HEAD}limits: {text}\ntargets: []\n").limits == limits


@pytest.mark.parametrize(
    ("expect", "message"),
    [
        ("{min: 3}", "the plan has 2 targets; expected 3 at least"),
        ("{max: 1}", "the plan has 2 targets; expected 1 at most"),
        ("{min: 3, max: 1000}", "the plan has 2 targets; expected 3 at least and 1,000 at most"),
        ("{min: 3, max: 2}", "min 3 is greater than max 2"),
    ],
)
def test_a_plan_of_an_unexpected_size_is_refused(expect: str, message: str) -> None:
    content = f"{HEAD}expect: {expect}\ntargets: [{{app: d1, branches: [a, b]}}]\n"
    assert faults(content) == [f"plan.yaml:3:9: expect: {message}"]


@pytest.mark.parametrize("expect", ["{}", "{min: 2, max: 2}", "{max: 2}"])
def test_a_plan_of_the_expected_size_is_read(expect: str) -> None:
    assert len(loaded(f"{HEAD}expect: {expect}\ntargets: [{{app: d1, branches: [a, b]}}]\n").targets) == 2


def test_the_same_branch_of_two_accounts_is_two_targets() -> None:
    plan = loaded(f"{HEAD}accounts: {{shop: {{}}}}\ntargets: [{{app: d1}}, {{app: d1, account: shop}}]\n")
    assert [target.key for target in plan.targets] == ["default/eu-west-1/d1/main", "shop/eu-west-1/d1/main"]


def test_standard_input_is_yaml(monkeypatch: pytest.MonkeyPatch) -> None:
    content = f"{HEAD}targets: [{{app: d1}}]\n".encode()
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=BytesIO(content)))
    plan, _ = load_plan("-")
    assert (plan.name, plan.path, len(plan.targets)) == ("stdin", "-", 1)


def test_a_fault_of_standard_input_has_a_place_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "sys.stdin", SimpleNamespace(buffer=BytesIO(b"version: 1\ntarget: []\ntargets: []\n"))
    )
    with pytest.raises(PlanError, match=r"^<stdin>:2:1: target: unknown key; did you mean 'targets'\?$"):
        load_plan("-")


def test_the_examples_mean_the_same_in_both_formats() -> None:
    as_yaml, _ = load_plan(str(ROOT / "config" / "example.yaml"))
    as_toml, _ = load_plan(str(ROOT / "config" / "example.toml"))
    assert as_yaml.targets == as_toml.targets
    assert as_yaml.accounts == as_toml.accounts
    assert as_yaml.digest == as_toml.digest
    assert [target.branch for target in as_yaml.targets] == ["main", "main", "release/1.10", "on", "main"]


@pytest.mark.parametrize(
    "changed",
    [
        "targets: [{app: d2}]",
        "targets: [{app: d1, priority: 1}]",
        "targets: [{app: d1}]\nlimits: {builds: 1}",
        "targets: [{app: d1}]\nfailure: {max_failures: 1}",
        "targets: [{app: d1, account: shop}]\naccounts: {shop: {profile: x}}",
    ],
)
def test_the_digest_changes_with_what_is_started(changed: str) -> None:
    assert loaded(f"{HEAD}{changed}\n").digest != loaded(f"{HEAD}targets: [{{app: d1}}]\n").digest


@pytest.mark.parametrize(
    "same",
    [
        "name: other\ntargets: [{app: d1}]",
        "targets:\n  - branch: main\n    app: d1\n    priority: 0\n    on_busy: wait",
        "targets: [{app: d1}]\naccounts: {unused: {profile: x}}\nexpect: {min: 1}\nlimits: {reserve: 0}",
    ],
)
def test_the_digest_does_not_change_with_how_it_is_said(same: str) -> None:
    assert loaded(f"{HEAD}{same}\n").digest == loaded(f"{HEAD}targets: [{{app: d1}}]\n").digest


def test_a_fleet_is_read_with_every_branch_exactly_as_it_was_written() -> None:
    plan, scenario = load_plan(str(FLEET))
    written = yaml.load(FLEET.read_text(), Loader=yaml.BaseLoader)
    assert scenario is None
    assert len(plan.targets) == 240
    assert [target.branch for target in plan.targets] == [entry["branch"] for entry in written["targets"]]
    assert Counter(target.branch for target in plan.targets) >= Counter(
        ["on", "1e3", "12:30", "0123", "null", "release/1.10", "feature/x y", "a+b&c=d%20"]
    )
    assert {target.account: None for target in plan.targets}.keys() == {"shop", "docs", "labs"}
    assert plan.accounts[2].id == "012345670123"
