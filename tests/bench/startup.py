"""How soon a command begins: each against a program that does no more than it must, in the same rounds.

Help is held against an interpreter that does nothing, `validate` against one that parses the same YAML, and
the first StartJob of `run` against the first of a script that does nothing else.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import click

from .aws_cli import aws_cli, start_job
from .ground import COMMAND, app, emulator, finish, launch, release, truth, write_plan
from .table import Table

_NOTHING = [sys.executable, "-c", "pass"]
_PARSE = [sys.executable, "-c", "import sys, yaml; yaml.load(open(sys.argv[1]), Loader=yaml.CSafeLoader)"]

#: An answer takes as long as one from a near region, and no job ends.
_SCENARIO = "{slots: 1000000, build_time: 24h, latency: [20ms, 20ms]}"

#: Gives seconds until what a side is measured by, for a number that no other turn has.
Side = Callable[[int], float]


def startup(targets: int, rounds: int) -> Table:
    """Measure all sides, one after the other in every round; the figures are medians."""
    with tempfile.TemporaryDirectory() as directory, emulator(home := Path(directory), _SCENARIO) as url:
        aws = aws_cli(home)
        plan = write_plan(home / "v.yaml", "v", targets)

        def ended(command: list[str]) -> float:
            began = time.monotonic()
            finish(launch(command, home))
            return time.monotonic() - began

        def started(command: list[str], app_id: str) -> float:
            began = time.time()
            finish(launch(command, home))
            return min(start.at for start in truth(url).starts if start.app == app_id) - began

        def run(turn: int) -> float:
            prefix = f"r{turn}x"
            mine = write_plan(home / f"{prefix}.yaml", prefix, targets)
            return started(release(mine, url, "--no-follow"), app(prefix, 0))

        def script(turn: int) -> float:
            prefix = f"b{turn}x"
            command = [sys.executable, "-m", "tests.bench.bare", "well-set", url, prefix, "1", "1", "1"]
            return started(command, app(prefix, 0))

        def by_hand(turn: int) -> float:
            mine = app(f"a{turn}x", 0)
            return started(start_job(aws, url, mine), mine)

        pairs: dict[str, tuple[str, Side, Side]] = {
            "`--help`": (
                "an interpreter",
                lambda _: ended([str(COMMAND), "--help"]),
                lambda _: ended(_NOTHING),
            ),
            f"`validate` of {targets:,} targets": (
                "to parse the YAML",
                lambda _: ended([str(COMMAND), "validate", str(plan)]),
                lambda _: ended([*_PARSE, str(plan)]),
            ),
            f"`run` of {targets:,} to its first StartJob": ("a script's first", run, script),
            f"`run` of {targets:,}, again": ("`aws amplify start-job`", run, by_hand),
        }
        turns = iter(range(1_000_000))
        found = {
            name: [(ours(next(turns)), theirs(next(turns))) for _ in range(rounds)]
            for name, (_, ours, theirs) in pairs.items()
        }

    def row(name: str) -> tuple[str, ...]:
        ours, theirs = (median(pair[side] for pair in found[name]) for side in (0, 1))
        ratio = median(pair[0] / pair[1] for pair in found[name])
        return name, f"{ours:.2f} s", pairs[name][0], f"{theirs:.2f} s", f"{ratio:.1f}x"

    note = f"How soon it begins; medians of {rounds} rounds, and an answer takes 20 ms."
    return Table(note, ("command", "takes", "against", "takes", "ratio"), [*map(row, pairs)])


@click.command()
@click.option("--targets", type=click.IntRange(1), default=1000, show_default=True)
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True)
def main(targets: int, rounds: int) -> None:
    """Print how soon commands begin."""
    click.echo(startup(targets, rounds).markdown())


if __name__ == "__main__":
    main()
