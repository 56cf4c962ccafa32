"""Preflight from the installed command: it finds what would go wrong, and changes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.acceptance.conftest import Served, Shell, apps

Released = Callable[..., tuple[Shell, Served]]

QUIET = {"app": "*", "auto_build": False}


def examined(shell: Shell, plan: str, *options: str) -> tuple[int, dict[str, Any]]:
    where = ["--endpoint-url", shell.url, "--sts-endpoint-url", shell.url]
    done = shell.type("doctor", plan, *where, "-o", "json", *options)
    document: dict[str, Any] = json.loads(done.stdout)
    assert document["exit_code"] == done.returncode
    return done.returncode, document


def found(document: dict[str, Any]) -> list[tuple[str, str, list[str]]]:
    return [(finding["severity"], finding["about"], finding["places"]) for finding in document["findings"]]


def test_a_healthy_plan_has_no_findings_and_nothing_is_started(released: Released) -> None:
    shell, served = released(branches=[QUIET])
    assert examined(shell, shell.plan(apps(12))) == (
        0,
        {
            "plan": {"name": "night", "path": str(shell.home / "plan.yaml")},
            "errors": 0,
            "warnings": 0,
            "exit_code": 0,
            "findings": [],
        },
    )
    assert served.truth().calls == {
        "GetApp": 12,
        "GetBranch": 12,
        "ListJobs": 1,
        "ListServiceQuotas": 1,
        "GetCallerIdentity": 1,
    }
    assert not (shell.home / "state").exists()


def test_every_kind_of_trouble_with_apps_and_branches_is_found(released: Released) -> None:
    shell, _ = released(
        apps=[{"app": "dapp0001", "repository": ""}],
        branches=[
            {"app": "dapp0000", "missing": True},
            {"app": "dapp0002", "branch": "gone", "missing": True, "auto_build": False},
            {"app": "dapp0003", "stage": "PULL_REQUEST"},
            {"app": "dapp0004", "auto_build": True},
            QUIET,
        ],
    )
    plan = shell.plan([*apps(5), {"app": "dapp0002", "branch": "gone"}])
    code, document = examined(shell, plan)
    assert code == 1
    assert found(document) == [
        ("error", "missing", ["dapp0000"]),
        ("error", "repository", ["dapp0001"]),
        ("error", "missing", ["dapp0002/gone"]),
        ("error", "preview", ["dapp0003/main"]),
        ("warning", "auto_build", ["dapp0004/main"]),
    ]


def test_a_warning_is_nothing_wrong(released: Released) -> None:
    shell, _ = released()
    code, document = examined(shell, shell.plan(apps(2)))
    assert (code, document["errors"], document["warnings"]) == (0, 0, 1)


def test_4_when_the_credentials_are_another_accounts(released: Released) -> None:
    shell, served = released()
    accounts = {"shop": {"id": "012345670123"}}
    code, document = examined(shell, shell.plan(apps(2, account="shop"), accounts=accounts))
    assert code == 4
    assert found(document) == [("error", "credentials", [])]
    assert "belong to account 000000000000, the plan says 012345670123" in document["findings"][0]["message"]
    assert set(served.truth().calls) == {"GetCallerIdentity"}


def test_4_when_there_are_no_credentials(released: Released) -> None:
    shell, _ = released()
    shell.environment = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    code, document = examined(shell, shell.plan(apps(2)))
    assert (code, found(document)) == (4, [("error", "credentials", [])])


def test_4_when_a_run_could_not_list_jobs_and_0_when_only_doctor_may_not_look(released: Released) -> None:
    denied = [
        {"kind": "denied", "operation": "ListJobs", "region": "us-east-1"},
        {"kind": "denied", "operation": "GetApp", "region": "eu-west-1"},
    ]
    shell, _ = released(branches=[QUIET], faults=denied)
    plan = shell.plan([{"app": "dweb", "region": "us-east-1"}, {"app": "dtext"}])
    code, document = examined(shell, plan)
    assert code == 4
    assert found(document) == [("error", "permission", []), ("warning", "permission", ["dtext"])]
    assert [finding["region"] for finding in document["findings"]] == ["us-east-1", "eu-west-1"]
    code, _ = examined(shell, plan, "--only", "dtext")
    assert code == 0


def test_what_a_run_can_do_without_is_a_warning(released: Released) -> None:
    denied = [{"kind": "denied", "operation": name} for name in ("ListServiceQuotas", "LookupEvents")]
    shell, _ = released(branches=[QUIET], faults=denied)
    code, document = examined(shell, shell.plan(apps(1)), "--cloudtrail")
    assert code == 0
    assert found(document) == [("warning", "permission", [])] * 2
    messages = [finding["message"] for finding in document["findings"]]
    assert "`amplify-release iam-policy PLAN --for quotas` prints the policy" in messages[0]
    assert "Allow cloudtrail:LookupEvents; `amplify-release iam-policy PLAN --for cloudtrail`" in messages[1]


def test_1_when_nothing_answers(shell: Shell) -> None:
    shell.url = "http://127.0.0.1:1"
    code, document = examined(shell, shell.plan(apps(1)))
    assert (code, found(document)) == (1, [("error", "unread", [])])


def test_text_has_a_line_a_finding_and_nothing_that_steers_a_terminal(released: Released) -> None:
    shell, _ = released(branches=[{"app": "dweb", "missing": True, "branch": "a*"}, QUIET])
    plan = shell.plan([{"app": "dweb", "branch": "a\u202eb"}])
    done = shell.type("doctor", plan, "--endpoint-url", shell.url, "--sts-endpoint-url", shell.url)
    assert done.returncode == 1
    assert done.stdout == (
        "error    default/eu-west-1 dweb/a\\u202eb: there is no such branch; "
        "correct the target's account, region, app and branch\n"
    )
    assert done.stderr == "1 target in 1 lane: 1 error, 0 warnings; StartJob itself was not tried\n"


def test_it_can_be_rehearsed_without_credentials(shell: Shell) -> None:
    shell.environment = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    accounts = {"shop": {"role_arn": "arn:aws:iam::012345670123:role/release"}}
    plan = shell.plan(apps(1, account="shop"), accounts=accounts, emulate={"branches": [QUIET]})
    done = shell.type("doctor", plan, "--emulate")
    assert (done.returncode, done.stdout) == (0, "")
    assert "nothing wrong" in done.stderr
