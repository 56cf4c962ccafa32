"""What targets of a lock file cost before the first start: resident memory and CPU a target, few and many.

The moment is the first intent that is in the journal: all targets are loaded, journaled and lined up. The
base is a run of one target a lane. Then the run is interrupted, for a run of 100,000 targets takes a while.
"""

from __future__ import annotations

import json
import os
import signal
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from .ground import REGIONS, emulator, launch, release, write_lock
from .table import Table

LANES = len(REGIONS)
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Loaded:
    """A run at its first start: KiB resident, the most until then, seconds of CPU and by the clock."""

    resident: int
    peak: int
    cpu: float
    seconds: float


def load(home: Path, url: str, prefix: str, targets: int, *, lanes: int = LANES) -> Loaded:
    """Run a lock of so many targets until the first start, and interrupt it."""
    lock = write_lock(home / f"{prefix}.lock", prefix, targets, lanes=lanes)
    arguments = ["--no-follow", "--progress", "plain", "--log-format", "json", "--drain-timeout", "0s"]
    began = time.monotonic()
    with launch(release(lock, url, *arguments), home) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if json.loads(line)["event"] == "start.intended":
                break
        found = Loaded(
            status(process.pid, "VmRSS"),
            status(process.pid, "VmHWM"),
            cpu_so_far(process.pid),
            time.monotonic() - began,
        )
        process.send_signal(signal.SIGINT)
        process.communicate()
    assert found.resident, "the run ended before its first start"
    return found


def status(pid: int, name: str) -> int:
    """Return a field of /proc/PID/status, in KiB; 0 once the process has ended."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith(f"{name}:")), 0)


def cpu_so_far(pid: int) -> float:
    """Return the seconds of CPU that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def loading(few: int, many: int) -> Table:
    """KiB and µs a target, for few and for many targets."""
    with tempfile.TemporaryDirectory() as directory, emulator(home := Path(directory)) as url:
        base, *found = (
            load(home, url, f"m{number}x", targets) for number, targets in enumerate((LANES, few, many))
        )
    rows = [
        (
            f"{targets:,} targets",
            f"{loaded.resident / 1024:.0f}",
            f"{(loaded.resident - base.resident) / (targets - LANES):.2f}",
            f"{(loaded.peak - base.resident) / (targets - LANES):.2f}",
            f"{loaded.seconds:.1f}",
            f"{loaded.cpu:.1f}",
            f"{1e6 * (loaded.cpu - base.cpu) / (targets - LANES):.0f}",
        )
        for targets, loaded in zip((few, many), found, strict=True)
    ]
    note = (
        f"A lock of so many targets, to the first start; a run of {LANES} has {base.resident / 1024:.0f} MiB."
    )
    head = ("a lock of", "MiB", "KiB a target", "at most", "s", "s of CPU", "µs a target")
    return Table(note, head, rows)
