"""How fast and how politely the limiter releases, against an oracle and against what people use today.

The real engine runs on virtual time against the emulated service, so a night takes seconds. Every figure is a
mean over the seeds unless it says otherwise.
"""

from __future__ import annotations

import fnmatch
import math
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from statistics import mean

import click

from .measure import OURS, POLICIES, Measure, measure, observe
from .picture import draw
from .regimes import Goals, Regime, regimes

PROCESSES = 2

_HEAD = (
    "| scenario | policy | makespan | worst | to last start | refused a start | own PENDING mean / p95 "
    "| reads a job | delay mean / p95 s | others wait (oracle) s |\n"
    "|---|---|---|---|---|---|---|---|---|---|"
)


@click.command()
@click.option("--scenarios", default="*", show_default=True, help="A glob over the scenarios' names.")
@click.option("--seeds", default="0-9", show_default=True, help="A number, or a range such as 5-9.")
@click.option("--policies", default=",".join(POLICIES), show_default=True)
@click.option("--long", is_flag=True, help="5,000 targets where there is no limit.")
@click.option("--svg", type=click.Path(path_type=Path), help="Draw the first scenario's first run of ours.")
@click.option("--markdown", type=click.Path(path_type=Path), help="Write the table there too.")
def main(
    scenarios: str, seeds: str, policies: str, long: bool, svg: Path | None, markdown: Path | None
) -> None:
    """Print makespan against the oracle, refusals, own PENDING jobs, reads and delays."""
    chosen = [regime for regime in regimes(long=long) if fnmatch.fnmatchcase(regime.name, scenarios)]
    if not chosen:
        raise click.UsageError(f"no scenario fits {scenarios!r}")
    numbers = _numbers(seeds)
    runs = [(regime, policy, seed) for regime in chosen for policy in policies.split(",") for seed in numbers]
    found: defaultdict[tuple[str, str], list[Measure]] = defaultdict(list)
    lines = [_HEAD]
    click.echo(_HEAD)
    with ProcessPoolExecutor(PROCESSES) as pool:
        for (regime, policy, _), measured in zip(
            runs, pool.map(measure, *zip(*runs, strict=True)), strict=True
        ):
            found[regime.name, policy].append(measured)
            if len(found[regime.name, policy]) == len(numbers):
                lines.append(_row(regime, policy, found[regime.name, policy]))
                click.echo(lines[-1])
    missed = [
        f"- {regime.name}: {fault}"
        for regime in chosen
        if found[regime.name, OURS]
        for fault in _missed(regime.goals, found[regime.name, OURS])
    ]
    lines += ["", "Goals missed:", *(missed or ["none"])]
    click.echo("\n".join(lines[-len(missed or [""]) - 2 :]))
    if markdown is not None:
        markdown.write_text("\n".join(lines) + "\n")
    if svg is not None:
        svg.write_text(draw(chosen[0].name, observe(chosen[0], OURS, numbers[0])[1]))


def _numbers(seeds: str) -> list[int]:
    first, _, last = seeds.partition("-")
    return [int(first)] if not last else list(range(int(first), int(last) + 1))


def _mean(measures: list[Measure], name: str) -> float:
    return float(mean(getattr(measured, name) for measured in measures))


def _row(regime: Regime, policy: str, measures: list[Measure]) -> str:
    def each(name: str, digits: int) -> str:
        return f"{_mean(measures, name):.{digits}f}"

    worst = max(measured.makespan for measured in measures)
    rivals = "" if math.isnan(measures[0].rivals) else f"{each('rivals', 0)} ({each('rivals_ideal', 0)})"
    cells = (
        regime.name,
        policy,
        each("makespan", 3),
        f"{worst:.3f}",
        each("span", 3),
        each("refused", 3),
        f"{each('pending', 2)} / {each('pending_95', 0)}",
        each("reads", 1),
        f"{each('delay', 1)} / {each('delay_95', 1)}",
        rivals,
    )
    return f"| {' | '.join(cells)} |"


def _missed(goals: Goals, measures: list[Measure]) -> list[str]:
    """Return the goals that the means miss, in words."""
    held = [
        ("makespan", _mean(measures, "makespan"), goals.makespan),
        ("worst makespan", max(measured.makespan for measured in measures), goals.worst_makespan),
        ("refused a start", _mean(measures, "refused"), goals.refused),
        ("own PENDING", _mean(measures, "pending"), goals.pending),
        ("delay", _mean(measures, "delay"), goals.delay),
        (
            "reads times delay",
            _mean(measures, "reads") * _mean(measures, "delay"),
            goals.reads_times_delay,
        ),
        (
            "others' extra wait",
            _mean(measures, "rivals") - _mean(measures, "rivals_ideal"),
            goals.rivals,
        ),
    ]
    return [
        f"{name} {value:.3f}, the goal is {goal:g}"
        for name, value, goal in held
        if goal is not None and value > goal
    ]


if __name__ == "__main__":
    main()
