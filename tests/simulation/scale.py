"""A run of very many targets: `python -m tests.simulation.scale --targets 1000000` holds it against a tenth.

The real engine runs on virtual time. CPU and memory a target are those of the whole process, the emulated
service and a journal in memory included, for a tenth of the targets and for all. To follow jobs takes ten
times as long, for each is read until its end is seen.
"""

from __future__ import annotations

import gc
import os
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import click

from scheduler.model import Outcome
from scheduler.plan.scenario import Scenario

from .history import History, Moment
from .virtual import simulate
from .world import World, target

_SLOTS = 50
_SCENARIO = Scenario.model_validate(
    {
        "slots": _SLOTS,
        "build_time": (120, 240),
        "pending_time": (1, 5),
        "provision_time": (5, 10),
        "latency": (0.05, 0.3),
    }
)


class _NoHistory(History):
    """Remembers nothing: what is measured is the program, not those who watch it."""

    def add(self, moment: Moment) -> None:
        del moment


@dataclass(frozen=True)
class Cost:
    """What a run came to: seconds of CPU, KiB that it added to the process at most, and virtual hours."""

    targets: int
    cpu: float
    memory: int
    hours: float


def carry_out(targets: int, lanes: int, *, follow: bool) -> Cost:
    """Carry out a run, and see that every target was started once and came to the end that it should."""

    async def main() -> float:
        world = World(_SCENARIO)
        world.history = world.life.history = _NoHistory()
        plan = [target(f"d{number:07}", account=f"a{number % lanes}") for number in range(targets)]
        run = world.open(plan, follow=follow)
        began = world.clock.now()
        await world.engine(run).execute()
        took = world.clock.now() - began
        found = Counter((record.job is not None, record.outcome) for record in world.journal.targets(run))
        assert found == {(True, Outcome.SUCCEEDED if follow else None): targets}, found
        truth = world.truth
        assert len(truth.starts) == len(truth.jobs) == targets
        assert len({(job.account, job.app) for job in truth.jobs}) == targets
        return took

    gc.collect()
    before, began = _resident(), time.process_time()
    took = simulate(main)
    return Cost(targets, time.process_time() - began, _peak() - before, took / 3600)


def _resident() -> int:
    return _status("VmRSS")


def _peak() -> int:
    return _status("VmHWM")


def _status(name: str) -> int:
    """Return a field of this process's status, in KiB."""
    lines = Path(f"/proc/{os.getpid()}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


@click.command()
@click.option("--targets", type=click.IntRange(100), default=100_000, show_default=True)
@click.option("--lanes", type=click.IntRange(1), default=20, show_default=True)
@click.option("--follow", is_flag=True, help="Follow every job to its end.")
def main(targets: int, lanes: int, follow: bool) -> None:
    """Print the costs of a tenth of the targets and of all, and their ratio."""
    costs = []
    for count in (targets // 10, targets):
        # A process of its own each, for what a process has once had stays with it.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
            costs.append(process.submit(carry_out, count, lanes, follow=follow).result())
    click.echo("| targets | CPU s | µs a target | KiB a target | simulated h |")
    click.echo("|---:|---:|---:|---:|---:|")
    for cost in costs:
        each = f"{1e6 * cost.cpu / cost.targets:.0f} | {cost.memory / cost.targets:.2f}"
        click.echo(f"| {cost.targets:,} | {cost.cpu:.0f} | {each} | {cost.hours:.1f} |")
    few, many = costs
    click.echo(f"CPU a target: {many.cpu / many.targets / (few.cpu / few.targets):.2f}x")


if __name__ == "__main__":
    main()
