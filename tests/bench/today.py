"""What a release costs by the loop of a shell around `aws amplify start-job`, and by this command.

Both start every job and follow none; seconds by the clock, and CPU of all processes that a side needs, from
its begin to its end.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from statistics import median

from .aws_cli import aws_cli, in_a_loop
from .ground import app, emulator, finish, launch, release, write_plan
from .table import Table

_OURS = "`amplify-release run`"
_LOOPS = {"`aws` in a loop": 1, "`aws` under `xargs -P 8`": 8}


def today(targets: int, rounds: int) -> Table:
    """Measure the sides, one after the other in every round; the figures are medians."""
    with tempfile.TemporaryDirectory() as directory, emulator(home := Path(directory)) as url:
        aws = aws_cli(home)

        def measure(command: list[str]) -> tuple[float, float]:
            began = time.monotonic()
            used = finish(launch(command, home))
            return time.monotonic() - began, used.ru_utime + used.ru_stime

        def by_hand(prefix: str, at_once: int) -> list[str]:
            apps = [app(prefix, number) for number in range(targets)]
            return in_a_loop(aws, url, apps, at_once=at_once)

        found: dict[str, list[tuple[float, float]]] = {name: [] for name in (_OURS, *_LOOPS)}
        for turn in range(rounds):
            mine = write_plan(home / f"{turn}.yaml", f"o{turn}x", targets)
            found[_OURS].append(measure(release(mine, url, "--no-follow")))
            for name, at_once in _LOOPS.items():
                found[name].append(measure(by_hand(f"l{at_once}x{turn}x", at_once)))

    def row(name: str) -> tuple[str, ...]:
        seconds, cpu = (median(measured[part] for measured in found[name]) for part in (0, 1))
        ratios = [
            median(theirs[part] / ours[part] for ours, theirs in zip(found[_OURS], found[name], strict=True))
            for part in (0, 1)
        ]
        return name, f"{seconds:.1f}", f"{ratios[0]:.1f}x", f"{1000 * cpu / targets:.0f}", f"{ratios[1]:.1f}x"

    note = f"To start {targets} targets; medians of {rounds} rounds; an answer takes 0.1 to 0.3 s."
    head = ("side", "s", "of ours", "ms of CPU a target", "of ours")
    return Table(note, head, [*map(row, found)])
