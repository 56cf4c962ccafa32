"""The report, version 1: what `summarize` fills and every format renders.

Names, order and meaning of the fields are the contract that scripts rely on; fields may be added, nullable
ones, and none may go. Every text is free of secrets and can be encoded; it is not yet safe to show.
"""
# ruff: noqa: N815 -- the fields of a job keep the API's own names

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from ..errors import ExitCode
from ..model import FAILURES, Evidence, Hold, Outcome, Result, Verdict
from ..redact import redact
from ..spoken import rfc3339
from ..urls import bare_urls
from .console import console_url


def _encodable(value: object) -> object:
    """Escape lone surrogates: JSON from AWS and paths can hold them, UTF-8 cannot."""
    if not isinstance(value, str) or value.isascii():
        return value
    return value.encode("utf-8", "backslashreplace").decode()


def _without_secrets(value: object) -> object:
    return redact(bare_urls(value)) if isinstance(value, str) else value


def _moment(value: object) -> object:
    return rfc3339(value) if isinstance(value, float | int | datetime) else value


Text = Annotated[str, BeforeValidator(_encodable)]
#: Sentences and addresses: where AWS, or the person who wrote them, may have left a secret.
Prose = Annotated[Text, BeforeValidator(_without_secrets)]
#: RFC 3339 in UTC; seconds since the epoch and datetimes are taken too.
Moment = Annotated[str, BeforeValidator(_moment), Field(json_schema_extra={"format": "date-time"})]
Count = Annotated[int, Field(ge=0)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, from_attributes=True, use_attribute_docstrings=True)


class PlanPart(_Part):
    """The plan the run was opened with."""

    name: Text
    path: Text
    digest: Text
    """The digest of the frozen targets, with the name of its algorithm."""


class RunPart(_Part):
    """The run as a whole. Without an end, `ended_at` and `exit_code` are null."""

    id: Text
    plan: PlanPart
    verdict: Verdict
    exit_code: ExitCode | None
    started_at: Moment
    ended_at: Moment | None
    endpoint: Prose
    version: Text
    """The version of amplify-release that opened the run."""
    stop_reason: Prose | None
    """Why the run stopped starting targets before the end; null if it did not."""
    fleet: bool = False
    """Whether the run was given to a fleet of workers."""

    @property
    def seconds(self) -> float | None:
        """How long the run took; None while it has no end."""
        return _seconds(self.started_at, self.ended_at)


class Totals(_Part):
    """How many targets the run has, and how many of them have each outcome."""

    targets: Count
    succeeded: Count
    failed: Count
    cancelled: Count
    timed_out: Count
    rejected: Count
    skipped: Count
    started: Count
    not_started: Count
    unresolved: Count

    @classmethod
    def of(cls, outcomes: Mapping[Outcome, int]) -> Totals:
        """Sum outcomes up; an outcome that is absent counts as zero."""
        counts = {outcome.value: outcomes.get(outcome, 0) for outcome in Outcome}
        return cls(targets=sum(counts.values()), **counts)

    def by_outcome(self) -> dict[Outcome, int]:
        """The counts again, keyed by outcome in the order of the contract; absent outcomes left out."""
        counts = {outcome: getattr(self, outcome.value) for outcome in Outcome}
        return {outcome: count for outcome, count in counts.items() if count}


class LanePart(_Part):
    """One account in one region: what was called, what the service answered, how full it became."""

    account: Text
    region: Text
    start_calls: Count
    started: Count
    throttled: Count
    busy: Count
    read_calls: Count
    peak_in_flight: Count
    peak_pending: Count
    stopped: Prose | None
    """Why the lane could not go on; null if it could."""
    held: Prose | None = None
    """What holds the lane's next start back at the moment; null if nothing does, or the run has ended."""
    held_by: dict[Hold, Annotated[float, Field(ge=0)]] | None = None
    """Seconds for which the next start was kept back, by what for; null if there was none to wait."""


class JobPart(_Part):
    """Amplify's own JobSummary; what the service left out is null."""

    jobArn: Text | None
    jobId: Text
    commitId: Text | None
    commitMessage: Prose | None
    commitTime: Moment | None
    startTime: Moment | None
    status: Text
    endTime: Moment | None
    jobType: Text | None
    sourceUrl: Prose | None
    sourceUrlType: Text | None

    @property
    def seconds(self) -> float | None:
        """How long the job took, queue included; None if either end is unknown."""
        return _seconds(self.startTime, self.endTime)


class AttemptPart(_Part):
    """One StartJob request. `result` is null if the process died before the answer was recorded."""

    intent: Text
    sent_at: Moment
    result: Result | None
    error: Prose | None


class TargetPart(_Part):
    """One target and how it ended."""

    account: Text
    region: Text
    app: Text
    branch: Text
    name: Text
    wave: Text | None
    labels: dict[Text, Text]
    outcome: Outcome
    reason: Prose
    evidence: Evidence
    job: JobPart | None
    attempts: list[AttemptPart]
    """The last attempts, at most 20."""
    attempts_total: Count

    @property
    def lane(self) -> str:
        return f"{self.account}/{self.region}"

    @property
    def place(self) -> str:
        """`app/branch`, and the name where it says more than the app."""
        place = f"{self.app}/{self.branch}"
        return place if self.name in {"", self.app} else f"{place} ({self.name})"


class Report(_Part):
    """What a run came to, by target. All times are RFC 3339 in UTC."""

    schema_version: Literal[1] = 1
    run: RunPart
    totals: Totals
    lanes: list[LanePart]
    targets: list[TargetPart]

    @property
    def failures(self) -> list[TargetPart]:
        """The targets that make the run fail, in plan order."""
        return [target for target in self.targets if target.outcome in FAILURES]

    def console_url(self, target: TargetPart) -> str | None:
        """The Amplify console's address of the target's job; None where there is none."""
        if target.job is None:
            return None
        return console_url(
            endpoint=self.run.endpoint,
            region=target.region,
            app=target.app,
            branch=target.branch,
            job_id=target.job.jobId,
        )


def _seconds(start: str | None, end: str | None) -> float | None:
    if start is None or end is None:
        return None
    return max(0.0, (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds())
