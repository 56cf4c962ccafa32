"""A night drawn from a seed: a plan, a service with everything wrong with it, and processes that die."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random
from typing import Any

from scheduler.model import FailureBudget, JobType, Limits, OnBusy, StopCause, Target
from scheduler.plan.scenario import Scenario

from .life import Point
from .outputs import MESSAGE

SETTLE = (120.0, 360.0)
LATEST_COMMIT = 40.0  #: seconds after which a request that was lost may still make its job
LONGEST_LAG = 60.0  #: seconds for which ListJobs may not show a job
LONGEST_CALL = 55.0
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
        scenario=_scenario(random, seed, targets, echo=echo, lies=lies),
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


# The service


#: Jobs that end before they are listed, and may be rebuilt before they are found.
_QUICK: dict[str, Any] = {"pending_time": (0, 0.5), "provision_time": (0, 0.5), "build_time": (0.2, 4)}
_BUILDS: list[dict[str, Any]] = [
    {"pending_time": (0, 5), "provision_time": (0, 3), "build_time": (2, 20)},
    {"pending_time": (0, 5), "provision_time": (0, 3), "build_time": (20, 120)},
]
#: What summaries may leave out.
_HIDDEN: list[list[str]] = [[], ["jobType", "commitTime"], ["startTime"]]


def _scenario(random: Random, seed: int, targets: Sequence[Target], *, echo: bool, lies: bool) -> Scenario:
    busiest, builds = random.choice([10.0, 60.0]), random.choice([_QUICK, *_BUILDS])
    return Scenario.model_validate(
        {
            "seed": seed,
            "slots": random.choice([2, 4, 8, 30]),
            "mode": random.choice(["queue", "refuse"]),
            "queue_limit": random.choice([0, 3]),
            **builds,
            "failure_rate": random.choice([0, 0.1]),
            "start_rate": random.choice([None, 0.5, 5]),
            "read_rate": random.choice([None, 3, 30]),
            "refusal": random.choice(["limit_exceeded", "bad_request", "throttling", "too_many_requests"]),
            "latency": random.choice([(0, 0), (0.02, 0.4), (0.5, 3)]),
            "clock_skew": random.choice([0, random.uniform(-600, 600)]),
            "marker_echo": echo,
            "list_lag": (0, 0 if lies else random.choice([0, 2, 15, LONGEST_LAG])),
            "trail_lag": (0, 840),
            "page_size": 50 if lies else random.choice([1, 2, 50]),
            "foreign_rate": random.choice([0, 0.01]),
            "omit_fields": random.choice(_HIDDEN if builds is not _QUICK else _HIDDEN[1:]),
            "changes": [
                {"after": random.uniform(5, 300), "slots": random.choice([1, 3, 20]), "latency": (0, 1)}
                for _ in range(random.choice([0, 1, 2]))
            ],
            "branches": _branches(random, targets, busiest),
            "faults": _faults(random, lies=lies),
        }
    )


def _branches(random: Random, targets: Sequence[Target], busiest: float) -> list[dict[str, Any]]:
    kinds: list[dict[str, Any]] = [
        {"fails": True},
        {"cancelled": True},
        {"build_time": (4000, 4000)},  # longer than anybody's patience
        {"missing": True},
        {"busy": random.uniform(1, 10 * busiest)},
        {"busy": random.uniform(1, busiest)},
        {"busy": random.uniform(1, busiest)},
    ]
    chosen = random.sample(list(targets), random.randint(0, 8))
    return [{"app": target.app, **random.choice(kinds)} for target in chosen]


#: What may go wrong with a start: kinds without and with effect, as the emulator names them.
_STARTS: list[dict[str, Any]] = [
    {"kind": "reset_before"},
    {"kind": "reset_after"},
    {"kind": "close_after"},
    {"kind": "cut_after"},
    {"kind": "hang_before"},
    {"kind": "hang_after"},
    {"kind": "late"},
    {"kind": "empty"},
    {"kind": "garbage"},
    {"kind": "error_before", "status": 500},
    {"kind": "error_before", "status": 503, "code": ""},
    {"kind": "error_after", "status": 502, "code": ""},
    {"kind": "error_after", "status": 504, "code": "InternalFailureException"},
    {"kind": "error_before", "status": 408, "code": "RequestTimeout"},
    {"kind": "error_after", "status": 408, "code": "RequestTimeout"},
    {"kind": "throttle"},
    {"kind": "error_before", "status": 400, "code": "BadRequestException", "message": MESSAGE},
]
#: What stops a lane, and happens once or twice.
_LANES: list[dict[str, Any]] = [
    {"kind": "denied"},
    {"kind": "expired_token"},
    {"kind": "redirect"},
    {"kind": "expired_token", "operation": "GetJob"},
    {"kind": "expired_token", "operation": "ListJobs"},
]
_READS: list[dict[str, Any]] = [
    {"kind": "error_before", "status": 500, "message": MESSAGE},
    {"kind": "error_before", "status": 503, "code": ""},
    {"kind": "throttle"},
    {"kind": "reset_after"},
    {"kind": "hang_before", "delay": 8},
]
#: A job was made, and the answer says that none was.
_LIES: list[dict[str, Any]] = [
    {"kind": "error_after", "status": 429, "code": "LimitExceededException", "message": "Rate exceeded"},
    {
        "kind": "error_after",
        "status": 429,
        "code": "LimitExceededException",
        "message": "The requested branch main already have pending or running jobs",
    },
]


def _faults(random: Random, *, lies: bool) -> list[dict[str, Any]]:
    faults: list[dict[str, Any]] = []
    if lies:
        faults += [lie | {"probability": 0.1} for lie in _LIES]
    for start in random.sample(_STARTS, random.randint(0, 6)):
        delay = random.uniform(1, LATEST_COMMIT if start["kind"] == "late" else LONGEST_CALL)
        faults.append({"delay": delay, "probability": random.choice([0.02, 0.1]), **start})
    if random.random() < 0.15:
        times, skip = random.randint(1, 3), random.randint(0, 20)
        faults.append(random.choice(_LANES) | {"times": times, "skip": skip})
    for operation in ("ListJobs", "GetJob"):
        for read in random.sample(_READS, random.choice([0, 1, 2])):
            faults.append(read | {"operation": operation, "probability": random.choice([0.02, 0.1])})
    if random.random() < 0.3:
        faults.append({"operation": "LookupEvents", **random.choice(_READS), "probability": 0.3})
    return faults


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
