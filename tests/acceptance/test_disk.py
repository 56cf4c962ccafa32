"""A disk that is full, or takes nothing any more: a sentence, nothing sent that is not written, a way on."""

from __future__ import annotations

import resource
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

import pytest

from tests.acceptance.conftest import Served, Shell, apps, wait_until

Released = Callable[..., tuple[Shell, Served]]


class Disk(Protocol):
    """The disk of a shell's state directory."""

    def fill(self, process: subprocess.Popen[str] | None = None) -> None:
        """Let there be no room any more, also for a process that works there already."""

    def lock(self) -> None:
        """Let nothing be written."""

    def mend(self) -> None:
        """Let everything be as it should."""


class Limited:
    """A disk like any other, for processes that may not make a file grow: no right is needed for that."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    def fill(self, process: subprocess.Popen[str] | None = None) -> None:
        if process is not None:
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (0, 0))
        self.lock()

    def lock(self) -> None:
        self._shell.before = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    def mend(self) -> None:
        self._shell.before = None


class Small:
    """A small file system of its own, where the right to mount one is given."""

    def __init__(self, shell: Shell) -> None:
        self._root = shell.home / "state"
        self._root.mkdir()
        mount(self._root)

    def fill(self, process: subprocess.Popen[str] | None = None) -> None:
        with (self._root / "ballast").open("wb", buffering=0) as ballast, suppress(OSError):
            while ballast.write(bytes(4096)):
                pass

    def lock(self) -> None:
        subprocess.run(["mount", "-o", "remount,ro", self._root], check=True)

    def mend(self) -> None:
        subprocess.run(["mount", "-o", "remount,rw", self._root], check=True)
        (self._root / "ballast").unlink(missing_ok=True)

    def remove(self) -> None:
        subprocess.run(["umount", self._root], check=True)


def mount(root: Path) -> None:
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=6m,mode=0700", "tmpfs", root], check=True, capture_output=True
    )


def may_mount() -> bool:
    with TemporaryDirectory() as root:
        try:
            mount(Path(root))
        except (OSError, subprocess.CalledProcessError):
            return False
        subprocess.run(["umount", root], check=True)
        return True


@pytest.fixture(params=["limited", *(["small"] if may_mount() else [])])
def disk(request: pytest.FixtureRequest, shell: Shell) -> Iterator[Disk]:
    if request.param == "limited":
        yield Limited(shell)
        return
    small = Small(shell)
    yield small
    small.remove()


def reports(shell: Shell) -> list[tuple[int, str]]:
    """Return how each of the commands that only read ends, and what it says on stderr."""
    state = ["--state-dir", str(shell.home / "state")]
    done = [shell.type(command, *state) for command in ("report", "status", "runs")]
    return [(command.returncode, command.stderr) for command in done]


def test_a_disk_that_is_full_in_the_middle_ends_the_run_and_a_later_one_goes_on(
    released: Released, disk: Disk
) -> None:
    shell, served = released(build_time="300ms", slots=4, latency="50ms")
    process = shell.start("run", shell.plan(apps(16)), *shell.where)
    wait_until(lambda: len(served.truth().jobs) >= 4, process)
    disk.fill(process)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 70
    assert f"the journal {shell.home}/state/journal.db cannot be used: " in err
    assert "continue with `amplify-release resume " in err
    assert "Traceback" not in err
    assert "ExceptionGroup" not in err
    begun = len(served.truth().starts)
    assert begun < 16

    disk.mend()
    report = shell.report()
    assert report["run"]["verdict"] == "interrupted"
    assert report["totals"]["not_started"] <= 16 - begun
    assert shell.release("resume").returncode == 0
    assert Counter(job.app for job in served.truth().jobs) == {f"dapp{number:04}": 1 for number in range(16)}
    assert shell.report()["totals"]["succeeded"] == 16


def test_nothing_is_begun_on_a_full_disk_and_no_half_made_journal_is_left(
    released: Released, disk: Disk
) -> None:
    shell, served = released(build_time="100ms")
    disk.fill()
    done = shell.release("run", shell.plan(apps(2)))
    assert done.returncode == 70
    assert "journal.db" in done.stderr
    assert "Traceback" not in done.stderr
    assert served.truth().starts == []
    disk.mend()
    assert shell.release("run", shell.plan(apps(2))).returncode == 0
    assert len(served.truth().starts) == 2


def test_what_ended_is_reported_from_a_full_disk(released: Released, disk: Disk) -> None:
    shell, _ = released(build_time="100ms")
    assert shell.release("run", shell.plan(apps(2))).returncode == 0
    disk.fill()
    assert reports(shell) == [(0, "")] * 3
    assert reports(shell) == [(0, "")] * 3, "nor is anything left by the first that is in the way"


def test_what_ended_is_reported_from_a_disk_that_takes_nothing_and_nothing_is_begun_there(
    released: Released, disk: Disk
) -> None:
    shell, served = released(build_time="100ms")
    plan = shell.plan(apps(2))
    assert shell.release("run", plan).returncode == 0
    disk.lock()
    assert reports(shell) == [(0, "")] * 3
    done = shell.release("run", plan)
    assert done.returncode == 70
    assert "Traceback" not in done.stderr
    assert len(served.truth().starts) == 2
    disk.mend()
    assert shell.release("run", plan).returncode == 0
    assert len(served.truth().starts) == 4
