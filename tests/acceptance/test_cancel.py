"""Stopping the jobs of a run, from the installed command."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.acceptance.conftest import COMMAND, ENVIRONMENT, Served, Shell, apps, interrupt, wait_until

Released = Callable[..., tuple[Shell, Served]]


def statuses(served: Served) -> dict[str, str]:
    return {job.app: job.status for job in served.truth().jobs}


def started(shell: Shell, targets: list[dict[str, Any]]) -> None:
    """Start jobs and leave them running."""
    done = shell.release("run", shell.plan(targets), "--no-follow")
    assert done.returncode == 0, done.stderr


def test_jobs_are_stopped_and_the_journal_knows(released: Released) -> None:
    shell, served = released(build_time="10m", slots=2)
    started(shell, apps(3))
    ended_at = shell.report()["run"]["ended_at"]
    done = shell.type("cancel", *shell.where, "--yes")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        f"stopped        default/eu-west-1/dapp{number:04}/main  job 1 ended as CANCELLED"
        for number in range(3)
    ]
    assert set(statuses(served).values()) == {"CANCELLED"}
    report = shell.report()
    assert report["run"]["ended_at"] == ended_at
    assert [(target["outcome"], target["job"]["status"]) for target in report["targets"]] == [
        ("cancelled", "CANCELLED")
    ] * 3
    again = shell.type("cancel", *shell.where, "--yes", "-o", "json")
    assert (again.returncode, json.loads(again.stdout)) == (0, [])
    assert served.truth().calls["StopJob"] == 3


def test_nobody_elses_job_is_stopped(released: Released) -> None:
    shell, served = released(build_time="10m", branches=[{"app": "dapp0001", "busy": "10m"}])
    started(shell, apps(2, on_busy="attach"))
    done = shell.type("cancel", *shell.where, "--yes", "-o", "jsonl")
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(row["app"], row["result"], row["status"]) for row in rows] == [
        ("dapp0000", "stopped", "CANCELLED"),
        ("dapp0001", "left_alone", "RUNNING"),
    ]
    assert statuses(served) == {"dapp0000": "CANCELLED", "dapp0001": "RUNNING"}


def test_1_when_a_job_could_not_be_stopped_and_it_says_why(released: Released) -> None:
    fault = {"kind": "denied", "operation": "StopJob", "app": "dapp0001"}
    shell, served = released(build_time="10m", faults=[fault])
    started(shell, apps(2))
    done = shell.type("cancel", *shell.where, "--yes")
    assert done.returncode == 1
    [first, second] = done.stdout.splitlines()
    assert first.startswith("stopped ")
    assert second.startswith("not stopped    default/eu-west-1/dapp0001/main  job 1 is ")
    assert "StopJob is not permitted" in second
    assert statuses(served)["dapp0001"] != "CANCELLED"


def test_a_job_that_ended_meanwhile_is_no_failure(released: Released) -> None:
    shell, served = released(build_time="100ms")
    started(shell, apps(1))
    while statuses(served) != {"dapp0000": "SUCCEED"}:
        time.sleep(0.02)
    done = shell.type("cancel", *shell.where, "--yes")
    assert done.returncode == 0
    assert done.stdout == "already ended  default/eu-west-1/dapp0000/main  job 1 ended as SUCCEED\n"
    assert shell.report()["totals"]["succeeded"] == 1


def test_75_while_the_run_goes_on_and_it_says_what_to_do(released: Released) -> None:
    shell, served = released(build_time="10m")
    process = shell.start("run", shell.plan(apps(1)), *shell.where)
    wait_until(lambda: bool(served.truth().jobs), process)
    refused = shell.type("cancel", *shell.where, "--yes")
    assert refused.returncode == 75
    assert f"pid {process.pid}" in refused.stderr
    assert "interrupt it first" in refused.stderr
    assert interrupt(process, signal.SIGINT)[0] == 130
    assert shell.type("cancel", *shell.where, "--yes").returncode == 0
    assert statuses(served) == {"dapp0000": "CANCELLED"}
    assert shell.report()["run"]["verdict"] == "interrupted"


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ([], "cancel asks first; without a terminal say --yes"),
        (["--yes", "--endpoint-url", "http://127.0.0.1:1"], "not at http://127.0.0.1:1; add --endpoint-url"),
        (["--yes", "--only", "dnothing"], "matches no target"),
    ],
)
def test_2_before_anything_is_called(released: Released, where: list[str], says: str) -> None:
    shell, served = released(build_time="10m")
    started(shell, apps(1))
    done = shell.type("cancel", *shell.where, *where)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert "StopJob" not in served.truth().calls


def test_2_for_a_rehearsal_whose_jobs_are_gone_and_where_there_is_no_run(shell: Shell) -> None:
    assert "holds no run yet" in shell.type("cancel", *shell.where).stderr
    plan = shell.plan(apps(1), emulate={"build_time": "10m"})
    assert shell.type("run", plan, *shell.where, "--emulate", "--no-follow").returncode == 0
    done = shell.type("cancel", *shell.where, "--yes")
    assert done.returncode == 2
    assert "was rehearsed" in done.stderr


@pytest.mark.parametrize(("answer", "code", "status"), [("y", 0, "CANCELLED"), ("n", 2, "RUNNING")])
def test_a_person_at_a_terminal_is_asked(released: Released, answer: str, code: int, status: str) -> None:
    shell, served = released(build_time="10m", pending_time="0s", provision_time="0s")
    started(shell, apps(1))
    person, terminal = pty.openpty()
    try:
        os.write(person, f"{answer}\n".encode())
        done = subprocess.run(
            [COMMAND, "cancel", *shell.where],
            check=False,
            stdin=terminal,
            stdout=subprocess.PIPE,
            stderr=terminal,
            env=ENVIRONMENT | {"HOME": str(shell.home)},
            timeout=60,
        )
        shown = os.read(person, 4096).decode()
    finally:
        os.close(terminal)
        os.close(person)
    assert "Stop 1 job of run" in shown
    assert "default/eu-west-1/dapp0000/main" in shown
    assert done.returncode == code
    assert statuses(served) == {"dapp0000": status}
