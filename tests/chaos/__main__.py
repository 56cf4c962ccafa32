"""The chaos test as a command: `python -m tests.chaos --kills 5000 --statements 200`."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, count, takewhile
from multiprocessing import get_context

import click

from scheduler.spoken import counted

from .broken import by_statement
from .kills import by_point, by_seed, occurrences
from .lives import warm
from .night import Story
from .points import Point
from .sabotage import by_sabotage

#: Tells a story in whatever process it is called.
Telling = Callable[[], Story]


@dataclass
class Tally:
    """What all stories came to. `kind` says how lives in them ended."""

    kind: str
    runs: int = 0
    ends: int = 0
    starts: int = 0
    unresolved: int = 0
    wrong: list[Story] = field(default_factory=list)

    def take(self, stories: Iterable[Story]) -> None:
        """Count stories as they come, show each that went wrong, and sum up."""
        for story in stories:
            self._add(story)
        if self.runs:
            click.echo(str(self))

    def _add(self, story: Story) -> None:
        self.runs += 1
        self.ends += len(story.ends)
        self.starts += len(story.found.truth.starts)
        if story.found.report is not None:
            self.unresolved += story.found.report.totals.unresolved
        if story.wrong:
            self.wrong.append(story)
            click.echo(f"python -m tests.chaos {story.name}  # {', '.join(story.ends)}")
            click.echo("\n".join(f"  {sentence}" for sentence in story.wrong))

    def __str__(self) -> str:
        return (
            f"{counted(self.ends, self.kind)} in {counted(self.runs, 'run')}: "
            f"{counted(self.starts, 'request')} sent, {counted(self.unresolved, 'target')} unresolved, "
            f"{counted(len(self.wrong), 'run')} went wrong"
        )


@click.command()
@click.option("--kills", default=0, help="kill -9 at every named point, then wherever seeds say.")
@click.option("--statements", default=0, help="Let each of the journal's first N statements fail.")
@click.option("--seed", "seeds", type=int, multiple=True, help="Tell the story of a seed again.")
@click.option("--point", "points", multiple=True, metavar="POINT:N", help="The same for a named point.")
@click.option("--statement", "failing", type=int, multiple=True, help="The same for a failed statement.")
@click.option("--sabotage", is_flag=True, help="Break the product on purpose: it must go wrong.")
@click.option("--at-once", default=4 * (os.cpu_count() or 1), show_default=True, help="Runs side by side.")
def main(
    kills: int,
    statements: int,
    seeds: tuple[int, ...],
    points: tuple[str, ...],
    failing: tuple[int, ...],
    sabotage: bool,
    at_once: int,
) -> None:
    """Kill runs, and fail their journals, and hold what is left against the server's truth.

    A story that goes wrong is shown with the arguments that tell it again; the exit code is 1 then. The very
    moment of an end is up to the machine, so that a story may have to be told a few times.
    """
    warm()
    gc.freeze()  # what is forked off writes to fewer of the pages that it shares
    again: list[Telling] = [
        *(partial(by_seed, seed) for seed in seeds),
        *(partial(by_point, *_point(name)) for name in points),
        *(partial(by_statement, time) for time in failing),
        *([by_sabotage] if sabotage else []),
    ]
    killed, failed, told_again = Tally("kill"), Tally("failed statement"), Tally("end")
    # Its processes are forked at the first use, before this one starts a thread.
    with ProcessPoolExecutor(at_once, mp_context=get_context("fork")) as pool:
        if kills:
            times = pool.submit(occurrences).result()
            at_points = (
                partial(by_point, point, time + 1) for point in Point for time in range(times[point])
            )
            seeds_left = takewhile(lambda _: killed.ends < kills, count(1))
            by_chance = (partial(by_seed, seed) for seed in seeds_left)
            killed.take(_told(pool, chain(at_points, by_chance), at_once))
        if statements:
            each = (partial(by_statement, time + 1) for time in range(statements))
            failed.take(_told(pool, each, at_once))
        told_again.take(_told(pool, again, at_once))
    raise SystemExit(any(tally.wrong for tally in (killed, failed, told_again)))


def _point(name: str) -> tuple[Point, int]:
    point, _, time = name.partition(":")
    return Point(point), int(time)


def _told(pool: ProcessPoolExecutor, tellings: Iterable[Telling], at_once: int) -> Iterator[Story]:
    """Have stories told side by side; yield them in the order in which they end."""
    pending: set[Future[Story]] = set()
    for telling in tellings:
        pending.add(pool.submit(telling))
        if len(pending) == at_once:
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)
    yield from (future.result() for future in wait(pending).done)


if __name__ == "__main__":
    main()
