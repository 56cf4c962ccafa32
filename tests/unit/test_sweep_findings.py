"""What `doctor` says of what it read."""

from __future__ import annotations

import pytest

from scheduler.amplify.answers import App, Branch
from scheduler.amplify.port import CallFailed, Kind, Stage
from scheduler.errors import ExitCode
from scheduler.model import Account, FrozenPlan, JobType, LaneKey, Target
from scheduler.sweep.findings import About, Finding, Readings, Severity, exit_code, judge

LANE = LaneKey("shop", "eu-west-1")
HEALTHY = App(id="dweb", name="web", repository="https://git.example/web")


def target(branch: str = "main", job_type: JobType = JobType.RELEASE) -> Target:
    return Target(
        account="shop", region="eu-west-1", app="dweb", branch=branch, name="web", job_type=job_type
    )


def failed(operation: str, kind: Kind, *, status: int = 400, code: str = "") -> CallFailed:
    reason = f"{operation} failed. Do this."
    return CallFailed(kind, reason, stage=Stage.ANSWERED, operation=operation, code=code, status=status)


def judged(
    *targets: Target,
    identity: str | CallFailed = "012345670123",
    app: App | CallFailed | None = HEALTHY,
    refusal: CallFailed | None = None,
    optional: CallFailed | None = None,
    **branches: Branch | CallFailed,
) -> list[Finding]:
    plan = FrozenPlan(
        name="night",
        path="",
        digest="",
        accounts=(Account(name="shop", id="012345670123"),),
        targets=targets or (target(),),
    )
    readings = Readings(
        identities={"shop": identity},
        apps={} if app is None else {(LANE, "dweb"): app},
        branches={(LANE, "dweb", name): branch for name, branch in branches.items()},
        refusals={} if refusal is None else {LANE: refusal},
        optional=[] if optional is None else [(LANE, optional)],
    )
    return judge(plan, readings)


def shown(findings: list[Finding]) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(finding.severity.value, finding.about.value, finding.places) for finding in findings]


def test_nothing_is_said_of_what_is_well() -> None:
    assert judged(main=Branch(name="main", stage="PRODUCTION", auto_build=False)) == []


def test_credentials_of_another_account_are_an_error_of_the_account() -> None:
    assert judged(identity="999999999999", app=None) == [
        Finding(
            severity=Severity.ERROR,
            about=About.CREDENTIALS,
            account="shop",
            message="the credentials belong to account 999999999999, the plan says 012345670123; "
            "correct the plan, or the profile or role",
        )
    ]


@pytest.mark.parametrize(
    ("kind", "about"),
    [(Kind.CREDENTIALS, About.CREDENTIALS), (Kind.EXPIRED, About.CREDENTIALS), (Kind.NOT_SENT, About.UNREAD)],
)
def test_credentials_that_cannot_be_had_are_told_apart_from_an_endpoint_that_is_not_reached(
    kind: Kind, about: About
) -> None:
    [finding] = judged(identity=failed("GetCallerIdentity", kind), app=None)
    assert (finding.about, finding.message, finding.region) == (
        about,
        "GetCallerIdentity failed. Do this.",
        None,
    )


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (failed("GetApp", Kind.REJECTED, status=404), ("error", "missing", ("dweb",))),
        (failed("GetApp", Kind.REJECTED, code="NotFoundException"), ("error", "missing", ("dweb",))),
        (failed("GetApp", Kind.REJECTED), ("error", "unread", ("dweb",))),
        (failed("GetApp", Kind.DENIED), ("warning", "permission", ("dweb",))),
        (failed("GetApp", Kind.CREDENTIALS), ("error", "credentials", ("dweb",))),
        (failed("GetApp", Kind.THROTTLED), ("error", "unread", ("dweb",))),
        (failed("GetApp", Kind.BROKEN), ("error", "unread", ("dweb",))),
    ],
)
def test_an_app_that_cannot_be_read_is_explained(
    failure: CallFailed, expected: tuple[str, str, tuple[str, ...]]
) -> None:
    assert shown(judged(app=failure)) == [expected]


def test_an_app_without_a_repository_can_only_be_deployed_by_hand() -> None:
    bare = App(id="dweb", name="web", repository=None)
    assert shown(judged(app=bare)) == [("error", "repository", ("dweb",))]
    assert judged(target(job_type=JobType.MANUAL), app=bare) == []


def test_a_preview_is_refused_whatever_else_is_true_of_it() -> None:
    preview = Branch(name="main", stage="PULL_REQUEST", auto_build=True)
    assert shown(judged(main=preview)) == [("error", "preview", ("dweb/main",))]


def test_what_is_the_same_in_a_lane_is_said_once_and_errors_come_first() -> None:
    found = judged(
        target("main"),
        target("dev"),
        target("gone"),
        main=Branch(name="main", auto_build=True),
        dev=Branch(name="dev", auto_build=True),
        gone=failed("GetBranch", Kind.REJECTED, status=404),
    )
    assert shown(found) == [
        ("error", "missing", ("dweb/gone",)),
        ("warning", "auto_build", ("dweb/main", "dweb/dev")),
    ]
    assert "there is no such branch" in found[0].message
    assert "`on_busy: wait` decides" in found[1].message


def test_a_read_that_a_run_needs_is_an_error_if_it_is_not_permitted() -> None:
    [finding] = judged(refusal=failed("ListJobs", Kind.DENIED, status=403))
    assert shown([finding]) == [("error", "permission", ())]
    assert finding.message.startswith("amplify:ListJobs is not permitted, and a run needs it")


@pytest.mark.parametrize(
    ("operation", "kind", "about"),
    [
        ("LookupEvents", Kind.DENIED, "permission"),
        ("LookupEvents", Kind.NOT_SENT, "unread"),
        ("ListServiceQuotas", Kind.DENIED, "permission"),
        ("ListServiceQuotas", Kind.NOT_SENT, None),
    ],
)
def test_what_a_run_can_do_without_is_a_warning_that_says_what_happens_then(
    operation: str, kind: Kind, about: str | None
) -> None:
    found = judged(optional=failed(operation, kind))
    assert shown(found) == ([("warning", about, ())] if about else [])
    assert all(f"{operation} failed. Do this. A run" in finding.message for finding in found)


def test_the_exit_code_is_that_of_the_worst_error_and_warnings_have_none() -> None:
    warning = judged(main=Branch(name="main", auto_build=True))
    missing = judged(app=failed("GetApp", Kind.REJECTED, status=404))
    denied = judged(refusal=failed("GetJob", Kind.DENIED))
    skipped = judged(app=failed("GetApp", Kind.DENIED))
    codes = [exit_code(findings) for findings in ([], warning, skipped, missing, missing + denied)]
    assert codes == [
        ExitCode.SUCCEEDED,
        ExitCode.SUCCEEDED,
        ExitCode.SUCCEEDED,
        ExitCode.FAILED,
        ExitCode.CREDENTIALS,
    ]
