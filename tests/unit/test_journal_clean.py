"""What may be kept of URLs, texts and events."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.events import JobChanged, RunEnded, TargetParked
from scheduler.journal.clean import bare_url, clean, clean_job
from scheduler.model import Job


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://example.com/site.zip", "https://example.com/site.zip"),
        ("https://b.s3.amazonaws.com/k?X-Amz-Signature=1", "https://b.s3.amazonaws.com/k"),
        ("https://example.com/a#token=1", "https://example.com/a"),
        ("https://user:pass@example.com/a", "https://example.com/a"),
        ("https://us@er:p@ss@example.com:8443/a@b", "https://example.com:8443/a@b"),
        ("https://token@example.com", "https://example.com"),
        ("git@github.com:shop/web", "github.com:shop/web"),
        ("//user:pass@example.com/a?b", "//example.com/a"),
        ("jar:https://user:pass@example.com/a.zip", "jar:https://example.com/a.zip"),
        ("s3://bucket/key?versionId=1", "s3://bucket/key"),
        ("?secret", ""),
        ("", ""),
    ],
)
def test_a_url_keeps_neither_query_nor_fragment_nor_user(url: str, kept: str) -> None:
    assert bare_url(url) == kept


words = st.text("abcXYZ019-._~", min_size=1, max_size=8)


@given(user=words, host=words, path=words, query=words)
def test_no_part_that_may_be_secret_is_left(user: str, host: str, path: str, query: str) -> None:
    assert bare_url(f"https://{user}:{query}@{host}/{path}?{query}#{query}") == f"https://{host}/{path}"


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
