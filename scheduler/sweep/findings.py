"""What is wrong with a plan's accounts, apps and branches, judged from what was read of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from ..amplify.answers import App, Branch
from ..amplify.port import CallFailed, Kind
from ..errors import ExitCode
from ..model import FrozenPlan, JobType, LaneKey, Target


class Severity(StrEnum):
    """Whether a run can succeed in spite of a finding."""

    ERROR = "error"
    WARNING = "warning"


class About(StrEnum):
    """What a finding is about, for scripts."""

    CREDENTIALS = "credentials"  #: none, expired, or another account's
    PERMISSION = "permission"
    MISSING = "missing"  #: there is no such app or branch
    REPOSITORY = "repository"  #: the app has none, so that there is nothing to build
    PREVIEW = "preview"  #: the branch belongs to a pull request
    AUTO_BUILD = "auto_build"  #: pushes start jobs of their own
    UNREAD = "unread"  #: a read failed, so that nothing is known


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to know before a run, and what to do about it.

    `region` None: the account as a whole. `places` are apps, or branches as `app/branch`; empty: all of them.
    """

    severity: Severity
    about: About
    account: str
    message: str
    region: str | None = None
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Readings:
    """What was read, or why it could not be. What nobody asked for is absent."""

    #: Account → the id that its credentials belong to.
    identities: dict[str, str | CallFailed] = field(default_factory=dict)
    apps: dict[tuple[LaneKey, str], App | CallFailed] = field(default_factory=dict)
    #: By lane, app and branch.
    branches: dict[tuple[LaneKey, str, str], Branch | CallFailed] = field(default_factory=dict)
    #: The reads that a run makes, as far as they failed when they were tried on one branch of the lane.
    refusals: dict[LaneKey, CallFailed] = field(default_factory=dict)
    #: Reads of other services that a run can do without, as far as they failed.
    optional: list[tuple[LaneKey, CallFailed]] = field(default_factory=list)


def judge(plan: FrozenPlan, readings: Readings) -> list[Finding]:
    """Return what is wrong, errors first; what is the same at several places of a lane is said once."""
    merged: dict[Finding, list[str]] = {}
    for finding in _all(plan, readings):
        merged.setdefault(replace(finding, places=()), []).extend(finding.places)
    found = [replace(finding, places=tuple(places)) for finding, places in merged.items()]
    return sorted(found, key=lambda finding: finding.severity is not Severity.ERROR)


def exit_code(findings: Iterable[Finding]) -> ExitCode:
    """Return 4 if credentials or permissions are among the errors, 1 for other errors, and 0 without any."""
    about = {finding.about for finding in findings if finding.severity is Severity.ERROR}
    if about & {About.CREDENTIALS, About.PERMISSION}:
        return ExitCode.CREDENTIALS
    return ExitCode.FAILED if about else ExitCode.SUCCEEDED


def _all(plan: FrozenPlan, readings: Readings) -> Iterator[Finding]:
    for account in plan.accounts:
        yield from _of_account(account.name, account.id, readings.identities.get(account.name))
    for lane, failure in readings.refusals.items():
        yield _unread(lane, failure, (), needed=True)
    for lane, failure in readings.optional:
        yield from _of_optional(lane, failure)
    targets: dict[tuple[LaneKey, str], list[Target]] = {}
    for target in plan.targets:
        targets.setdefault((target.lane, target.app), []).append(target)
    for (lane, app), of_app in targets.items():
        yield from _of_app(lane, of_app, readings.apps.get((lane, app)))
        for target in of_app:
            yield from _of_branch(target, readings.branches.get((lane, app, target.branch)))


def _of_account(name: str, expected: str | None, identity: str | CallFailed | None) -> Iterator[Finding]:
    match identity:
        case CallFailed():
            about = About.CREDENTIALS if _of_credentials(identity) else About.UNREAD
            yield Finding(severity=Severity.ERROR, about=about, account=name, message=identity.reason)
        case str() if expected not in {None, identity}:
            yield Finding(
                severity=Severity.ERROR,
                about=About.CREDENTIALS,
                account=name,
                message=f"the credentials belong to account {identity}, the plan says {expected}; "
                "correct the plan, or the profile or role",
            )


def _of_optional(lane: LaneKey, failure: CallFailed) -> Iterator[Finding]:
    permitted = failure.kind is not Kind.DENIED
    if failure.operation == "LookupEvents":
        without = "A run goes on without it, and looks for ambiguous starts on their branches alone."
    elif permitted:
        return  # whatever it was, a run does not wait for it
    else:
        without = "A run does without it, and learns by itself how many jobs the account bears."
    about = About.UNREAD if permitted else About.PERMISSION
    yield replace(_error(lane, about, (), f"{failure.reason} {without}"), severity=Severity.WARNING)


def _of_app(lane: LaneKey, targets: Sequence[Target], app: App | CallFailed | None) -> Iterator[Finding]:
    match app:
        case CallFailed():
            yield _unread(lane, app, (targets[0].app,))
        case App(repository=None) if any(target.job_type is not JobType.MANUAL for target in targets):
            yield _error(
                lane,
                About.REPOSITORY,
                (app.id,),
                "the app has no repository, so there is nothing to build; connect one, or leave the app out",
            )


def _of_branch(target: Target, branch: Branch | CallFailed | None) -> Iterator[Finding]:
    places = (f"{target.app}/{target.branch}",)
    match branch:
        case CallFailed():
            yield _unread(target.lane, branch, places)
        case Branch(stage="PULL_REQUEST"):
            yield _error(
                target.lane,
                About.PREVIEW,
                places,
                "the preview of a pull request, which Amplify builds and removes by itself; leave it out",
            )
        case Branch(auto_build=True):
            yield replace(
                _error(
                    target.lane,
                    About.AUTO_BUILD,
                    places,
                    f"every push starts a job by itself; one that comes first makes the branch busy, and "
                    f"`on_busy: {target.on_busy}` decides",
                ),
                severity=Severity.WARNING,
            )


def _unread(lane: LaneKey, failure: CallFailed, places: tuple[str, ...], *, needed: bool = False) -> Finding:
    """Say what a failed read means. `needed`: a run makes this read too."""
    if _of_credentials(failure):
        return _error(lane, About.CREDENTIALS, places, failure.reason)
    if failure.kind is Kind.DENIED and needed:
        return _error(
            lane,
            About.PERMISSION,
            places,
            f"amplify:{failure.operation} is not permitted, and a run needs it; "
            "`amplify-release iam-policy PLAN` prints the policy",
        )
    if failure.kind is Kind.DENIED:
        message = (
            f"amplify:{failure.operation} is not permitted, so nothing is known here; a run does not need "
            "it, and `amplify-release iam-policy PLAN --for doctor` allows it"
        )
        return replace(_error(lane, About.PERMISSION, places, message), severity=Severity.WARNING)
    if failure.kind is Kind.REJECTED and (failure.status == 404 or failure.code.startswith("NotFound")):
        what = "app" if failure.operation == "GetApp" else "branch"
        message = f"there is no such {what}; correct the target's account, region, app and branch"
        return _error(lane, About.MISSING, places, message)
    return _error(lane, About.UNREAD, places, failure.reason)


def _of_credentials(failure: CallFailed) -> bool:
    return failure.kind in {Kind.CREDENTIALS, Kind.EXPIRED}


def _error(lane: LaneKey, about: About, places: tuple[str, ...], message: str) -> Finding:
    return Finding(
        severity=Severity.ERROR,
        about=about,
        account=lane.account,
        region=lane.region,
        places=places,
        message=message,
    )
