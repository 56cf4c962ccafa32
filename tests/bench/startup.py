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

        sides: dict[str, Side] = {
            "help": lambda _: ended([str(COMMAND), "--help"]),
            "nothing": lambda _: ended(_NOTHING),
            "validate": lambda _: ended([str(COMMAND), "validate", str(plan)]),
            "parse": lambda _: ended([*_PARSE, str(plan)]),
            "run": run,
            "script": script,
            "by hand": by_hand,
        }
        found = [{name: side(turn) for name, side in sides.items()} for turn in range(rounds)]

    def row(command: str, ours: str, baseline: str, theirs: str) -> tuple[str, ...]:
        took, takes = (median(measured[side] for measured in found) for side in (ours, theirs))
        ratio = median(measured[ours] / measured[theirs] for measured in found)
        return command, f"{took:.2f} s", baseline, f"{takes:.2f} s", f"{ratio:.1f}x"

    rows = [
        row("`--help`", "help", "an interpreter", "nothing"),
        row(f"`validate` of {targets:,} targets", "validate", "to parse the YAML", "parse"),
        row(f"`run` of {targets:,} to its first StartJob", "run", "a script's first", "script"),
        row("the same", "run", "`aws amplify start-job`", "by hand"),
    ]
    note = f"How soon it begins; medians of {rounds} rounds, and an answer takes 20 ms."
    return Table(note, ("command", "takes", "against", "takes", "ratio"), rows)
