"""Whether a run over real sockets goes as the simulation says: hidden limits, short jobs, real time.

The same scenario is met by the installed command, against the emulator as a process of its own, and by the
engine on virtual time. Both are judged by what the service says it did.
"""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from scheduler.emulator.truth import Truth
from scheduler.plan.load import load_scenario
from tests.simulation.virtual import simulate
from tests.simulation.world import World, target

from .ground import app, emulator, finish, launch, release, truth, write_plan
from .table import Table

_SHORT = (
    "latency: [20ms, 80ms], pending_time: [100ms, 300ms], "
    "provision_time: [100ms, 300ms], build_time: [6s, 10s]"
)


@dataclass(frozen=True)
class Case:
    """A hidden limit and how many targets meet it."""

    name: str
    prefix: str
    targets: int
    limits: str

    @property
    def scenario(self) -> str:
        return f"{{{_SHORT}, {self.limits}}}"


@dataclass(frozen=True)
class Course:
    """Seconds from the first start to the last end, and refusals a start."""

    seconds: float
    refused: float

    @classmethod
    def of(cls, truth: Truth) -> Course:
        began = min(job.created_at for job in truth.jobs)
        ended = max(job.ended_at for job in truth.jobs if job.ended_at is not None)
        refused = sum(1 for start in truth.starts if start.job is None)
        return cls(ended - began, refused / len(truth.jobs))


CASES = (
    Case("rate 20/s", "r", 400, "slots: 1000000, start_rate: 20, start_burst: 20"),
    Case("queue, 8 slots", "q", 96, "slots: 8"),
    Case("refuse, 8 slots", "f", 96, "slots: 8, mode: refuse"),
)


def compared(seeds: int) -> Table:
    """Meet every case over sockets once, and in simulation with so many seeds."""
    with ThreadPoolExecutor() as pool:
        real = list(pool.map(over_sockets, CASES))
    rows = []
    for case, met in zip(CASES, real, strict=True):
        told = [simulated(case, seed) for seed in range(seeds)]
        seconds, refused = mean(course.seconds for course in told), mean(course.refused for course in told)
        times = (f"{met.seconds:.1f} s", f"{seconds:.1f} s", f"{met.seconds / seconds:.2f}x")
        rows.append((f"{case.name}, {case.targets} targets", *times, f"{met.refused:.3f}, {refused:.3f}"))
    note = f"A run over sockets, against the mean of {seeds} on virtual time."
    return Table(note, ("hidden limit", "sockets", "simulation", "ratio", "refused a start, both"), rows)


def over_sockets(case: Case) -> Course:
    """Let the installed command meet the limit in real time."""
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        with emulator(home, case.scenario) as url:
            plan = write_plan(home / "plan.yaml", case.prefix, case.targets)
            finish(launch(release(plan, url), home))
            return Course.of(truth(url))


def simulated(case: Case, seed: int) -> Course:
    """Let the engine meet the limit on virtual time."""

    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "scenario.yaml"
        path.write_text(case.scenario)
        scenario = load_scenario(str(path)).model_copy(update={"seed": seed})

    async def main() -> Truth:
        world = World(scenario, seed=seed)
        await world.release([target(app(case.prefix, number)) for number in range(case.targets)])
        return world.truth

    return Course.of(simulate(main))
