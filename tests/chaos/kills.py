"""A run that is killed, killed again while it is resumed, and then let go on to its end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from random import Random

from scheduler.plan.scenario import Scenario

from .judge import breaches
from .night import Story, night
from .points import Fate, Killed, Point

QUIET = Scenario(build_time=(0.05, 0.15), pending_time=(0.0, 0.05), provision_time=(0.0, 0.05))
TARGETS = 3

#: Commits are many, sends and replies one a target: the n-th time up to which a life is killed by chance.
_COMMITS = 25
_CALLS = 5


#: When a life ends: at a point, or after so many seconds, wherever it is then.
Doom = Killed | float


def occurrences() -> dict[Point, int]:
    """Count how often a quiet little run that nobody kills comes to each point."""
    with night(QUIET, TARGETS) as undisturbed:
        reached = undisturbed.live(Fate()).reached
    assert all(reached[point] for point in Point), f"a point is never reached: {reached}"
    return {point: reached[point] for point in Point}


def by_point(point: Point, time: int) -> Story:
    """Kill such a run at the n-th time that it comes to a point."""
    return story(f"--point {point}:{time}", QUIET, TARGETS, [Killed(point=point, time=time)])


def by_seed(seed: int) -> Story:
    """Kill a run on a troubled service again and again: where and when is drawn from the seed."""
    chance = Random(seed)
    troubled = Scenario.model_validate(
        {
            "seed": seed,
            "slots": chance.randint(3, 8),
            "pending_time": ["5ms", "60ms"],
            "provision_time": ["5ms", "60ms"],
            "build_time": ["50ms", "400ms"],
            "latency": ["1ms", "40ms"],
            "list_lag": ["0ms", "300ms"],
            "start_rate": chance.choice([None, 8, 20]),
            "clock_skew": chance.uniform(-600, 600),
            "marker_echo": chance.random() < 0.7,
            "failure_rate": 0.1,
            "foreign_rate": chance.choice([0, 0.5]),
            "faults": [
                {"operation": "ListJobs", "kind": "error_before", "probability": 0.05},
                *(
                    {"kind": kind, "probability": 0.03, "delay": "250ms"}
                    for kind in ("reset_before", "reset_after", "error_after", "cut_after", "empty", "late")
                ),
            ],
        }
    )
    return story(f"--seed {seed}", troubled, chance.randint(4, 12), _drawn(chance))


def _drawn(chance: Random) -> Iterator[Doom]:
    for _ in range(chance.randint(2, 6)):
        if chance.random() < 0.5:
            yield chance.uniform(0.02, 1.5)
        else:
            point = chance.choice(list(Point))
            commit = point in {Point.BEFORE_COMMIT, Point.AFTER_COMMIT}
            yield Killed(point=point, time=chance.randint(1, _COMMITS if commit else _CALLS))


def story(name: str, scenario: Scenario, targets: int, dooms: Iterable[Doom]) -> Story:
    """Let one life after the other meet its doom, and the last go on to the end."""
    ends: list[str] = []
    wrong: list[str] = []
    with night(scenario, targets) as dark:
        for doom in dooms:
            if isinstance(doom, Killed):
                end, when = dark.live(doom), str(doom)
            else:
                end, when = dark.live(Fate(), killed_after=doom), f"{doom:.3f} s"
            found = dark.survey()
            if end.code is not None:
                break  # it was done before its hour
            ends.append(when)
            wrong += (f"{breach} (killed at {when})" for breach in breaches(found))
        found, left = dark.finish()
    return Story(name, tuple(ends), (*wrong, *left), found)
