"""The limits that the limiter is measured under, and the goals it is held to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from scheduler.plan.scenario import Scenario

MINUTE = 60.0
UNLIMITED = 1_000_000

#: What Amplify looks like: answers in a few tenths of a second, limited reads, a slot shown late.
#: Builds take five minutes in the middle, lognormal across the targets, and each target's own differ by 15%.
_FIELD: dict[str, Any] = {
    "latency": (0.1, 0.5),
    "pending_time": (1, 5),
    "provision_time": (2, 5),
    "build_time": (100, 900),
    "spread": 0.5,
    "jitter": 0.15,
    "read_rate": 20,
    "read_burst": 40,
}
_TEN_MINUTES = {"build_time": (400, 900), "spread": 0.0}
_TEN_MINUTES_APART = {"build_time": (300, 1200), "spread": 0.25}
_THIRTY_SECONDS = {
    "build_time": (25, 35),
    "spread": 0.05,
    "pending_time": (0.5, 1),
    "provision_time": (0.5, 1),
}


@dataclass(frozen=True)
class Goals:
    """The most that a mean over the seeds may be; None: no goal."""

    makespan: float | None = None
    worst_makespan: float | None = None
    refused: float | None = None
    pending: float | None = None
    reads_times_delay: float | None = None
    delay: float | None = None
    rivals: float | None = None  #: seconds by which others wait longer than under the oracle


@dataclass(frozen=True)
class Regime:
    """A scenario, the number of targets, and the jobs that the journal remembers of each."""

    name: str
    targets: int
    limits: dict[str, Any]
    goals: Goals = field(default_factory=Goals)
    history: int = 0
    #: Whether the run measured is the second in the same account, and begins with what the first has learned.
    second: bool = False

    def scenario(self, seed: int) -> Scenario:
        return Scenario.model_validate(_FIELD | self.limits | {"seed": seed})

    @property
    def rivals(self) -> bool:
        return bool(self.limits.get("foreign_rate"))


def _queue(slots: int, targets: int, name: str = "", **more: Any) -> Regime:
    worst = more.pop("worst", 1.05)
    pending = 1.3 if slots <= 10 else 0.12 * slots
    history, second = more.pop("history", 0), more.pop("second", False)
    goals = Goals(makespan=more.pop("mean", 1.01), worst_makespan=worst, pending=pending, refused=0.0)
    return Regime(f"queue C={slots}{name}", targets, {"slots": slots, **more}, goals, history, second)


def _ten_minutes(slots: int, targets: int, name: str, lengths: dict[str, Any], history: int = 0) -> Regime:
    pending = 1.3 if slots <= 10 else 0.12 * slots
    goals = Goals(1.01, 1.05, refused=0.0, pending=pending, reads_times_delay=150, delay=0.03 * 600 + 1)
    return Regime(f"queue C={slots} 10-min {name}", targets, {"slots": slots, **lengths}, goals, history)


def _refuse(slots: int, targets: int) -> Regime:
    goals = Goals(makespan=1.03, refused=0.05)
    return Regime(f"refuse C={slots}", targets, {"slots": slots, "mode": "refuse"}, goals)


def _rate(rate: float, burst: int, targets: int, makespan: float = 1.03) -> Regime:
    limits = {"slots": UNLIMITED, "start_rate": rate, "start_burst": burst}
    return Regime(f"rate {rate:g}/s b={burst}", targets, limits, Goals(makespan=makespan, refused=0.05))


def _shaken(name: str, targets: int, limits: dict[str, Any], **goals: float) -> Regime:
    return Regime(name, targets, limits, Goals(**{"makespan": 1.10, "refused": 0.10, **goals}))


def _changes(*steps: tuple[float, dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    return tuple({"after": after, **what} for after, what in steps)


#: Answers in tenths of a second and answers that take seconds, by turns.
_BURSTS = _changes(
    *((20.0 * n, {"latency": (1.0, 4.0) if n % 2 else (0.1, 0.5)}) for n in range(1, 60)),
)


def regimes(*, long: bool = False) -> list[Regime]:
    """Return every scenario; `long`: the largest is of 5,000 targets."""
    unlimited = 5000 if long else 2000
    return [
        _queue(1, 20),
        _queue(5, 100),
        _queue(5, 100, ", history", history=3),
        _queue(5, 100, ", second night", second=True),
        _queue(10, 150),
        _queue(50, 500),
        _queue(50, 500, ", history", history=3),
        _queue(50, 500, ", second night", second=True),
        _queue(200, 1600),
        _ten_minutes(5, 100, "± 15%", _TEN_MINUTES),
        _ten_minutes(50, 500, "± 15%", _TEN_MINUTES),
        _ten_minutes(5, 100, "apart, history", _TEN_MINUTES_APART, 3),
        _ten_minutes(50, 500, "apart, history", _TEN_MINUTES_APART, 3),
        _queue(5, 150, " 30-s", mean=1.08, worst=1.08, **_THIRTY_SECONDS),
        _refuse(5, 100),
        _refuse(50, 500),
        _rate(2, 4, 200),
        _rate(10, 20, 1000),
        _rate(5, 1, 500, makespan=1.5),
        Regime(f"none N={unlimited}", unlimited, {"slots": UNLIMITED}, Goals(makespan=1.10, refused=0.0)),
        _shaken("slots halve 40>20", 400, {"slots": 40, "changes": _changes((15 * MINUTE, {"slots": 20}))}),
        _shaken("slots x4 10>40", 400, {"slots": 10, "changes": _changes((25 * MINUTE, {"slots": 40}))}),
        _shaken(
            "refuse halve 40>20",
            400,
            {"slots": 40, "mode": "refuse", "changes": _changes((15 * MINUTE, {"slots": 20}))},
        ),
        _shaken(
            "refuse x4 10>40",
            600,
            {"slots": 10, "mode": "refuse", "changes": _changes((25 * MINUTE, {"slots": 40}))},
        ),
        _shaken(
            "rate halves 20>10",
            1500,
            {"slots": UNLIMITED, "start_rate": 20, "changes": _changes((40, {"start_rate": 10}))},
        ),
        _shaken(
            "rate x4 5>20",
            1500,
            {"slots": UNLIMITED, "start_rate": 5, "changes": _changes((60, {"start_rate": 20}))},
        ),
        _shaken("rivals C=5", 80, {"slots": 5, "foreign_rate": 1 / 400}, rivals=90),
        _shaken("rivals C=20", 300, {"slots": 20, "foreign_rate": 1 / 60}),
        _shaken(
            "refuse rivals C=20", 300, {"slots": 20, "mode": "refuse", "foreign_rate": 1 / 60}, refused=0.5
        ),
        _shaken(
            "bursty latency r=10",
            1000,
            {"slots": UNLIMITED, "start_rate": 10, "start_burst": 20, "changes": _BURSTS},
        ),
        _shaken("mix queue C=20 r=2", 300, {"slots": 20, "start_rate": 2, "start_burst": 4}),
        _shaken(
            "mix refuse C=30 r=1", 300, {"slots": 30, "mode": "refuse", "start_rate": 1, "start_burst": 5}
        ),
        _shaken("mix refuse C=20+10", 300, {"slots": 20, "mode": "refuse", "queue_limit": 10}),
        _shaken("mix slow dispatch C=20", 300, {"slots": 20, "pending_time": (15, 60)}),
    ]
