"""Signals: the first stops in order, the second at once, and neither loses anything."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable

import pytest

from tests.acceptance.conftest import Served, Shell, apps, interrupt, wait_until

Released = Callable[..., tuple[Shell, Served]]


def heed_hang_ups() -> None:
    """Undo what these tests may themselves have been started with."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
)
def test_a_signal_stops_starts_and_leaves_a_report_and_jobs_that_go_on(
    released: Released, number: signal.Signals, code: int
) -> None:
    shell, served = released(build_time="2s", slots=4)
    process = shell.start(
        "run", shell.plan(apps(20)), *shell.where, "--report", "out.md", preexec_fn=heed_hang_ups
    )
    wait_until(lambda: len(served.truth().jobs) >= 4, process)
    returncode, out, err = interrupt(process, number)
    assert returncode == code
    run = shell.report()["run"]
    assert (run["verdict"], run["exit_code"]) == ("interrupted", code)
    assert f"amplify-release resume {run['id']}" in out
    assert "Traceback" not in err
    assert "interrupted" in (shell.home / "out.md").read_text()
    assert {job.status for job in served.truth().jobs} <= {"PENDING", "PROVISIONING", "RUNNING", "SUCCEED"}

    assert shell.release("resume").returncode == 0
    assert shell.report()["totals"]["succeeded"] == 20
    assert set(Counter(start.app for start in served.truth().starts).values()) == {1}


def test_a_call_in_flight_at_a_signal_is_answered_and_journaled(released: Released) -> None:
    shell, served = released(build_time="30s", latency="1500ms")
    process = shell.start("run", shell.plan(apps(4)), *shell.where, "--no-follow")
    wait_until(lambda: bool(served.truth().starts), process)
    returncode, _, _ = interrupt(process, signal.SIGTERM)
    assert returncode == 143
    report = shell.report()
    assert report["totals"]["unresolved"] == 0
    assert report["totals"]["started"] == len(served.truth().starts)


def test_a_call_that_hangs_is_cut_by_the_drain_timeout_and_found_again(released: Released) -> None:
    shell, served = released(
        build_time="200ms", faults=[{"kind": "hang_after", "app": "dapp0000", "times": 1, "delay": "40s"}]
    )
    process = shell.start("run", shell.plan(apps(2)), *shell.where, "--drain-timeout", "500ms")
    wait_until(lambda: len(served.truth().jobs) == 2, process)
    returncode, _, _ = interrupt(process, signal.SIGINT)
    assert returncode == 130
    assert shell.report()["totals"]["unresolved"] == 1
    assert shell.release("resume").returncode == 0
    assert len(served.truth().starts) == 2


def test_the_second_signal_ends_the_process_at_once_with_the_journal_intact(released: Released) -> None:
    shell, served = released(
        build_time="200ms", faults=[{"kind": "hang_after", "app": "dapp0000", "times": 1, "delay": "40s"}]
    )
    process = shell.start("run", shell.plan(apps(1)), *shell.where, "--drain-timeout", "60s")
    wait_until(lambda: len(served.truth().jobs) == 1, process)
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    wait_until(lambda: "SIGINT was received" in process.stderr.readline(), process)  # type: ignore[union-attr]
    returncode, _, _ = interrupt(process, signal.SIGINT)
    assert returncode == 130
    assert shell.release("resume").returncode == 0
    assert len(served.truth().starts) == 1


def test_hang_ups_are_ignored_under_nohup(released: Released) -> None:
    shell, served = released(build_time="1s")

    def ignore() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    process = shell.start("run", shell.plan(apps(1)), *shell.where, preexec_fn=ignore)
    wait_until(lambda: bool(served.truth().jobs), process)
    returncode, _, _ = interrupt(process, signal.SIGHUP)
    assert returncode == 0


def test_a_process_that_was_stopped_for_a_while_goes_on_as_if_nothing_had_been(released: Released) -> None:
    shell, served = released(build_time="1s", slots=3)
    process = shell.start("run", shell.plan(apps(6)), *shell.where)
    wait_until(lambda: len(served.truth().jobs) >= 3, process)
    process.send_signal(signal.SIGSTOP)
    wait_until(lambda: all(job.ended_at is not None for job in served.truth().jobs), process)
    returncode, _, _ = interrupt(process, signal.SIGCONT)
    assert returncode == 0
    assert shell.report()["totals"]["succeeded"] == 6
    assert set(Counter(start.app for start in served.truth().starts).values()) == {1}
