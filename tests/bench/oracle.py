"""The best that somebody could do who knows the limits: the same builds, started without any delay."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scheduler.emulator.lane import Lane
from scheduler.model import Target
from scheduler.plan.scenario import Scenario

FASTEST = 100.0  #: starts a second that one process makes at most


@dataclass(frozen=True)
class Ideal:
    """Seconds from the beginning to the last start and end, and how long other people's jobs waited."""

    last_start: float
    last_end: float
    rivals_wait: float


def ideal(scenario: Scenario, targets: Sequence[Target], *, number: int) -> Ideal:
    """Start each job the moment a slot is free, the token is there and nobody else waits.

    `number` is the id of the jobs, which decides on how long they take.
    """
    lane = Lane(targets[0].lane, scenario, epoch=0.0, opened_at=0.0)
    now, jobs = 0.0, []
    for target in targets:
        branch = lane.branch(target.app, target.branch, now)
        if number > 1:
            lane.past_job(branch, number - 1, now)
        while lane.slots.taken >= lane.slots.size:
            now = _advance(lane, lane.slots.next_at)
        while lane.starts is not None and not lane.starts.take(now):
            now = _advance(lane, now + 0.002)
        jobs.append(lane.new_job(branch, "RELEASE", now))
        now = _advance(lane, now + 1 / FASTEST)
    while any(not job.ended(now) for job in jobs[-1000:]):
        now = _advance(lane, lane.slots.next_at)
    last_end = max(job.ends_at for job in jobs)
    return Ideal(max(job.created_at for job in jobs), last_end, rivals_wait(lane, until=last_end))


def undisturbed(scenario: Scenario, target: Target, until: float) -> float:
    """Return how long other people's jobs wait without any of ours."""
    lane = Lane(target.lane, scenario, epoch=0.0, opened_at=0.0)
    _advance(lane, until)
    return rivals_wait(lane, until=until)


def rivals_wait(lane: Lane, *, until: float) -> float:
    """Return the mean seconds for which jobs of others, pushed by then, waited for their slots."""
    lane.slots.advance(until + 7200)
    waits = [
        min(job.granted_at, until + 7200) - job.created_at
        for _, branch in lane.known_branches()
        for job in branch.jobs
        if job.foreign and job.created_at <= until
    ]
    return sum(waits) / len(waits) if waits else math.nan


def _advance(lane: Lane, now: float) -> float:
    lane.slots.advance(now)
    return now
