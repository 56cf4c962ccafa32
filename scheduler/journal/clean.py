"""What may be kept: events without secrets, and without text that cannot be encoded.

Everything passes here before it is journaled, so that neither the store nor any output made from it, nor the
listeners, can leak a presigned URL, or fail at half a surrogate pair in a commit message.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ..events import (
    Event,
    JobAdopted,
    JobChanged,
    LaneHeld,
    LaneStopped,
    LimitChanged,
    RunStopping,
    StartAnswered,
    TargetEnded,
    TargetParked,
)
from ..model import Job
from ..redact import redact
from ..urls import bare_url, bare_urls


def clean(event: Event) -> Event:
    """Return the event as it may be kept; the same object where nothing had to go."""
    match event:
        case StartAnswered(error=error, job=job):
            kept_error = error and _sentence(error)
            kept_job = job and clean_job(job)
            if kept_error is error and kept_job is job:
                return event
            return replace(event, error=kept_error, job=kept_job)
        case JobAdopted(job=job, reason=reason):
            return replace(event, job=clean_job(job), reason=_sentence(reason))
        case JobChanged(job=job):
            kept = clean_job(job)
            return event if kept is job else replace(event, job=kept)
        case TargetParked() | TargetEnded() | LaneHeld() | LaneStopped() | LimitChanged() | RunStopping():
            reason = _sentence(event.reason)
            return event if reason is event.reason else replace(event, reason=reason)
        case _:
            return event


def clean_job(job: Job) -> Job:
    """Return the job without what its URLs may hide: query strings, fragments, user information."""
    kept: dict[str, Any] = {}
    for name, keep in _KEEP.items():
        text: str | None = getattr(job, name)
        if text and (bare := keep(text)) != text:
            kept[name] = bare
    return replace(job, **kept) if kept else job


def _sentence(text: str) -> str:
    return redact(_encodable(text))


def _encodable(text: str) -> str:
    text = text.replace("\0", r"\x00")  # PostgreSQL takes every character but this
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="backslashreplace").decode()
    return text


def _message(text: str) -> str:
    return redact(bare_urls(_encodable(text)))


def _source(text: str) -> str:
    return bare_url(_encodable(text))


#: What may be kept of each text of a job.
_KEEP: dict[str, Callable[[str], str]] = {
    "jobId": _encodable,
    "status": _encodable,
    "jobArn": _encodable,
    "commitId": _encodable,
    "commitMessage": _message,
    "jobType": _encodable,
    "sourceUrl": _source,
    "sourceUrlType": _encodable,
}
