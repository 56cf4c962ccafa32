"""The policy of a plan, from the installed command; no network, no credentials."""

from __future__ import annotations

import json

from tests.acceptance.conftest import Shell, apps

ACCOUNTS = {"shop": {"id": "012345670123", "profile": "shop"}, "docs": {"profile": "docs"}}


def test_one_account_gives_one_document(shell: Shell) -> None:
    plan = shell.plan(apps(1, account="shop"), accounts=ACCOUNTS)
    done = shell.type("iam-policy", plan)
    branch = "arn:aws:amplify:eu-west-1:012345670123:apps/dapp0000/branches/main"
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Start",
                "Effect": "Allow",
                "Action": ["amplify:StartJob", "amplify:GetJob"],
                "Resource": [f"{branch}/jobs/*"],
            },
            {
                "Sid": "Fence",
                "Effect": "Allow",
                "Action": ["amplify:ListJobs"],
                "Resource": [branch, f"{branch}/jobs/*"],
            },
        ],
    }


def test_several_accounts_give_one_each_and_account_picks_one(shell: Shell) -> None:
    targets = [{"app": "dweb", "account": "shop"}, {"app": "dtext", "account": "docs"}]
    plan = shell.plan(targets, accounts=ACCOUNTS)
    every = shell.type("iam-policy", plan)
    assert list(json.loads(every.stdout)) == ["shop", "docs"]
    assert every.stderr == "docs: the plan does not name its id: put it in the place of ACCOUNT\n"
    one = shell.type("iam-policy", plan, "--account", "shop")
    assert json.loads(one.stdout) == json.loads(every.stdout)["shop"]
    assert one.stderr == ""
    wrong = shell.type("iam-policy", plan, "--account", "shpo")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "did you mean 'shop'?" in wrong.stderr


def test_a_large_policy_is_widened_and_stderr_says_so(shell: Shell) -> None:
    branches = [f"feature/{number:03}" for number in range(80)]
    plan = shell.plan([{"app": "dweb", "branches": branches, "account": "shop"}], accounts=ACCOUNTS)
    done = shell.type("iam-policy", plan)
    assert json.loads(done.stdout)["Statement"][0]["Resource"] == [
        "arn:aws:amplify:eu-west-1:012345670123:apps/dweb/branches/*/jobs/*"
    ]
    assert "it allows all branches of each app" in done.stderr


def test_text_is_for_reading(shell: Shell) -> None:
    plan = shell.plan([{"app": "dweb", "branch": "a\u202eb", "account": "shop"}], accounts=ACCOUNTS)
    done = shell.type("iam-policy", plan, "-o", "text", "--for", "doctor")
    arn = "arn:aws:amplify:eu-west-1:012345670123:apps/dweb"
    assert done.stdout.splitlines() == [
        "shop",
        "  Start: amplify:StartJob, amplify:GetJob",
        rf"    {arn}/branches/a\u202eb/jobs/*",
        "  Fence: amplify:ListJobs",
        rf"    {arn}/branches/a\u202eb",
        rf"    {arn}/branches/a\u202eb/jobs/*",
        "  Doctor: amplify:GetApp, amplify:GetBranch",
        f"    {arn}",
        rf"    {arn}/branches/a\u202eb",
    ]


def test_cloudtrail_is_allowed_where_it_is_switched_on_and_quotas_by_request(shell: Shell) -> None:
    shell.environment = {"AMPLIFY_RELEASE_CLOUDTRAIL": "true"}
    plan = shell.plan(apps(1, account="shop"), accounts=ACCOUNTS)
    done = shell.type("iam-policy", plan, "--for", "quotas")
    assert [
        (statement["Action"], statement["Resource"]) for statement in json.loads(done.stdout)["Statement"][2:]
    ] == [(["cloudtrail:LookupEvents"], ["*"]), (["servicequotas:ListServiceQuotas"], ["*"])]


def test_a_plan_without_targets_left_needs_nothing(shell: Shell) -> None:
    done = shell.type("iam-policy", shell.plan(apps(1)), "--skip", "*")
    assert (done.returncode, done.stdout) == (0, "{}\n")
