"""What a night of a fleet needs, on paper: unit costs measured in a small one, multiplied.

One worker carries a run out over real sockets, with a real PostgreSQL that waits for its disk. What a target
costs there is counted by the processes' own clocks, by the server's statistics and by the report.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import psycopg

from tests.acceptance.conftest import Shell, serving
from tests.acceptance.crew import Crew, ended, targets
from tests.postgres import started

from .table import Table

#: Builds of a few seconds: how often a job is read depends on its length, not on what a second is.
_NIGHT = {"slots": 5, "build_time": ["4s", "6s"], "latency": ["20ms", "80ms"]}

#: Seconds: the default lease, which is renewed five times in its length, whatever happens in the lane.
_RENEWAL = 15.0 / 5

#: The share of a core that a worker may use: its leases must be renewed in time.
_BUSY = 0.5


@dataclass(frozen=True)
class Unit:
    """What a target costs. CPU in seconds, sizes in bytes; `memory` is a worker's peak."""

    worker: float
    server: float
    commits: float
    writes: float
    size: float
    wal: float
    reads: float
    memory: int


@click.command()
@click.option("--measure", "each", default=100, show_default=True, help="Targets in each of four lanes.")
@click.option("--targets", "count", default=1_000_000, show_default=True)
@click.option("--lanes", default=2_000, show_default=True)
@click.option("--slots", default=5, show_default=True, help="Builds that an account and region runs at once.")
@click.option("--build", default=5.0, show_default=True, help="Minutes that a build takes.")
@click.option("--at-once", default=20, show_default=True, help="Lanes that a worker works on.")
def main(each: int, count: int, lanes: int, slots: int, build: float, at_once: int) -> None:
    """Measure, and print what so many targets in so many lanes need."""
    unit = _measured(each)
    seconds = count / lanes / slots * build * 60
    rate = count / seconds
    by_lanes, by_cpu = -(-lanes // at_once), rate * unit.worker / _BUSY
    leases = f"and {lanes / _RENEWAL:.0f}/s for leases"
    per_lane = rate * unit.reads / lanes
    rows = [
        ("time", "", f"{seconds / 3600:.1f} h at {slots} builds a lane of {build:g} min"),
        ("targets a second", "", f"{rate:.0f}"),
        ("CPU of workers", f"{unit.worker * 1e3:.1f} ms", f"{rate * unit.worker:.2f} cores"),
        ("workers", "", f"{by_lanes} by lanes ({at_once} each), {by_cpu:.1f} by CPU"),
        ("memory of a worker", "", f"{unit.memory / 2**20:.0f} MiB at least"),
        ("reads of the API", f"{unit.reads:.1f}", f"{rate * unit.reads:.0f}/s, {per_lane:.2f} a lane"),
        ("rows written", f"{unit.writes:.1f}", f"{rate * unit.writes:.0f}/s, {leases}"),
        ("commits", f"{unit.commits:.1f}", f"{rate * unit.commits:.0f}/s, {leases}"),
        ("CPU of the database", f"{unit.server * 1e3:.1f} ms", f"{rate * unit.server:.2f} cores"),
        ("write-ahead log", f"{unit.wal / 1e3:.1f} kB", f"{count * unit.wal / 1e9:.1f} GB"),
        ("database", f"{unit.size / 1e3:.1f} kB", f"{count * unit.size / 1e9:.1f} GB"),
        ("connections", "", f"{6 * by_lanes} and a few"),
    ]
    note = f"{count:,} targets in {lanes:,} lanes, from {4 * each} that were measured."
    click.echo(Table(note, ("", "a target", "the night"), rows).markdown())


def _measured(each: int) -> Unit:
    plan = targets(each)
    with (
        tempfile.TemporaryDirectory() as place,
        started(fsync=True) as server,
        serving(Path(place), **_NIGHT) as served,
        _alone(Shell(Path(place)), served, server.url) as crew,
    ):
        pid = crew.workers[0].pid
        crew.until(lambda: "working on" in crew.logs())
        before, cpu, theirs = _statistics(server.url), _cpu(pid), _cpu_of_server(server.url)
        code, err = ended(crew.run(plan, "--progress", "none"), timeout=600)
        assert code == 0, err
        after = _statistics(server.url)
        spent, served_by = _cpu(pid) - cpu, _cpu_of_server(server.url) - theirs
        peak = int(_field(Path(f"/proc/{pid}/status").read_text(), "VmHWM:")) * 1024
        reads = sum(lane["read_calls"] for lane in crew.report()["lanes"])
    commits, writes, size, wal = ((b - a) / len(plan) for a, b in zip(before, after, strict=True))
    return Unit(spent / len(plan), served_by / len(plan), commits, writes, size, wal, reads / len(plan), peak)


@contextmanager
def _alone(shell: Shell, served: Any, journal: str) -> Iterator[Crew]:
    crew = Crew(shell, served, journal)
    shell.environment["AMPLIFY_RELEASE_LEASE"] = "15s"
    try:
        crew.hire()
        yield crew
    finally:
        crew.dismiss()


def _statistics(url: str) -> tuple[float, ...]:
    """Return commits, rows written, the size and the place in the log, all of the database's life so far."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CHECKPOINT")
        connection.execute("SELECT pg_sleep(1.1)")  # statistics are handed in once a second
        found = connection.execute(
            "SELECT xact_commit, tup_inserted + tup_updated, pg_database_size(datname), "
            "pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') FROM pg_stat_database WHERE datname = 'postgres'"
        ).fetchone()
    assert found is not None
    return tuple(float(number) for number in found)


def _cpu_of_server(url: str) -> float:
    """Return the seconds that the server's processes have used which are there now."""
    with psycopg.connect(url) as connection:
        return sum(_cpu(pid) for (pid,) in connection.execute("SELECT pid FROM pg_stat_activity"))


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _field(text: str, name: str) -> str:
    return next(line.split()[1] for line in text.splitlines() if line.startswith(name))


if __name__ == "__main__":
    main()
