"""What befalls a fleet: workers killed and frozen, links cut for a moment, for long, and all at once."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

from scheduler.spoken import counted
from tests.acceptance.crew import Crew

from .hosts import Host

#: Seconds after the act within which what a lost worker had is another's.
SOON = 10.0

#: Seconds for which a link is away: not worth mentioning to a lease, and longer than it lasts.
BLINK, LONG = 1.5, 15.0

#: Exit codes of a worker that lost a lane or the journal, and of one that was killed.
_ENDS = {70, -signal.SIGKILL}


@dataclass
class Stage:
    """The hosts, with a worker on each that is started again whenever it ends.

    `wrong` is what went wrong, in sentences.
    """

    crew: Crew
    hosts: list[Host]
    at_once: int
    wrong: list[str] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    _on: dict[str, subprocess.Popen[str]] = field(default_factory=dict)

    def fill(self) -> None:
        """Start a worker on every host."""
        for host in self.hosts:
            self._hire(host)

    def supervise(self) -> bool:
        """Start what has ended again; False, so that one may wait for something else besides."""
        for host in self.hosts:
            if (code := self._on[host.name].poll()) is not None:
                self.ends.append(code)
                if code not in _ENDS:
                    self.wrong.append(f"a worker on {host.name} ended with {code}")
                self._hire(host)
        return False

    def busy(self) -> tuple[Host, subprocess.Popen[str], list[str]]:
        """Wait for a worker with lanes; return the host of the one with most, its process and its lanes."""
        found: list[tuple[Host, subprocess.Popen[str], list[str]]] = []

        def look() -> bool:
            self.supervise()
            owners = self.crew.owners()
            for host in self.hosts:
                worker = self._on[host.name]
                lanes = [lane for lane, pid in owners.items() if pid == worker.pid]
                if lanes and worker.poll() is None:
                    found.append((host, worker, lanes))
            return bool(found)

        self.crew.until(look)
        return max(found, key=lambda one: len(one[2]))

    def taken_over(self, lanes: list[str], lose: Callable[[], object]) -> str:
        """Let a worker be lost; wait until its lanes are others', and say how long that took."""
        before = self.crew.takings()
        lose()

        def look() -> bool:
            self.supervise()
            now = self.crew.takings()
            return all(now[lane] > before[lane] for lane in lanes)

        took = self.crew.until(look, timeout=60)
        if took > SOON:
            self.wrong.append(f"lanes were taken over after {took:.1f} s only")
        return f"{counted(len(lanes), 'lane')} taken over after {took:.1f} s"

    def starts_go_on(self) -> None:
        """Wait for some more starts."""
        before = self.crew.starts()
        self.crew.until(lambda: self.supervise() or self.crew.starts() >= before + 20)

    def wait(self, until: float) -> None:
        """Let time pass, and supervise."""
        self.crew.until(lambda: self.supervise() or time.monotonic() > until)

    def left(self, worker: subprocess.Popen[str], why: str) -> None:
        """Wait for a worker to leave by itself, which it has to."""
        try:
            code = worker.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.wrong.append(f"{why} and did not leave")
        else:
            if code != 70:
                self.wrong.append(f"{why} and left with {code}")

    def _hire(self, host: Host) -> None:
        self._on[host.name] = self.crew.hire("--lanes", str(self.at_once), through=host.through)


def kill(stage: Stage) -> str:
    """Kill a worker."""
    host, worker, lanes = stage.busy()
    return f"killed on {host.address}: {stage.taken_over(lanes, worker.kill)}"


def freeze(stage: Stage) -> str:
    """Freeze a worker for much longer than its leases, and let it go on."""
    host, worker, lanes = stage.busy()
    until = time.monotonic() + LONG
    told = stage.taken_over(lanes, lambda: worker.send_signal(signal.SIGSTOP))
    stage.wait(until)
    worker.send_signal(signal.SIGCONT)
    stage.left(worker, "a frozen worker woke up")
    return f"frozen on {host.address} for {LONG:g} s: {told}"


def blink(stage: Stage) -> str:
    """Cut a link for less than a lease: nobody leaves."""
    host, worker, lanes = stage.busy()
    with host.cut_off():
        stage.wait(time.monotonic() + BLINK)
    stage.starts_go_on()
    if worker.poll() is not None:
        stage.wrong.append(f"a worker did not bear that its link was cut for {BLINK:g} s")
    return f"cut off {host.address} for {BLINK:g} s: it goes on with {counted(len(lanes), 'lane')}"


def cut(stage: Stage) -> str:
    """Cut a link for much longer than a lease, and restore it."""
    host, worker, lanes = stage.busy()
    until = time.monotonic() + LONG
    with ExitStack() as stack:
        told = stage.taken_over(lanes, lambda: stack.enter_context(host.cut_off()))
        stage.wait(until)
    stage.left(worker, "a worker was cut off")
    return f"cut off {host.address} for {LONG:g} s: {told}"


def cut_all(stage: Stage) -> str:
    """Cut all links at once for longer than a lease."""
    with ExitStack() as stack:
        for host in stage.hosts:
            stack.enter_context(host.cut_off())
        stage.wait(time.monotonic() + LONG)
    back = time.monotonic()
    stage.starts_go_on()
    return f"cut all off for {LONG:g} s: starts go on {time.monotonic() - back:.1f} s later"


ACTS: tuple[Callable[[Stage], str], ...] = (kill, freeze, blink, cut, kill, cut_all)
