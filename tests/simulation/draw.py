"""A night drawn from a seed: a plan, a service with everything wrong with it, and processes that die."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random
from typing import Any

from scheduler.model import FailureBudget, JobType, Limits, OnBusy, StopCause, Target
from scheduler.plan.scenario import Scenario

from .draw_service import scenario
from .life import Point

SETTLE = (120.0, 360.0)
HOUR = 3600.0


class How(StrEnum):
    """What a process is started for."""

    RUN = "run"
    RESUME = "resume"
    RESTART = "resume --restart-unresolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """What strikes a process: at the n-th time at a point of a start, or after so many seconds.

    `signal` None: it is killed on the spot. `drains`: seconds after the signal at which it is killed all the
    same; None: it may come to its end.
    """

    point: tuple[Point, int] | None = None
    after: float | None = None
    signal: StopCause | None = None
    drains: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process: what it is started for, with which options, and what strikes it."""

    how: How
    options: dict[str, Any]
    hit: Hit | None = None
    pause: float = 0.0  #: seconds until the next process
    rival: float | None = None  #: seconds after which somebody starts another one beside it

    @property
    def follow(self) -> bool:
        return bool(self.options.get("follow", True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """Somebody else starts a job on a target's branch."""

    at: float
    target: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """Everything that a seed decides."""

    seed: int
    scenario: Scenario
    targets: tuple[Target, ...]
    plan: dict[str, Any]
    settle: float
    cloudtrail: bool
    processes: tuple[Process, ...]
    pushes: tuple[Push, ...]
    crowd: float  #: how likely somebody pushes soon after a branch was listed, or a job requested for it
    jumps: tuple[tuple[float, float], ...]
    identities: dict[str, str]
    unreachable: float
    disk_latency: float


def draw(seed: int) -> Night:
    """Draw the night of a seed."""
    random = Random(f"night {seed}")
    echo = random.random() < 0.6
    lies = echo and random.random() < 0.25
    settle, cloudtrail = random.choice(SETTLE), random.random() < 0.15
    targets = _targets(random, honest=not lies)
    return Night(
        seed=seed,
        scenario=scenario(random, seed, targets, echo=echo, lies=lies),
        targets=targets,
        plan=_plan(random),
        settle=settle,
        cloudtrail=cloudtrail,
        processes=_processes(random, {"settle": settle, "cloudtrail": cloudtrail}),
        pushes=_pushes(random, targets),
        crowd=random.choice([0.0, 0.1, 0.4]),
        jumps=tuple(
            (random.uniform(0, 900), random.choice([-HOUR, HOUR, -60.0, 60.0]))
            for _ in range(random.choice([0, 0, 1, 2]))
        ),
        identities={"twin": "shop"},
        unreachable=random.choice([0.0, 0.0, 0.05, 0.2]),
        disk_latency=random.choice([0.0, 0.004, 0.05]),
    )


# The plan


def _targets(random: Random, *, honest: bool) -> tuple[Target, ...]:
    """Draw about thirty targets in three lanes. Some share a branch, under two names of one account.

    A RETRY shows its old job's marker, so where the service lies about a start nothing could prove the lie.
    """
    types = [JobType.RELEASE] * 6 + [JobType.WEB_HOOK, *([JobType.RETRY, JobType.MANUAL] if honest else [])]
    patience = random.choice([300.0, 1800.0])
    targets = []
    for number in range(random.randint(24, 34)):
        job_type = random.choice(types)
        account, region = random.choice([("shop", "eu-west-1"), ("shop", "us-east-1"), ("docs", "eu-west-1")])
        targets.append(
            Target(
                account=account,
                region=region,
                app=f"d{number:02}",
                branch="main",
                name=f"d{number:02}",
                labels=random.choice([{}, {"team": "web"}, {"team": "api"}]),
                priority=random.choice([0, 0, 0, 1]),
                job_type=job_type,
                job_id="1" if job_type is JobType.RETRY else None,
                commit_message=random.choice([None, "nightly"]),
                on_busy=random.choice([OnBusy.WAIT, OnBusy.WAIT, *OnBusy]),
                queue_timeout=patience,
                build_timeout=patience,
                marker=not honest or random.random() < 0.8,
            )
        )
    if honest and random.random() < 0.6:
        targets += [_twin(target) for target in targets if target.account == "shop"][: random.randint(1, 8)]
    return tuple(targets)


def _twin(target: Target) -> Target:
    return replace(target, account="twin", on_busy=OnBusy.WAIT)


def _plan(random: Random) -> dict[str, Any]:
    return {
        "limits": Limits(builds=random.choice([None, None, 3]), reserve=random.choice([0, 1])),
        "budget": FailureBudget(count=random.choice([None, None, None, 8])),
    }


# The people and the processes


def _pushes(random: Random, targets: Sequence[Target]) -> tuple[Push, ...]:
    return tuple(
        Push(
            at=random.uniform(0, 600),
            target=random.randrange(len(targets)),
        )
        for _ in range(random.choice([0, 5, 30]))
    )


def _processes(random: Random, options: dict[str, Any]) -> tuple[Process, ...]:
    return tuple(
        Process(
            how=How.RUN if number == 0 else random.choice([How.RUN, *[How.RESUME] * 4, How.RESTART]),
            options=options | _options(random),
            hit=_hit(random),
            pause=random.choice([0.0, random.uniform(0, 60), random.uniform(0, 2 * HOUR)]),
            rival=random.uniform(0, 60) if random.random() < 0.15 else None,
        )
        for number in range(random.choice([1, 1, 2, 3]))
    )


def _options(random: Random) -> dict[str, Any]:
    return {
        "follow": random.random() < 0.85,
        "concurrency": random.choice([None, None, 1, 5]),
        "drain_timeout": random.choice([2.0, 10.0]),
        "poll_interval": random.choice([5.0, 20.0]),
        "max_runtime": random.choice([None, None, random.uniform(1, 300)]),
    }


def _hit(random: Random) -> Hit | None:
    if random.random() < 0.1:
        return None
    point: tuple[Point, int] | None = None
    after: float | None = None
    if random.random() < 0.6:
        point = random.choice(list(Point)), random.choice([1, random.randint(1, 8), random.randint(1, 40)])
    else:
        after = random.choice([random.uniform(0, 5), random.uniform(0, 400)])
    if random.random() < 0.7:
        return Hit(point=point, after=after)
    if random.random() < 0.5:
        point, after = (Point.INTENDED, random.randint(1, 20)), None
    signal = random.choice([StopCause.SIGINT, StopCause.SIGTERM, StopCause.SIGHUP])
    drains = random.choice([None, None, random.uniform(0, 10)])
    return Hit(point=point, after=after, signal=signal, drains=drains)
