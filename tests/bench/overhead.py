"""What the engine costs on top of its calls: CPU a target, against a bare aiobotocore loop in the same run.

Both sides are processes of their own, user and system time together; the start-up, a run of one target, is
taken off. A call costs up to half as much again in a process that sleeps between calls as in one that never
does, so the bare loop has as many calls at once as the engine has at its top pace; `--at-once 128` lets it
go as fast as it can instead.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import click

from scheduler.engine.limit import TOP_PACE

from .ground import LATENCY, emulator, finish, launch, release

#: A side's command, for apps of a prefix and a number of targets.
Side = Callable[[str, int], list[str]]


@dataclass(frozen=True)
class Cost:
    """CPU seconds of a side's run of one target and of all."""

    one: float
    all: float


@click.command()
@click.option("--targets", type=click.IntRange(2), default=2000, show_default=True)
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True)
@click.option(
    "--at-once",
    type=click.IntRange(1),
    default=int(TOP_PACE * LATENCY),
    show_default=True,
    help="Calls in flight of the bare loop.",
)
def main(targets: int, rounds: int, at_once: int) -> None:
    """Print CPU a target of engine and bare loop, and their ratio: the medians over the rounds."""
    with tempfile.TemporaryDirectory() as directory, emulator(home := Path(directory)) as url:

        def engine(prefix: str, number: int) -> list[str]:
            return release(home, url, prefix, number)

        def bare(prefix: str, number: int) -> list[str]:
            return [sys.executable, "-m", "tests.bench.bare", url, prefix, str(number), str(at_once)]

        def measure(side: Side, prefix: str) -> Cost:
            return Cost(cpu(side(f"{prefix}a", 1)), cpu(side(f"{prefix}b", targets)))

        def cpu(command: list[str]) -> float:
            used = finish(launch(command, home))
            return used.ru_utime + used.ru_stime

        pairs = [(measure(bare, f"b{turn}"), measure(engine, f"e{turn}")) for turn in range(rounds)]
    click.echo(_table(targets, pairs))


def _table(targets: int, pairs: list[tuple[Cost, Cost]]) -> str:
    """Write the medians; a ratio is that of a round."""

    def row(name: str, value: Callable[[Cost], float], scale: float) -> str:
        ratios = sorted(value(engine) / value(bare) for bare, engine in pairs)
        sides = (median(scale * value(pair[side]) for pair in pairs) for side in (0, 1))
        figures = " | ".join(f"{figure:.3f}" for figure in sides)
        return f"| {name} | {figures} | {median(ratios):.2f}x | {ratios[0]:.2f} to {ratios[-1]:.2f} |"

    rows = (
        f"{targets} targets, {len(pairs)} rounds",
        "",
        "| CPU | bare loop | engine | ratio | rounds |",
        "|---|---|---|---|---|",
        row("ms a target, the whole process", lambda cost: cost.all, 1000 / targets),
        row("ms a target, without the start-up", lambda cost: cost.all - cost.one, 1000 / (targets - 1)),
        row("s to start up (a run of one target)", lambda cost: cost.one, 1),
    )
    return "\n".join(rows)


if __name__ == "__main__":
    main()
