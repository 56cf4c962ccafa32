"""One run at a time in a state directory, and how long another waits."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from scheduler.errors import JournalError, LockHeld
from scheduler.journal.sqlite.lock import StateLock


class Time:
    """A clock that moves when somebody sleeps; `then` happens after so many seconds."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def lock(self, directory: Path) -> StateLock:
        return StateLock(directory, sleep=self.sleep, monotonic=lambda: self.now, wall=lambda: 0.0)


async def test_a_lock_is_held_for_its_block(tmp_path: Path) -> None:
    assert not StateLock.held(tmp_path)
    async with StateLock(tmp_path).acquired():
        assert StateLock.held(tmp_path)
    assert not StateLock.held(tmp_path)
    async with StateLock(tmp_path).acquired():
        assert StateLock.held(tmp_path)


async def test_who_is_turned_away_is_told_by_whom(tmp_path: Path) -> None:
    time = Time()
    async with time.lock(tmp_path).acquired() as lock:
        lock.note("01JDEXAMPLE")
        with pytest.raises(LockHeld) as held:
            async with time.lock(tmp_path).acquired():
                pytest.fail("two hold the lock")
    holder = f"pid {os.getpid()} on {socket.gethostname()}, run 01JDEXAMPLE, since 1970-01-01T00:00:00.000Z"
    assert str(held.value) == (
        f"another run ({holder}) works on {tmp_path}; wait for it, or give it time with --lock-wait 10m"
    )


async def test_without_a_wait_only_a_passing_reader_is_waited_for(tmp_path: Path) -> None:
    time = Time()
    async with time.lock(tmp_path).acquired():
        with pytest.raises(LockHeld):
            async with time.lock(tmp_path).acquired():
                pass
    assert sum(time.slept) <= 1.0


async def test_a_wait_ends_when_the_lock_is_free(tmp_path: Path) -> None:
    time = Time()
    first = time.lock(tmp_path).acquired()
    await first.__aenter__()

    async def sleep(seconds: float) -> None:
        await time.sleep(seconds)
        if time.now == pytest.approx(1060.0):
            await first.__aexit__(None, None, None)

    second = StateLock(tmp_path, sleep=sleep, monotonic=lambda: time.now)
    async with second.acquired(wait=600.0):
        assert time.now == pytest.approx(1060.0)


async def test_a_wait_has_an_end(tmp_path: Path) -> None:
    time = Time()
    async with time.lock(tmp_path).acquired():
        with pytest.raises(LockHeld):
            async with time.lock(tmp_path).acquired(wait=30.0):
                pass
    assert time.now == pytest.approx(1030.0, abs=0.5)


def test_a_killed_process_holds_no_lock(tmp_path: Path) -> None:
    script = (
        "import anyio, os, sys; from pathlib import Path\n"
        "from scheduler.journal.sqlite.lock import StateLock\n"
        "async def main():\n"
        "    async with StateLock(Path(sys.argv[1])).acquired():\n"
        "        print(StateLock.held(Path(sys.argv[1])), flush=True); os.kill(os.getpid(), 9)\n"
        "anyio.run(main)"
    )
    killed = subprocess.run(
        [sys.executable, "-c", script, tmp_path], check=False, capture_output=True, text=True
    )
    assert (killed.returncode, killed.stdout) == (-9, "True\n")
    assert (tmp_path / "lock").read_text().startswith("pid ")
    assert not StateLock.held(tmp_path)


async def test_the_file_stays_and_only_we_can_read_it(tmp_path: Path) -> None:
    async with StateLock(tmp_path).acquired():
        pass
    assert (tmp_path / "lock").stat().st_mode & 0o777 == 0o600


async def test_a_link_in_the_lock_s_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("precious")
    for link in (Path.symlink_to, Path.hardlink_to):
        link(tmp_path / "lock", tmp_path / "other")
        with pytest.raises(JournalError, match="move it away"):
            async with StateLock(tmp_path).acquired():
                pass
        with pytest.raises(JournalError, match="move it away"):
            StateLock.held(tmp_path)
        (tmp_path / "lock").unlink()
    assert (tmp_path / "other").read_text() == "precious"


async def test_a_pipe_in_the_lock_s_place_keeps_nobody_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "lock")
    with pytest.raises(JournalError, match="move it away"):
        StateLock.held(tmp_path)


async def test_a_lock_that_cannot_be_made_is_not_said_to_be_in_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(JournalError, match=r"Read-only file system; name another directory with --state-dir"):
        async with StateLock(tmp_path).acquired():
            pass
