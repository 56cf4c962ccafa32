"""What a target costs in memory: resident KiB, from a plan in YAML to the end of a run that does not follow.

Every target's job still holds its place when the run ends, so the peak is that of a run which follows as many
long jobs. `loaded` is the moment at which the run is opened: the plan is frozen and in the journal.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

import click

from .ground import emulator, finish, launch, release

_EVERY = 0.05  #: seconds between two samples
_IMPORTS = """
import scheduler.cli.operate, scheduler.cli.release, scheduler.plan.load
from pathlib import Path
print(Path("/proc/self/status").read_text())
"""


@dataclass(frozen=True)
class Use:
    """Resident KiB: when the plan was loaded, the most until then, and the most after that."""

    loaded: int
    loading: int
    running: int


@click.command()
@click.option("--targets", type=click.IntRange(2), default=20_000, show_default=True)
def main(targets: int) -> None:
    """Print the resident memory of a run, whole and a target."""
    with tempfile.TemporaryDirectory() as directory, emulator(home := Path(directory)) as url:
        one, all_ = (use(release(home, url, f"m{number}x", number), home) for number in (1, targets))
    click.echo(_table(targets, imported(), one, all_))


def imported() -> int:
    """Return the resident KiB of a process that has imported what a run needs, and nothing more."""
    said = subprocess.run([sys.executable, "-c", _IMPORTS], capture_output=True, text=True, check=True)
    return field(said.stdout, "VmRSS")


def use(command: list[str], home: Path) -> Use:
    """Run a command to its end and sample it meanwhile."""
    with launch(command, home) as process:
        assert process.stderr is not None
        first = process.stderr.readline()  # says that the run is opened
        loaded, loading = status(process.pid, "VmRSS"), status(process.pid, "VmHWM")
        assert loaded, first
        over = threading.Event()
        peak = loaded

        def sample() -> None:
            nonlocal peak
            while not over.wait(_EVERY):
                peak = max(peak, status(process.pid, "VmRSS"))

        sampling = threading.Thread(target=sample)
        sampling.start()
        try:
            finish(process)
        finally:
            over.set()
            sampling.join()
    return Use(loaded, loading, peak)


def status(pid: int, name: str) -> int:
    """Return a field of /proc/PID/status, in KiB; 0 once the process has ended."""
    try:
        return field(Path(f"/proc/{pid}/status").read_text(), name)
    except (FileNotFoundError, ProcessLookupError):
        return 0


def field(text: str, name: str) -> int:
    """Find a field of a process's status; 0 where there is none, as for a process that has ended."""
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith(f"{name}:")), 0)


def _table(targets: int, base: int, one: Use, all_: Use) -> str:
    def row(name: str, single: int, whole: int) -> str:
        a_target = (whole - single) / (targets - 1)
        return f"| {name} | {single / 1024:.0f} | {whole / 1024:.0f} | {a_target:.2f} |"

    rows = (
        f"{targets} targets; {base / 1024:.0f} MiB after the imports alone",
        "",
        "| resident | MiB, 1 target | MiB, all | KiB a target |",
        "|---|---|---|---|",
        row("loaded", one.loaded, all_.loaded),
        row("peak while loading", one.loading, all_.loading),
        row("peak while running", one.running, all_.running),
    )
    return "\n".join(rows)


if __name__ == "__main__":
    main()
