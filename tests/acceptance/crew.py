"""A fleet as it stands on several hosts: workers, a shared journal, and an emulator that counts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import psycopg

from tests.acceptance.conftest import Served, Shell

#: Seconds. A lane is taken over soon after its lease is over.
LEASE = 4.0

REGIONS = ("eu-west-1", "eu-central-1", "us-east-1", "us-west-2")


@dataclass
class Crew:
    """Workers that share a journal; each is a process, and may be started again when it ends."""

    shell: Shell
    served: Served
    journal: str
    #: Where everybody reaches the emulator, if that is not where it listens.
    endpoint: str = ""
    workers: list[subprocess.Popen[str]] = field(default_factory=list)
    watchers: list[subprocess.Popen[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.shell.environment |= {
            "AMPLIFY_RELEASE_JOURNAL": self.journal,
            "AMPLIFY_RELEASE_LEASE": f"{LEASE:g}s",
            "AMPLIFY_RELEASE_SETTLE": "3s",
        }

    @property
    def where(self) -> Sequence[str]:
        url = self.endpoint or self.served.url
        return ["--endpoint-url", url, "--sts-endpoint-url", url]

    def hire(self, *options: str, journal: str = "", through: Sequence[str] = ()) -> subprocess.Popen[str]:
        """Start one more worker, which may have a way of its own to the journal.

        `through` is the command that starts it somewhere else.
        """
        log = (self.shell.home / f"worker{len(self.workers)}.log").open("ab")
        with log:
            way = {"env": {"AMPLIFY_RELEASE_JOURNAL": journal}} if journal else {}
            worker = self.shell.start(
                "worker", *self.where, *options, stdout=log, stderr=log, through=through, **way
            )
        self.workers.append(worker)
        return worker

    def dismiss(self) -> None:
        """End all processes, frozen ones too."""
        for process in (*self.workers, *self.watchers):
            process.kill()
            process.communicate()

    def run(self, targets: Sequence[dict[str, Any]], *options: str, **plan: Any) -> subprocess.Popen[str]:
        """Give a run to the fleet; the process returned only watches it."""
        path = self.shell.plan(targets, **plan)
        self.watchers.append(self.shell.start("run", path, "--fleet", *self.where, *options))
        return self.watchers[-1]

    def look(self) -> subprocess.Popen[str]:
        """Watch the newest run from another process; it has seen the run once this returns."""
        self.watchers.append(self.shell.start("status", "--watch"))
        assert self.watchers[-1].stdout is not None
        assert self.watchers[-1].stdout.readline().startswith("run ")
        return self.watchers[-1]

    def report(self, *run: str) -> dict[str, Any]:
        done = self.shell.type("report", *run, "-o", "json")
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def starts(self) -> int:
        return sum(start.job is not None for start in self.served.truth().starts)

    def owners(self) -> dict[str, int]:
        """Return the process ids that hold a lane at the moment, by the lane."""
        with psycopg.connect(self.journal) as connection:
            rows = connection.execute(
                "SELECT name, owner FROM leases WHERE until > clock_timestamp() AND run <> ''"
            )
            return {name: int(owner.split()[1]) for name, owner in rows}

    def orders(self) -> list[tuple[str, ...]]:
        """Return what the fleet was asked for: run, account and region of each lane."""
        with psycopg.connect(self.journal) as connection, suppress(psycopg.errors.UndefinedTable):
            return connection.execute("SELECT run, account, region FROM orders").fetchall()
        return []

    def takings(self) -> dict[str, int]:
        """Return how often each lane has been taken so far."""
        with psycopg.connect(self.journal) as connection:
            rows = connection.execute("SELECT name, epoch FROM leases WHERE run <> ''")
            return {str(name): int(epoch) for name, epoch in rows}

    def until(self, what: Callable[[], bool], timeout: float = 180) -> float:
        """Wait for something; return how many seconds it took."""
        began = time.monotonic()
        while True:
            # A server that is away for a moment cannot say.
            with suppress(psycopg.OperationalError):
                if what():
                    return time.monotonic() - began
            if time.monotonic() > began + timeout:
                raise AssertionError(f"it did not happen:\n{self.logs()}")
            time.sleep(0.05)

    def logs(self) -> str:
        return "\n".join(path.read_text() for path in sorted(self.shell.home.glob("worker*.log")))

    def check(self, targets: Sequence[dict[str, Any]], *, times: int = 1) -> dict[str, Any]:
        """Hold the newest report against the truth: nothing was started twice and nothing is lost."""
        truth = self.served.truth()
        made = Counter((job.region, job.app) for job in truth.jobs)
        assert max(made.values()) <= times, f"started too often: {made.most_common(3)}\n{self.logs()}"
        report = self.report()
        assert len(report["targets"]) == len(targets)
        for target in report["targets"]:
            if made[target["region"], target["app"]] < times:
                # It was cut off before it arrived, which nobody can know; and it says so.
                assert target["outcome"] == "unresolved", (target, self.logs())
            else:
                assert target["outcome"] == "succeeded", (target, self.logs())
        return report


def targets(each: int, regions: Sequence[str] = REGIONS) -> list[dict[str, Any]]:
    """Return so many targets in each region, which is a lane each."""
    return [{"app": f"dapp{number:04}", "region": region} for region in regions for number in range(each)]


def ended(process: subprocess.Popen[str], timeout: float = 90) -> tuple[int, str]:
    """Wait for a process; return its exit code and what it said on stderr."""
    try:
        _, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        raise AssertionError(f"it did not end:\n{process.communicate()[1]}") from None
    return process.returncode, err


def kill(worker: subprocess.Popen[str], number: signal.Signals) -> None:
    os.kill(worker.pid, number)
