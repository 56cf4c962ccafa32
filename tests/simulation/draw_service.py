"""The service of a night: its limits, its branches, and everything that goes wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from scheduler.model import Target
from scheduler.plan.scenario import Scenario

from .outputs import MESSAGE

LATEST_COMMIT = 40.0  #: seconds after which a request that was lost may still make its job
LONGEST_LAG = 60.0  #: seconds for which ListJobs may not show a job
LONGEST_CALL = 55.0

#: Jobs that end before they are listed, and may be rebuilt before they are found.
_QUICK: dict[str, Any] = {"pending_time": (0, 0.5), "provision_time": (0, 0.5), "build_time": (0.2, 4)}
_BUILDS: list[dict[str, Any]] = [
    {"pending_time": (0, 5), "provision_time": (0, 3), "build_time": (2, 20)},
    {"pending_time": (0, 5), "provision_time": (0, 3), "build_time": (20, 120)},
]
#: What summaries may leave out.
_HIDDEN: list[list[str]] = [[], ["jobType", "commitTime"], ["startTime"]]


def scenario(random: Random, seed: int, targets: Sequence[Target], *, echo: bool, lies: bool) -> Scenario:
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
