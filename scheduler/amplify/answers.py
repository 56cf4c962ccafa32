"""Read the service's answers: the fields that are wanted and no others.

The API model calls several fields required that the service leaves out, so all are optional here but a job's
id. ListApps and GetApp answer with environment variables and passwords too; nothing of that is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any

from ..model import Job
from ..redact import redact
from ..urls import bare_url

#: Characters of a failed step's reason that are kept.
_DETAIL = 500


class Unusable(Exception):
    """An answer that came without an error and still says nothing: no job, no job id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """An app, as far as `doctor` needs it. `repository` is None for apps without one."""

    id: str
    name: str
    repository: str | None = None
    auto_build: bool | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A branch, as far as `doctor` needs it. `stage` PULL_REQUEST marks a preview."""

    name: str
    stage: str | None = None
    auto_build: bool | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


def job(summary: Any) -> Job:
    """Read a JobSummary, its times parsed already. Raises Unusable without a decimal job id."""
    if not isinstance(summary, dict):
        raise Unusable("the answer names no job")
    return Job(
        jobId=job_id(summary),
        status=summary.get("status") or "UNKNOWN",
        jobArn=summary.get("jobArn"),
        commitId=summary.get("commitId"),
        commitMessage=summary.get("commitMessage"),
        commitTime=summary.get("commitTime"),
        startTime=summary.get("startTime"),
        endTime=summary.get("endTime"),
        jobType=summary.get("jobType"),
        sourceUrl=_bare(summary.get("sourceUrl")),
        sourceUrlType=summary.get("sourceUrlType"),
    )


def job_id(summary: Mapping[str, Any]) -> str:
    """Return a JobSummary's decimal job id. Raises Unusable without one."""
    number = summary.get("jobId")
    if not (isinstance(number, str) and number.isascii() and number.isdigit()):
        raise Unusable("the answer names no job id")
    return number


def enough(page: Sequence[Job], *, down_to: int | None) -> bool:
    """Say whether no further page of jobs is wanted after this one.

    Newest first is how the service lists jobs as far as anybody saw, but nowhere promised: a page that is in
    any other order says nothing of those that follow.
    """
    numbers = [job.number for job in page]
    if down_to is not None:
        return any(number <= down_to for number in numbers)
    return bool(numbers) and numbers == sorted(numbers, reverse=True)


def failed_step(steps: Any) -> str:
    """Say which step of a job failed and why; empty when none did, or the service does not tell."""
    for step in steps or ():
        if step.get("status") == "FAILED":
            name, reason = step.get("stepName") or "a step", step.get("statusReason")
            return redact(f"{name}: {reason}" if reason else f"{name} failed")[:_DETAIL]
    return ""


def app(item: Mapping[str, Any]) -> App:
    """Read an App. Raises KeyError without an id."""
    return App(
        id=item["appId"],
        name=item.get("name") or item["appId"],
        repository=_bare(item.get("repository")),
        auto_build=item.get("enableBranchAutoBuild"),
        tags=dict(item.get("tags") or {}),
    )


def branch(item: Mapping[str, Any]) -> Branch:
    """Read a Branch. Raises KeyError without a name."""
    return Branch(
        name=item["branchName"],
        stage=item.get("stage"),
        auto_build=item.get("enableAutoBuild"),
        tags=dict(item.get("tags") or {}),
    )


def server_at(response: Mapping[str, Any]) -> float | None:
    """Return the service's clock from the `Date` header, in seconds since the epoch; None without one."""
    date = response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    return _epoch(date) if date else None


@lru_cache(maxsize=64)  # a second has one Date, however many answers it brings
def _epoch(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError):
        return None


def _bare(url: str | None) -> str | None:
    return bare_url(url) if url else None
