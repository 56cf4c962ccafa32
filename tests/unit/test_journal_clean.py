"""What may be kept of texts and events."""

from __future__ import annotations

from scheduler.events import JobChanged, RunEnded, TargetParked
from scheduler.journal.clean import clean, clean_job
from scheduler.model import Job


def test_every_url_in_a_commit_message_is_bared_and_the_rest_stays() -> None:
    message = (
        'see (https://u:p@x.example/a?k=v#f), "http://y.example/?q" and what? a@b # 5 [amplify-release:01J]'
    )
    kept = clean_job(Job(jobId="1", status="PENDING", commitMessage=message)).commitMessage
    assert kept == 'see (https://x.example/a "http://y.example/" and what? a@b # 5 [amplify-release:01J]'


def test_a_commit_message_keeps_no_secret_though_somebody_else_wrote_it() -> None:
    message = "deploy with AKIAIOSFODNN7EXAMPLE, password=hunter2"
    kept = clean_job(Job(jobId="1", status="PENDING", commitMessage=message)).commitMessage
    assert kept == "deploy with [redacted], password=[redacted]"


def test_what_needs_no_cleaning_is_the_same_object() -> None:
    job = Job(jobId="1", status="PENDING", commitMessage="héllo https://x.example/a")
    for event in (
        JobChanged(at=1.0, position=0, job=job),
        TargetParked(at=1.0, position=0, reason="busy"),
        RunEnded(at=1.0),
    ):
        assert clean(event) is event


def test_a_reason_keeps_no_secret() -> None:
    event = clean(TargetParked(at=1.0, position=0, reason="denied for AKIAIOSFODNN7EXAMPLE"))
    assert event == TargetParked(at=1.0, position=0, reason="denied for [redacted]")
