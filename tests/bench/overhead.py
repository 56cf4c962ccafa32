"""What the engine costs on top of its calls: CPU a call, against bare loops on the same server.

All sides are processes of their own and take turns, round by round; user and system time count together.
What a run of one target takes, the start-up, is taken off. A call costs up to twice as much in a process that
sleeps between calls as in one that never does, so the baselines keep the engine's pace: its top pace for
starts, and for reads the one at which it had just made them. Ratios are those of a round, and their median is
shown.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median

from scheduler.engine.limit import TOP_PACE

from .ground import LATENCY, emulator, finish, launch, release, truth, write_lock
from .table import Table

#: Jobs so long that each is read several times.
_FOLLOWED = "{slots: 1000000, build_time: [20s, 40s], pending_time: 0s, latency: [100ms, 300ms]}"

ENGINE, WELL_SET, DEFAULT, THREADS = "the engine", "bare, well set", "bare, default", "boto3, threads"
SIDES = (ENGINE, WELL_SET, DEFAULT, THREADS)
FOLLOWING, READS = "following", "bare reads"

#: CPU ms a call by side, a round.
Round = Mapping[str, float]


@dataclass(frozen=True)
class Ground:
    """Where processes are measured: a directory, a server, and prefixes that no process had before."""

    home: Path
    url: str
    prefixes: Iterator[str]

    def engine(self, targets: int, lanes: int, *options: str) -> float:
        """Return the CPU seconds of a run."""
        prefix = next(self.prefixes)
        lock = write_lock(self.home / f"{prefix}.lock", prefix, targets, lanes=lanes)
        return self._cpu(release(lock, self.url, *options))

    def bare(self, kind: str, calls: int, lanes: int) -> float:
        """Return the CPU seconds of a loop."""
        prefix, at_once = next(self.prefixes), int(TOP_PACE * LATENCY) * lanes
        given = [kind, self.url, prefix, str(calls), str(at_once), str(lanes)]
        return self._cpu([sys.executable, "-m", "tests.bench.bare", *given])

    def reads(self, calls: int, at_once: int) -> float:
        """Return the CPU seconds of a loop of reads of one job."""
        prefix = next(self.prefixes)
        self._cpu([sys.executable, "-m", "tests.bench.bare", "well-set", self.url, prefix, "1", "1", "1"])
        given = ["reads", self.url, prefix, str(calls), str(at_once), "1"]
        return self._cpu([sys.executable, "-m", "tests.bench.bare", *given])

    def _cpu(self, command: Sequence[str]) -> float:
        used = finish(launch(command, self.home))
        return used.ru_utime + used.ru_stime


def starting(targets: int, rounds: int, lanes: int) -> Table:
    """Measure CPU a start of every side."""
    found = _rounds(lambda ground: _starts(ground, targets, lanes), rounds)
    note = f"CPU of {targets} starts in {lanes} lane{'s'[: lanes > 1]}; medians of {rounds} rounds."
    return _table(note, "start", ENGINE, found)


def reading(targets: int, rounds: int, lanes: int) -> Table:
    """Measure CPU a read of a job that is followed."""
    found = _rounds(lambda ground: _reads(ground, targets, lanes), rounds, _FOLLOWED)
    note = (
        f"CPU of following {targets} jobs in {lanes} lane{'s'[: lanes > 1]}, and of bare reads at the same "
        f"pace; medians of {rounds} rounds."
    )
    return _table(note, "read", FOLLOWING, found)


def _rounds(measure: Callable[[Ground], Round], rounds: int, *scenario: str) -> list[Round]:
    with tempfile.TemporaryDirectory() as directory, emulator(home := Path(directory), *scenario) as url:
        prefixes = (f"p{number}x" for number in count())
        return [measure(Ground(home, url, prefixes)) for _ in range(rounds)]


def _starts(ground: Ground, targets: int, lanes: int) -> Round:
    kinds = {WELL_SET: "well-set", DEFAULT: "default", THREADS: "threads"}

    def cpu(side: str, calls: int) -> float:
        if side == ENGINE:
            return ground.engine(calls, lanes, "--no-follow")
        return ground.bare(kinds[side], calls, lanes)

    return {side: 1000 * (cpu(side, targets) - cpu(side, lanes)) / (targets - lanes) for side in SIDES}


def _reads(ground: Ground, targets: int, lanes: int) -> Round:
    """Measure what a following run takes beyond one that does not follow, a read."""
    unfollowed = ground.engine(targets, lanes, "--no-follow")
    before, began = truth(ground.url).calls.get("GetJob", 0), time.monotonic()
    followed = ground.engine(targets, lanes)
    reads, took = truth(ground.url).calls.get("GetJob", 0) - before, time.monotonic() - began
    at_once = round(reads / took * LATENCY)
    bare = (ground.reads(targets, at_once) - ground.reads(1, at_once)) / (targets - 1)
    return {FOLLOWING: 1000 * (followed - unfollowed) / reads, READS: 1000 * bare}


def _table(note: str, call: str, ours: str, rounds: Sequence[Round]) -> Table:
    rows = []
    for side in rounds[0]:
        ratios = sorted(found[ours] / found[side] for found in rounds)
        cpu = median(found[side] for found in rounds)
        rows.append((side, f"{cpu:.3f}", f"{median(ratios):.2f}x", f"{ratios[0]:.2f} to {ratios[-1]:.2f}"))
    return Table(note, (f"CPU a {call}", "ms", f"{ours} takes", "rounds"), rows)
