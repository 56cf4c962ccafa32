"""Journals of released versions: reported, brought to the newest layout and resumed by this one."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import boto3  # type: ignore[import-untyped] # its stubs are another half a thousand services
import pytest

from scheduler import __version__
from scheduler.emulator.identity import SECRET_KEY, access_key
from scheduler.journal.sqlite.journal import SqliteJournal
from tests.acceptance.conftest import Served, Shell
from tests.golden.journals import golden, restore

Released = Callable[..., tuple[Shell, Served]]

#: What a report says of each target of a golden journal's newest run, before and after it is resumed.
STATES = {
    "dsucceeded": ("succeeded", "succeeded"),
    "dfailed": ("failed", "failed"),
    "dcancelled": ("cancelled", "cancelled"),
    "drejected": ("rejected", "rejected"),
    "dskipped": ("skipped", "skipped"),
    "dtimedout": ("timed_out", "timed_out"),
    "dthrottled": ("succeeded", "succeeded"),
    "dadopted": ("succeeded", "succeeded"),
    "dunmarked": ("succeeded", "succeeded"),
    "dattached": ("started", "succeeded"),
    "dlong": ("started", "succeeded"),
    "dambiguous": ("unresolved", "unresolved"),
    "dunanswered": ("unresolved", "succeeded"),
    "dwaiting": ("not_started", "succeeded"),
    "dnever": ("not_started", "succeeded"),
}


def layout(journal: Path) -> dict[str, str]:
    with closing(sqlite3.connect(journal)) as connection:
        found = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        return {name: " ".join(sql.split()) for name, sql in found}


def test_each_release_has_a_golden_journal() -> None:
    changes = (Path(__file__).parents[2] / "CHANGELOG.md").read_text()
    released = re.findall(r"^## \[(\d[^\]]*)\]", changes, re.MULTILINE)
    assert golden().keys() >= {__version__, *released}, "python -m tests.golden makes this version's"


@pytest.mark.parametrize("version", golden())
def test_a_golden_journal_is_brought_to_the_layout_of_a_new_one(version: str, tmp_path: Path) -> None:
    """If this fails before a release, make the journal anew; after it, the layout needs a migration."""
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir(mode=0o700)
    restore(version, old / "journal.db", "")
    for directory in (old, new):
        SqliteJournal.open(directory).close()
    assert layout(old / "journal.db") == layout(new / "journal.db")


@pytest.mark.parametrize("version", golden())
def test_a_golden_journal_is_reported_and_resumed(version: str, released: Released) -> None:
    shell, served = released(build_time="200ms")
    (shell.home / "state").mkdir(mode=0o700)
    restore(version, shell.home / "state" / "journal.db", served.url)

    before = shell.report()
    assert before["run"]["verdict"] == "interrupted"
    assert before["run"]["version"] == version
    outcomes = {target["app"]: target["outcome"] for target in before["targets"]}
    assert outcomes == {app: first for app, (first, _) in STATES.items()}

    # The jobs that the old version's run left behind, on a service that begins anew.
    amplify = boto3.client(
        "amplify",
        "eu-west-1",
        endpoint_url=served.url,
        aws_access_key_id=access_key("000000000000"),
        aws_secret_access_key=SECRET_KEY,
    )
    [intent] = [
        target["attempts"][-1]["intent"] for target in before["targets"] if target["app"] == "dunanswered"
    ]
    for app, message in (("dattached", ""), ("dlong", ""), ("dunanswered", f"[amplify-release:{intent}]")):
        amplify.start_job(appId=app, branchName="main", jobType="RELEASE", commitMessage=message)
    amplify.close()
    # Jobs of so long ago would have timed out, if they had not ended.
    while any(job.ended_at is None for job in served.truth().jobs):
        time.sleep(0.02)

    assert shell.release("resume").returncode == 1
    after = shell.report()
    outcomes = {target["app"]: target["outcome"] for target in after["targets"]}
    assert outcomes == {app: last for app, (_, last) in STATES.items()}
    assert sorted(start.app for start in served.truth().starts[3:]) == ["dnever", "dwaiting"]
    assert {target["app"]: target["evidence"] for target in after["targets"]}[
        "dunanswered"
    ] == "adopted_exact"

    runs = shell.type("runs", "-o", "jsonl", "--state-dir", str(shell.home / "state"))
    assert len(runs.stdout.splitlines()) == 2
