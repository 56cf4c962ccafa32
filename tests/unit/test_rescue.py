"""Started jobs that a broken journal could not take are kept where a person finds them."""

from __future__ import annotations

from pathlib import Path

import pytest

from scheduler.cli.rescue import FILE, rescue
from scheduler.events import Event, RunEnded, StartAnswered
from scheduler.model import Job, Result

LINE = "I1 job 7 arn:aws:amplify:eu-west-1:1:apps/d1/branches/main/jobs/0000000007"
STARTED = StartAnswered(
    at=1.0,
    position=0,
    intent="I1",
    result=Result.STARTED,
    job=Job(
        jobId="7",
        status="PENDING",
        jobArn="arn:aws:amplify:eu-west-1:1:apps/d1/branches/main/jobs/0000000007",
    ),
)
THROTTLED = StartAnswered(at=1.0, position=1, intent="I2", result=Result.THROTTLED, error="Rate exceeded")
OTHERS: tuple[Event, ...] = (THROTTLED, RunEnded(at=2.0))


def test_each_job_is_told_and_added_to_a_file_that_only_we_can_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        rescue(tmp_path, (STARTED, *OTHERS))
        assert LINE in capsys.readouterr().err.splitlines()
    assert (tmp_path / FILE).read_text() == f"{LINE}\n" * 2
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


def test_where_no_job_was_started_nothing_is_said_and_nothing_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rescue(tmp_path, OTHERS)
    assert capsys.readouterr().err == ""
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_either_leaves_the_job_on_stderr(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / FILE).symlink_to(tmp_path / "elsewhere")
    rescue(tmp_path, (STARTED,))
    told = capsys.readouterr().err
    assert LINE in told
    assert "cannot be written either" in told
    assert not (tmp_path / "elsewhere").exists()
