"""The IAM policy that a plan needs: exact, valid, and no larger than IAM takes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from moto.iam.policy_validation import IAMPolicyDocumentValidator

from scheduler.model import Account, FrozenPlan, OnBusy, Target
from scheduler.plan.policy import LARGEST, Also, policies
from scheduler.plan.regions import partition_of

SHOP = Account(name="shop", id="012345670123")
APP = "arn:aws:amplify:eu-west-1:012345670123:apps/dweb"


def target(
    app: str = "dweb",
    branch: str = "main",
    *,
    account: str = "shop",
    region: str = "eu-west-1",
    on_busy: OnBusy = OnBusy.WAIT,
) -> Target:
    return Target(account=account, region=region, app=app, branch=branch, name=app, on_busy=on_busy)


def plan(*targets: Target, accounts: tuple[Account, ...] = (SHOP,)) -> FrozenPlan:
    return FrozenPlan(name="night", path="", digest="", accounts=accounts, targets=targets)


def statement(sid: str, actions: list[str], *resources: str) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": list(resources)}


def test_a_policy_names_the_actions_of_a_run_and_the_branches_of_the_plan() -> None:
    found = policies(plan(target(), target(branch="release/1.10", on_busy=OnBusy.SUPERSEDE)))
    main, release = f"{APP}/branches/main", f"{APP}/branches/release/1.10"
    assert found["shop"].document == {
        "Version": "2012-10-17",
        "Statement": [
            statement("Start", ["amplify:StartJob", "amplify:GetJob"], f"{main}/jobs/*", f"{release}/jobs/*"),
            statement("Fence", ["amplify:ListJobs"], main, f"{main}/jobs/*", release, f"{release}/jobs/*"),
            statement("Stop", ["amplify:StopJob"], f"{release}/jobs/*"),
        ],
    }
    assert found["shop"].notes == ()


def test_what_a_run_does_not_need_is_allowed_by_request_alone() -> None:
    more = policies(plan(target(), target(branch="dev")), tuple(Also))["shop"]
    main, dev = f"{APP}/branches/main", f"{APP}/branches/dev"
    assert more.document["Statement"][2:] == [
        statement("Stop", ["amplify:StopJob"], f"{main}/jobs/*", f"{dev}/jobs/*"),
        statement("Doctor", ["amplify:GetApp", "amplify:GetBranch"], APP, main, dev),
        statement("CloudTrail", ["cloudtrail:LookupEvents"], "*"),
        statement("Quotas", ["servicequotas:ListServiceQuotas"], "*"),
    ]


def test_every_account_has_its_own_and_an_unknown_id_is_left_to_fill_in() -> None:
    found = policies(
        plan(
            target(account="default", region="cn-north-1"),
            target(region="us-gov-west-1"),
            accounts=(Account(name="default"), SHOP),
        )
    )
    assert {name: policy.document["Statement"][0]["Resource"] for name, policy in found.items()} == {
        "default": ["arn:aws-cn:amplify:cn-north-1:ACCOUNT:apps/dweb/branches/main/jobs/*"],
        "shop": ["arn:aws-us-gov:amplify:us-gov-west-1:012345670123:apps/dweb/branches/main/jobs/*"],
    }
    assert found["default"].notes == ("the plan does not name its id: put it in the place of ACCOUNT",)


@pytest.mark.parametrize(
    ("branch", "written"),
    [
        ("*", "${*}"),
        ("a?b", "a${?}b"),
        ("${aws:username}", "${$}{aws:username}"),
        ("cost$", "cost$"),
        ("wip/x y", "wip/x y"),
    ],
)
def test_a_branch_stands_for_itself_and_for_no_other(branch: str, written: str) -> None:
    [start, _] = policies(plan(target(branch=branch)))["shop"].document["Statement"]
    assert start["Resource"] == [f"{APP}/branches/{written}/jobs/*"]


def test_a_policy_that_would_be_too_large_allows_the_apps_branches_and_says_so() -> None:
    policy = policies(plan(*(target(branch=f"feature/{number}") for number in range(60))))["shop"]
    assert policy.document["Statement"] == [
        statement("Start", ["amplify:StartJob", "amplify:GetJob"], f"{APP}/branches/*/jobs/*"),
        statement("Fence", ["amplify:ListJobs"], f"{APP}/branches/*", f"{APP}/branches/*/jobs/*"),
    ]
    [note] = policy.notes
    assert "a managed policy holds 6,144; so it allows all branches of each app" in note


def test_one_that_is_too_large_even_so_can_be_printed_in_parts() -> None:
    fleet = plan(*(target(f"dapp{number:04}") for number in range(100)))
    policy = policies(fleet)["shop"]
    assert len(policy.document["Statement"][0]["Resource"]) == 100
    assert "print it in parts, such as --only" in policy.notes[-1]
    part = policies(plan(*fleet.targets[:25]))["shop"]
    assert part.notes == ()
    assert len(json.dumps(part.document, separators=(",", ":"))) <= LARGEST


@pytest.mark.parametrize("branch", ["main", "release/1.10", "*?${x}", 'quo"te', "ü/中"])
def test_iam_takes_the_document(branch: str) -> None:
    policy = policies(plan(target(branch=branch, on_busy=OnBusy.SUPERSEDE)), tuple(Also))["shop"]
    text = json.dumps(policy.document)
    assert text.isascii()  # IAM takes nothing beyond Latin-1
    IAMPolicyDocumentValidator(text).validate()  # raises


def test_each_region_has_its_partition() -> None:
    regions = ("eu-west-1", "cn-northwest-1", "us-gov-east-1")
    assert [partition_of(region) for region in regions] == ["aws", "aws-cn", "aws-us-gov"]
