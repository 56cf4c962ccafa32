"""A lock file, from the plan to the run of it: what was looked at is what is started."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

from tests.acceptance.conftest import Served, Shell, apps

Released = Callable[..., tuple[Shell, Served]]


def test_a_run_of_a_lock_starts_what_the_plan_named_when_it_was_locked(released: Released) -> None:
    shell, served = released(build_time="100ms")
    plan = Path(shell.plan(apps(4)))
    lock = shell.home / "night.lock"
    written = shell.type("plan", str(plan), "--skip", "*/dapp0003/*", "--out", "night.lock")
    assert written.returncode == 0, written.stderr
    assert stat.S_IMODE(lock.stat().st_mode) == 0o600
    plan.unlink()
    assert shell.type("validate", "night.lock").stdout.startswith(
        "night: valid, 3 targets in 1 lane, sha256:"
    )
    assert "dapp0002" in shell.type("iam-policy", "night.lock").stdout
    assert shell.release("run", "night.lock").returncode == 0
    assert sorted(start.app for start in served.truth().starts) == ["dapp0000", "dapp0001", "dapp0002"]
    assert shell.report()["run"]["plan"]["path"] == str(plan)


def test_a_lock_is_rehearsed_in_the_world_its_plan_pretends(shell: Shell) -> None:
    plan = shell.plan(
        apps(2), emulate={"build_time": "100ms", "branches": [{"app": "dapp0001", "fails": "yes"}]}
    )
    assert shell.type("plan", plan, "--out", "night.lock").returncode == 0
    done = shell.type("run", "night.lock", "--emulate", "--state-dir", "state")
    assert (done.returncode, "1 of 2 targets failed" in done.stdout) == (1, True)


def test_a_changed_lock_starts_nothing(released: Released) -> None:
    shell, served = released()
    assert shell.type("plan", shell.plan(apps(3)), "--out", "night.lock").returncode == 0
    lock = shell.home / "night.lock"
    lock.write_text(lock.read_text().replace("dapp0001", "dapp0009"))
    done = shell.release("run", "night.lock")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("night.lock:3: changed since the lock was written")
    assert served.truth().starts == []


def test_a_lock_that_cannot_be_written_is_told(shell: Shell) -> None:
    done = shell.type("plan", shell.plan(apps(1)), "--out", "no/such/night.lock")
    assert done.returncode == 2
    assert done.stderr == (
        "--out: no/such/night.lock: cannot be written (No such file or directory); "
        "name a place that can be written\n"
    )
