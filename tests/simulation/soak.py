"""One long run: `python -m tests.simulation.soak --hours 168` shows that it holds on to nothing.

Two hundred targets keep a lane busy for as long as is asked for, on virtual time and with faults. Once an
hour the tasks, the open files and the memory of the process are counted.
"""

from __future__ import annotations

import asyncio
import gc
import os
from dataclasses import dataclass
from pathlib import Path

import anyio
import click

from scheduler.plan.scenario import Scenario
from scheduler.report.document import Report
from scheduler.report.summary import summarize

from .history import History, Moment
from .virtual import simulate
from .world import World, fleet

HOUR = 3600.0
SLOTS = 5
TARGETS = 200


@dataclass(frozen=True, slots=True)
class Sample:
    """What the process holds at a moment."""

    hour: int
    tasks: int
    files: int
    memory: float  #: MiB resident


class NoHistory(History):
    """Remembers nothing: what is measured is the program, not those who watch it."""

    def add(self, moment: Moment) -> None:
        del moment


def soak(hours: float, targets: int = TARGETS) -> tuple[list[Sample], Report]:
    """Carry out a run that takes about so many hours; return a sample an hour, and its report."""
    build = hours * HOUR * SLOTS / targets
    scenario = Scenario.model_validate(
        {
            "slots": SLOTS,
            "build_time": (0.8 * build, 1.2 * build),
            "pending_time": (1, 5),
            "provision_time": (2, 5),
            "latency": (0.05, 0.3),
            "list_lag": (0, 20),
            "foreign_rate": 1 / (4 * build),
            "faults": [
                {"kind": "reset_after", "probability": 0.05},
                {"kind": "error_before", "probability": 0.05, "status": 503},
                {"kind": "throttle", "probability": 0.1},
                {"kind": "error_before", "operation": "GetJob", "probability": 0.02},
                {"kind": "throttle", "operation": "ListJobs", "probability": 0.05},
            ],
        }
    )

    async def main() -> tuple[list[Sample], Report]:
        world = World(scenario, disk_latency=0.01)
        world.history = world.life.history = NoHistory()
        run = world.open(fleet(targets, build_timeout=100 * build, queue_timeout=100 * build))
        samples: list[Sample] = []
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(world.engine(run).execute)
            while world.journal.run(run).ended_at is None:
                await anyio.sleep(HOUR)
                samples.append(_sample(len(samples) + 1))
        return samples, summarize(world.journal, run)

    return simulate(main)


def _sample(hour: int) -> Sample:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return Sample(
        hour=hour,
        tasks=len(asyncio.all_tasks()),
        files=len(os.listdir("/proc/self/fd")),
        memory=pages * os.sysconf("SC_PAGE_SIZE") / 2**20,
    )


@click.command()
@click.option("--hours", default=24.0, show_default=True)
@click.option("--targets", default=TARGETS, show_default=True)
def main(hours: float, targets: int) -> None:
    """Print what the process holds, hour by hour."""
    samples, report = soak(hours, targets)
    click.echo(" hour  tasks  files    MiB")
    for sample in samples:
        click.echo(f"{sample.hour:5} {sample.tasks:6} {sample.files:6} {sample.memory:6.1f}")
    click.echo(f"{report.totals.by_outcome()}; the run took {report.run.seconds or 0:.0f} s")


if __name__ == "__main__":
    main()
