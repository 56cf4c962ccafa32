"""A plan is refused with all of its faults, one line each, each with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from scheduler.errors import PlanError, UsageError
from scheduler.plan.load import load_plan, load_scenario
from tests.unit.plan_files import HEAD, fault_of, faults, loaded

DATA = Path(__file__).parents[1] / "data"
SUFFIXES = (
    "the suffix tells the format of a plan: .yaml, .yml or .toml; "
    "a lock file would be known by its first line"
)


@pytest.mark.parametrize("name", ["faulty.yaml", "faulty.toml"])
def test_all_faults_are_told_at_once_in_the_order_of_the_file(name: str) -> None:
    assert faults((DATA / name).read_bytes(), name) == (DATA / f"{name}.faults").read_text().splitlines()


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("app2: d1", "targets[0].app2: unknown key; did you mean 'app'?"),
        ("xyz: 1", "targets[0].xyz: unknown key"),
        ("'a b': 1", "targets[0]['a b']: unknown key"),
        (r'"\e[31m": 1', r"targets[0]['\x1b[31m']: unknown key"),
        (r'"a\u202eb": 1', r"targets[0]['a\u202eb']: unknown key"),
        ("branch: .", "targets[0].branch: no branch can be called '.'"),
        (r'branch: "a\nb"', r"targets[0].branch: 'a\nb' has a control character, which no branch can have"),
        (
            r'branch: "a\x9bb"',
            r"targets[0].branch: 'a\x9bb' has a control character, which no branch can have",
        ),
        (f"branch: {'x' * 256}", "targets[0].branch: has 256 characters; 255 are the most"),
        ("branches: []", "targets[0].branches: an empty list; name a branch, or leave the target out"),
        ("branch: a, branches: [b]", "targets[0].branches: a target has branch or branches, not both"),
        ("branches: main", "targets[0].branches: expected a list, got 'main'"),
        (f"reason: {'x' * 256}", "targets[0].reason: has 256 characters; 255 are the most"),
        (f"commit_id: {'x' * 256}", "targets[0].commit_id: has 256 characters; 255 are the most"),
        (
            f"commit_message: {'x' * 9951}",
            "targets[0].commit_message: has 9,951 characters; 9,950 are the most",
        ),
        (
            "job_type: retry, job_id: 1",
            ("targets[0].job_type: expected one of RELEASE, RETRY, MANUAL, WEB_HOOK, got 'retry'"),
        ),
        ("job_type: RETRY", "targets[0].job_id: missing; a RETRY repeats the job with this id"),
        ("job_type: RETRY, job_id: x1", "targets[0].job_id: 'x1' is not a job id; it has only digits"),
        ("job_id: 1", "targets[0].job_id: a RELEASE starts a new job; only a RETRY has a job_id"),
        ("account: docs", "targets[0].account: unknown account 'docs'; declare it in accounts"),
        (
            "region: aws-global",
            ("targets[0].region: unknown region 'aws-global'; if the region is new, upgrade this program"),
        ),
        ("priority: '1_0'", "targets[0].priority: expected a whole number, got '1_0'"),
        (f"priority: {'9' * 5000}", f"targets[0].priority: expected a whole number, got '{'9' * 60}…'"),
        ("queue_timeout: 500000h", "targets[0].queue_timeout: longer than a year"),
        (f"queue_timeout: {'9' * 400}h", "targets[0].queue_timeout: longer than a year"),
        (
            "commit_time: 0001-01-01T00:00:00+23:00",
            (
                "targets[0].commit_time: expected a time such as "
                "2026-11-24T17:30:00Z, got '0001-01-01T00:00:00+23:00'"
            ),
        ),
        ("labels: [a]", "targets[0].labels: expected a mapping of keys to values, got a list"),
        ("labels: {a: }", "targets[0].labels.a: a is empty; quote it, or leave it out"),
    ],
)
def test_a_fault_of_a_target_says_what_is_wrong(target: str, message: str) -> None:
    assert fault_of(target) == message


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("shop: {id: 12345}", "shop.id: '12345' is not an account id; it has 12 digits"),
        (
            "shop: {role_arn: 'arn:aws:iam::012345670123:user/x'}",
            (
                "shop.role_arn: 'arn:aws:iam::012345670123:user/x' is not the ARN of a role, such as "
                "arn:aws:iam::012345670123:role/release"
            ),
        ),
        ("shop: {external_id: xy}", "shop.external_id: only a role has an external id; set role_arn too"),
        ("shop: {profle: x}", "shop.profle: unknown key; did you mean 'profile'?"),
        (
            "a/b: {}",
            "['a/b']: the name of an account is not empty and has neither slash nor control character",
        ),
        ("shop: x", "shop: expected a mapping of keys to values, got 'x'"),
        ("shop: ", "shop: shop is empty; quote it, or leave it out"),
    ],
)
def test_a_fault_of_an_account_says_what_is_wrong(entry: str, message: str) -> None:
    [line] = faults(f"{HEAD}accounts:\n  {entry}\ntargets: []\n")
    assert line.split(": accounts", 1)[1].removeprefix(".") == message


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (
            "plan.yaml",
            (
                f"{HEAD}targets: []\naccounts:\n  shop: {{role_arn: 'arn:aws:iam::012345670123:role/a', "
                "external_id: 's3cr3t #'}\n"
            ),
        ),
        (
            "plan.toml",
            (
                "version = 1\ntargets = []\n[accounts.shop]\nexternal_id = 53137\n"
                'role_arn = "arn:aws:iam::012345670123:role/a"\n'
            ),
        ),
    ],
)
def test_a_wrong_external_id_is_not_shown(name: str, content: str) -> None:
    [line] = faults(content, name)
    assert "external_id: expected" in line
    assert "s3cr3t" not in line
    assert "53137" not in line


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_roles_of_every_partition_are_accepted(partition: str) -> None:
    role = f"arn:{partition}:iam::012345670123:role/path/release"
    plan = loaded(
        f"{HEAD}accounts: {{shop: {{role_arn: '{role}'}}}}\ntargets: [{{app: d1, account: shop}}]\n"
    )
    assert (plan.accounts[0].role_arn, plan.accounts[0].id) == (role, "012345670123")


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ("", "plan.yaml: the plan is empty; it begins with version: 1"),
        ("# nothing\n", "plan.yaml: the plan is empty; it begins with version: 1"),
        ("- a\n", "plan.yaml:1:1: a plan is a mapping that begins with version: 1"),
        ("targets: []\n", "plan.yaml:1:1: version: missing; this release reads version 1"),
        ("version: 1\n", "plan.yaml:1:1: targets: missing; a plan lists what to release"),
        ("version: 1\ntargets:\n", "plan.yaml:2:9: targets: missing; a plan lists what to release"),
        (
            "version: 2\ntargets: []\n",
            "plan.yaml:1:10: version: this release reads plans of version 1, got '2'",
        ),
        (
            "version: true\ntargets: []\n",
            "plan.yaml:1:10: version: this release reads plans of version 1, got 'true'",
        ),
        ("version: 1\ntargets: {}\n", "plan.yaml:2:10: targets: expected a list, got a mapping"),
        ("version: 1\ntargets: []\n---\na: 1\n", "plan.yaml:4:1: a plan is one document; remove the others"),
        (
            "version: 1\ntargets: [\n",
            ("plan.yaml:3:1: not valid YAML: while parsing a flow node, did not find expected node content"),
        ),
    ],
)
def test_a_plan_that_is_none_is_refused_in_one_line(head: str, message: str) -> None:
    assert faults(head) == [message]


def test_a_region_comes_from_the_target_or_the_defaults_or_the_command_line() -> None:
    content = "version: 1\ntargets:\n  - {app: d1, branch: a}\n  - {app: d2, branch: a, region: us-east-1}\n"
    assert [target.region for target in loaded(content, region="eu-west-3").targets] == [
        "eu-west-3",
        "us-east-1",
    ]
    assert faults(content) == [
        "plan.yaml:3:5: targets[0].region: no region; set it on the target, in defaults, or with --region"
    ]


def test_a_region_of_the_command_line_that_does_not_exist_is_a_usage_error() -> None:
    with pytest.raises(
        UsageError, match=r"^--region: unknown region 'eu-wset-1'; did you mean 'eu-west-1'\?$"
    ):
        loaded(f"{HEAD}targets: []\n", region="eu-wset-1")


def test_more_than_fifty_faults_are_counted_only() -> None:
    lines = faults(f"{HEAD}targets:\n" + "".join(f"  - {{app: X{count}}}\n" for count in range(60)))
    assert len(lines) == 51
    assert lines[49] == "plan.yaml:53:11: targets[49].app: 'X49' is not an app id, such as d2p7kq0example"
    assert lines[50] == "… and 10 more"


def test_a_file_that_is_wrong_all_over_is_not_read_to_its_end() -> None:
    lines = faults(f"{HEAD}targets:\n" + "  - {app: X}\n" * 5000)
    assert lines[50] == "… and at least 950 more"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("none.yaml", "cannot be read: No such file or directory"),
        ("folder.yaml", "cannot be read: Is a directory"),
        ("plan.json", SUFFIXES),
        ("plan", SUFFIXES),
        ("a\x00.yaml", "cannot be read: embedded null byte"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_line(
    name: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder.yaml").mkdir()
    Path("plan.json").write_text("{}")
    Path("plan").touch()
    with pytest.raises(PlanError) as refused:
        load_plan(name)
    assert str(refused.value) == f"{name}: {reason}".replace("\x00", r"\x00")


def test_a_scenario_has_a_file_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("night.yaml").write_text("slots: 3\nbuild_time: [1s, 2s]\n")
    Path("bad.yaml").write_text("slot: 3\nfailure_rate: 2\n")
    scenario = load_scenario("night.yaml")
    assert (scenario.slots, scenario.build_time) == (3, (1.0, 2.0))
    with pytest.raises(PlanError) as refused:
        load_scenario("bad.yaml")
    assert str(refused.value).split("\n") == [
        "bad.yaml:1:1: slot: unknown key; did you mean 'slots'?",
        "bad.yaml:2:15: failure_rate: expected 1 or less, got '2'",
    ]
