"""What a plan file may say, version 1. Each class is a mapping of the file, with the keys that were given.

These are the file's own words, each field checked by itself. What concerns several fields is in `rules`, and
`resolve` turns them into targets. The section `emulate` is the emulator's, in `scenario`.
"""

from __future__ import annotations

from typing import Annotated, Required

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

from .text_fields import (
    AccountId,
    AccountName,
    AppId,
    Branch,
    CommitMessage,
    ExternalId,
    JobId,
    LabelText,
    Name,
    Profile,
    Region,
    RoleArn,
    Text255,
)
from .value_fields import (
    Builds,
    Flag,
    Integer,
    JobTypeChoice,
    MaxFailures,
    Moment,
    Natural,
    OnBusyChoice,
    Positive,
    Timeout,
    Version,
)

#: The sections that may be left empty, as when everything below them is commented out.
OPTIONAL = frozenset({"defaults", "accounts", "limits", "failure", "expect", "emulate"})

_strict = with_config(ConfigDict(extra="forbid"))


@_strict
class Defaults(TypedDict, total=False):
    """What holds for every target that does not say otherwise. Labels are joined with the target's own."""

    branch: Annotated[Branch, Field(description="The branch to release.")]
    account: Annotated[Name, Field(description="A name from accounts; default: the ambient credentials.")]
    region: Annotated[Region, Field(description="The AWS region of the app.")]
    labels: Annotated[dict[str, LabelText], Field(description="Words of your own that come back in reports.")]
    priority: Annotated[
        Integer, Field(description="Higher ones start first within an account and region. Default: 0.")
    ]
    job_type: Annotated[JobTypeChoice, Field(description="StartJob's jobType. Default: RELEASE.")]
    job_id: Annotated[JobId, Field(description="StartJob's jobId: the job that a RETRY repeats.")]
    reason: Annotated[Text255, Field(description="StartJob's jobReason.")]
    commit_id: Annotated[Text255, Field(description="StartJob's commitId.")]
    commit_message: Annotated[
        CommitMessage, Field(description="StartJob's commitMessage; the marker is appended to it.")
    ]
    commit_time: Annotated[Moment, Field(description="StartJob's commitTime, ISO 8601; UTC without a zone.")]
    on_busy: Annotated[
        OnBusyChoice, Field(description="What to do when the branch already has a job. Default: wait.")
    ]
    build_timeout: Annotated[
        Timeout, Field(description="How long a build may take, such as 45m, before it counts as timed out.")
    ]
    queue_timeout: Annotated[
        Timeout, Field(description="How long to wait for a busy branch or a build slot, such as 1h.")
    ]
    marker: Annotated[
        Flag, Field(description="Whether commit messages carry the mark by which a job is found again.")
    ]


@_strict
class TargetEntry(Defaults, total=False):
    """One app, and the branch or the branches of it to release."""

    app: Required[Annotated[AppId, Field(description="The app's id.")]]
    branches: Annotated[list[Branch], Field(description="Several branches; each is a target of its own.")]
    name: Annotated[Name, Field(description="What people call the app. Default: its id.")]


@_strict
class AccountEntry(TypedDict, total=False):
    """Where an account's credentials come from: a role, a profile, or, with neither, the ambient ones."""

    id: Annotated[AccountId, Field(description="The account's number; the credentials must belong to it.")]
    role_arn: Annotated[RoleArn, Field(description="The role to assume with the ambient credentials.")]
    external_id: Annotated[ExternalId, Field(description="What the role's trust policy asks for.")]
    profile: Annotated[Profile, Field(description="A profile of the AWS configuration.")]


@_strict
class LimitsEntry(TypedDict, total=False):
    """Limits of every lane (account and region) alike."""

    builds: Annotated[Builds, Field(description="Jobs in flight at most. Default: auto, which learns it.")]
    reserve: Annotated[Natural, Field(description="Build slots left to others. Default: 0.")]


@_strict
class FailureEntry(TypedDict, total=False):
    """When a run has failed enough to start nothing more."""

    max_failures: Annotated[
        MaxFailures,
        Field(description="More failures than N, or than P% of the targets that ended, stop the run."),
    ]
    min_sample: Annotated[
        Positive, Field(description="How many targets must have ended before P% counts. Default: 10.")
    ]


@_strict
class ExpectEntry(TypedDict, total=False):
    """How many targets the plan is expected to name; outside of it, nothing is run."""

    min: Annotated[Natural, Field(description="This many at least.")]
    max: Annotated[Natural, Field(description="This many at most.")]


@_strict
class Head(TypedDict, total=False):
    """A plan without its lists."""

    version: Required[Annotated[Version, Field(description="The version of the plan's format.")]]
    name: Annotated[Name, Field(description="The plan's name. Default: the file's, without its suffix.")]
    defaults: Defaults
    limits: LimitsEntry
    failure: FailureEntry
    expect: ExpectEntry


@_strict
class PlanFile(Head, total=False):
    """Names the targets of a batch release of AWS Amplify apps."""

    accounts: Annotated[
        dict[AccountName, AccountEntry],
        Field(description="Accounts by the names that targets use. Without it, the ambient credentials."),
    ]
    targets: Required[Annotated[list[TargetEntry], Field(description="What to release.")]]
