"""Where output goes may close, fill up or vanish: the release goes on, and its exit code stays its own."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import signal
import subprocess
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.acceptance.conftest import COMMAND, ENVIRONMENT, Served, Shell, apps, wait_until

Released = Callable[..., tuple[Shell, Served]]


def in_shell(shell: Shell, arguments: str, redirections: str) -> subprocess.CompletedProcess[str]:
    """Run the command with a shell's redirections."""
    return subprocess.run(
        f"{COMMAND} {arguments} {redirections}",
        shell=True,
        cwd=shell.home,
        env=ENVIRONMENT | {"HOME": str(shell.home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def run(shell: Shell, redirections: str, *, code: int) -> subprocess.CompletedProcess[str]:
    """Release two targets, one of which fails where a code of 1 is wanted, and write a report."""
    where = " ".join(shell.where)
    done = in_shell(shell, f"run plan.yaml {where} -o json --report out.json", redirections)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert json.loads((shell.home / "out.json").read_text())["run"]["exit_code"] == code
    return done


@pytest.mark.parametrize(
    ("redirection", "code"),
    [(">/dev/full", 0), (">&-", 1), ("2>/dev/full", 0), ("2>&-", 1), (">&- 2>&- <&-", 0)],
)
def test_a_stream_that_takes_nothing_leaves_the_exit_code_and_the_report(
    released: Released, redirection: str, code: int
) -> None:
    shell, _ = released(build_time="100ms", branches=[{"app": "dapp0001", "fails": bool(code)}])
    shell.plan(apps(2))
    done = run(shell, redirection, code=code)
    assert ("stdout cannot be written (No space left on device)" in done.stderr) is (
        redirection == ">/dev/full"
    )


def test_a_reader_of_stdout_that_goes_away_changes_nothing(released: Released) -> None:
    shell, _ = released(build_time="200ms")
    process = shell.start("run", shell.plan(apps(2)), *shell.where, "-o", "json")
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(60) == 0
    assert process.stderr is not None
    process.stderr.close()


@pytest.mark.parametrize("told", [True, False])
def test_a_report_that_can_no_longer_be_written_leaves_the_exit_code(
    released: Released, tmp_path: Path, *, told: bool
) -> None:
    shell, served = released(build_time="1s")
    folder = tmp_path / "reports"
    folder.mkdir()
    with open("/dev/full", "w") as full:
        err = subprocess.PIPE if told else full
        process = shell.start(
            "run", shell.plan(apps(1)), *shell.where, "--report", "reports/out.json", stderr=err
        )
    wait_until(lambda: bool(served.truth().jobs), process)
    folder.rmdir()
    out, said = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "succeeded" in out
    assert ("reports/out.json" in (said or "")) is told


def test_a_reading_command_that_cannot_answer_says_so_without_a_traceback(released: Released) -> None:
    shell, _ = released(build_time="100ms")
    assert shell.release("run", shell.plan(apps(1))).returncode == 0
    for arguments, redirection, code in (
        ("report --state-dir state", ">/dev/full", 70),
        ("report --state-dir state", ">&-", 0),
        ("runs --state-dir state", ">&-", 0),
        ("validate plan.yaml", ">/dev/full", 70),
        ("validate nothing.yaml", "2>/dev/full", 2),
        ("validate nothing.yaml", "2>&-", 2),
    ):
        done = in_shell(shell, arguments, redirection)
        said = "the output cannot be written (No space left on device)\n" if code == 70 else ""
        assert (done.returncode, done.stderr) == (code, said), (arguments, redirection)


@contextmanager
def terminal(shell: Shell, *arguments: str, hang_up: signal.Handlers) -> Iterator[subprocess.Popen[str]]:
    """Run the command on a terminal of its own, which is gone when the block ends."""
    ours, its = pty.openpty()

    def take() -> None:
        signal.signal(signal.SIGHUP, hang_up)
        os.setsid()
        fcntl.ioctl(its, termios.TIOCSCTTY, 0)

    process = shell.start(
        *arguments, stdin=its, stdout=its, stderr=its, env={"TERM": "xterm"}, preexec_fn=take
    )
    os.close(its)
    try:
        yield process
    finally:
        os.close(ours)


def test_a_terminal_that_is_gone_stops_the_run_in_order(released: Released) -> None:
    shell, served = released(build_time="500ms", slots=3)
    with terminal(
        shell, "run", shell.plan(apps(5)), *shell.where, "--yes", hang_up=signal.SIG_DFL
    ) as process:
        wait_until(lambda: len(served.truth().jobs) >= 3, process)
    assert process.wait(30) == 129
    assert shell.report()["run"]["verdict"] == "interrupted"
    assert shell.release("resume").returncode == 0
    assert len(served.truth().starts) == 5


def test_a_terminal_that_is_gone_does_not_stop_a_run_under_nohup(released: Released) -> None:
    shell, served = released(build_time="1s")
    with terminal(
        shell, "run", shell.plan(apps(4)), *shell.where, "--yes", hang_up=signal.SIG_IGN
    ) as process:
        wait_until(lambda: bool(served.truth().jobs), process)
    assert process.wait(30) == 0
    assert shell.report()["totals"]["succeeded"] == 4
