"""Every exit code of the contract, by the installed command."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from scheduler.journal.sqlite.journal import SqliteJournal
from tests.acceptance.conftest import Served, Shell, apps, wait_until

Released = Callable[..., tuple[Shell, Served]]


def test_0_when_every_target_succeeded(released: Released) -> None:
    shell, _ = released(build_time="200ms")
    assert shell.release("run", shell.plan(apps(2))).returncode == 0


def test_1_when_a_target_failed(released: Released) -> None:
    shell, _ = released(build_time="200ms", failure_rate=1)
    assert shell.release("run", shell.plan(apps(1))).returncode == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run", "nothing.yaml"], "nothing.yaml"),
        (["run", "bad.yaml"], "bad.yaml:3:15: targets[0].priorty: unknown key; did you mean 'priority'?"),
        (["run", "good.yaml", "--concurency", "3"], "Did you mean '--concurrency'?"),
        (["run", "good.yaml", "-j", "none"], "--concurrency: expected a whole number"),
        (["run", "good.yaml", "--settle", "6"], "--settle: expected a duration"),
        (
            ["run", "good.yaml", "--endpoint-url", "http://example.com"],
            "--endpoint-url: expected an https URL",
        ),
        (["run", "good.yaml", "--report", "out.pdf"], "the suffix picks the format"),
        (["run", "good.yaml", "--report", "no/such/out.json"], "create it first"),
        (["run", "good.yaml", "--only", "dnothing"], "matches no target"),
        (["resume"], "holds no run yet"),
        (["report"], "no journal"),
        (["frobnicate"], "No such command"),
    ],
)
def test_2_before_anything_is_called(shell: Shell, arguments: list[str], says: str) -> None:
    (shell.home / "good.yaml").write_text(
        "version: 1\ntargets: [{app: dgood, region: eu-west-1, branch: main}]\n"
    )
    bad = "version: 1\ntargets:\n  - {app: dx, priorty: 3, region: eu-west-1, branch: main}\n"
    (shell.home / "bad.yaml").write_text(bad)
    done = shell.type(*arguments)
    assert done.returncode == 2
    assert says in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_3_when_the_budget_left_targets_unstarted(released: Released) -> None:
    shell, _ = released(build_time="300ms", failure_rate=1, slots=2)
    done = shell.release("run", shell.plan(apps(30)), "--max-failures", "1", "-j", "2")
    assert done.returncode == 3
    report = shell.report()
    assert report["run"]["verdict"] == "stopped"
    assert report["totals"]["not_started"] > 0


def test_3_when_the_time_was_over(released: Released) -> None:
    shell, served = released(build_time="2s", slots=2)
    done = shell.release("run", shell.plan(apps(12)), "-j", "2", "--max-runtime", "3s")
    assert done.returncode == 3
    assert shell.report()["totals"]["not_started"] > 0
    assert shell.release("resume").returncode == 0
    assert len(served.truth().starts) == 12


def test_4_when_no_lane_had_credentials(released: Released) -> None:
    shell, served = released()
    accounts = {"shop": {"id": "012345670123", "role_arn": "arn:aws:iam::012345670123:role/release"}}
    for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        shell.environment[key] = ""
    done = shell.release("run", shell.plan(apps(3, account="shop"), accounts=accounts))
    assert done.returncode == 4
    assert served.truth().starts == []
    assert {target["outcome"] for target in shell.report()["targets"]} == {"not_started"}


def test_4_when_every_start_is_denied(released: Released) -> None:
    shell, served = released(faults=[{"kind": "denied"}])
    assert shell.release("run", shell.plan(apps(40))).returncode == 4
    assert len(served.truth().starts) < 15


def test_75_when_another_run_holds_the_lock(released: Released) -> None:
    shell, served = released(build_time="20s")
    plan = shell.plan(apps(1))
    first = shell.start("run", plan, *shell.where)
    wait_until(lambda: bool(served.truth().jobs), first)
    second = shell.release("run", plan)
    assert second.returncode == 75
    assert f"pid {first.pid}" in second.stderr
    assert "--lock-wait" in second.stderr
    assert shell.report()["run"]["verdict"] == "running"
    first.kill()
    first.communicate()
    assert shell.report()["run"]["verdict"] == "interrupted"
    assert len(served.truth().starts) == 1


def newer(journal: Path) -> None:
    with closing(sqlite3.connect(journal)) as connection:
        connection.execute("PRAGMA user_version = 99")


def torn(journal: Path) -> None:
    os.truncate(journal, journal.stat().st_size // 2)


def another_file(journal: Path) -> None:
    journal.write_bytes(b"this is no journal" * 100)


def emptied(journal: Path) -> None:
    os.truncate(journal, 0)


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (newer, "was written by a newer version (layout 99, "),
        (torn, "is damaged"),
        (another_file, "is damaged"),
        (emptied, "is damaged"),
    ],
)
def test_70_when_the_journal_cannot_be_trusted_and_it_is_left_as_it_is(
    released: Released, harm: Callable[[Path], None], says: str
) -> None:
    shell, served = released()
    SqliteJournal.open(shell.home / "state").close()
    journal = shell.home / "state" / "journal.db"
    harm(journal)
    before = journal.read_bytes()
    state = ["--state-dir", str(shell.home / "state")]
    for done in (
        shell.release("run", shell.plan(apps(1)), "--resume-or-start"),
        shell.release("resume"),
        shell.type("report", *state),
    ):
        assert done.returncode == 70
        assert f"the journal {journal} {says}" in done.stderr
        assert "Traceback" not in done.stderr
        assert journal.read_bytes() == before
    assert served.truth().starts == []


def test_reading_commands_exit_with_0_when_they_could_answer(released: Released) -> None:
    shell, _ = released(build_time="200ms", failure_rate=1)
    assert shell.release("run", shell.plan(apps(1))).returncode == 1
    state = ["--state-dir", str(shell.home / "state")]
    for command in ("report", "status", "runs"):
        done = shell.type(command, *state)
        assert done.returncode == 0
        assert done.stdout
    assert json.loads(shell.type("schema", "plan").stdout)["title"]
