"""Targets and plans survive the way to plain data and back."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduler.model import Account, FailureBudget, FrozenPlan, JobType, Limits, OnBusy, Target
from scheduler.plan.freeze import plan_from_dict, plan_to_dict, target_from_dict, target_to_dict

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
SECONDS = st.floats(0, 1e7)
MAYBE = st.none() | TEXT

TARGETS = st.builds(
    Target,
    account=TEXT,
    region=TEXT,
    app=TEXT,
    branch=TEXT,
    name=TEXT,
    wave=MAYBE,
    labels=st.dictionaries(TEXT, TEXT, max_size=3),
    priority=st.integers(-9, 9),
    job_type=st.sampled_from(JobType),
    job_id=MAYBE,
    reason=MAYBE | st.just(""),
    commit_id=MAYBE,
    commit_message=MAYBE,
    commit_time=st.none() | st.datetimes(timezones=st.just(UTC)),
    on_busy=st.sampled_from(OnBusy),
    queue_timeout=SECONDS,
    build_timeout=SECONDS,
    marker=st.booleans(),
)
PLANS = st.builds(
    FrozenPlan,
    name=TEXT,
    path=TEXT,
    digest=TEXT,
    accounts=st.lists(
        st.builds(Account, name=TEXT, id=MAYBE, profile=MAYBE, role_arn=MAYBE, external_id=MAYBE), max_size=3
    ).map(tuple),
    limits=st.builds(Limits, builds=st.none() | st.integers(1, 9), reserve=st.integers(0, 9)),
    budget=st.builds(
        FailureBudget,
        count=st.none() | st.integers(0, 9),
        percent=st.none() | st.floats(0, 100),
        min_sample=st.integers(1, 99),
    ),
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TARGETS)
def test_a_target_comes_back_as_it_was(target: Target) -> None:
    assert target_from_dict(json.loads(json.dumps(target_to_dict(target)))) == target


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(PLANS)
def test_a_plan_without_targets_comes_back_as_it_was(plan: FrozenPlan) -> None:
    assert plan_from_dict(json.loads(json.dumps(plan_to_dict(plan)))) == plan


def test_choices_come_back_as_choices() -> None:
    target = Target(
        account="a", region="r", app="d1", branch="b", name="d1", job_type=JobType.RETRY, on_busy=OnBusy.SKIP
    )
    back = target_from_dict(json.loads(json.dumps(target_to_dict(target))))
    assert (type(back.job_type), type(back.on_busy)) == (JobType, OnBusy)


def test_what_has_its_default_is_left_out() -> None:
    target = Target(account="a", region="r", app="d1", branch="b", name="d1")
    assert target_to_dict(target) == {"account": "a", "region": "r", "app": "d1", "branch": "b"}
    plan = FrozenPlan(name="n", path="p", digest="sha256:0", accounts=(Account(name="default"),))
    assert plan_to_dict(plan) == {
        "name": "n",
        "path": "p",
        "digest": "sha256:0",
        "accounts": [{"name": "default"}],
    }


def test_times_are_written_in_iso_8601() -> None:
    target = Target(
        account="a",
        region="r",
        app="d1",
        branch="b",
        name="d1",
        commit_time=datetime(2026, 11, 24, 1, 2, tzinfo=UTC),
    )
    assert target_to_dict(target)["commit_time"] == "2026-11-24T01:02:00+00:00"


def test_the_journal_and_the_selection_do_not_need_the_validation_library() -> None:
    code = "import sys, scheduler.plan.freeze, scheduler.plan.select; print('pydantic' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout == "False\n"
