"""What people use today, against the same service: each returns when every job has ended."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from random import Random
from typing import Any

import anyio
from botocore.exceptions import CapacityNotAvailableError
from botocore.retries.adaptive import ClientRateLimiter, RateClocker
from botocore.retries.bucket import Clock, TokenBucket
from botocore.retries.throttling import CubicCalculator

from scheduler.amplify.port import Answer, CallFailed
from scheduler.model import Target
from tests.simulation.port import Port

POLL = 10.0  #: seconds between two reads of a job
BACKOFF_MOST = 20.0

#: Told of a target's number when the end of its job is noticed.
Noticed = Callable[[int], None]
Start = Callable[[Target], Awaitable[Answer]]


async def semaphore(port: Port, targets: Sequence[Target], random: Random, noticed: Noticed) -> None:
    """32 starts at once, each tried again after exponential backoff with full jitter, without an end."""
    await _with_backoff(port, targets, random, noticed, at_once=32)


async def everything(port: Port, targets: Sequence[Target], random: Random, noticed: Noticed) -> None:
    """All starts at once, with the same backoff."""
    await _with_backoff(port, targets, random, noticed, at_once=len(targets))


async def _with_backoff(
    port: Port, targets: Sequence[Target], random: Random, noticed: Noticed, *, at_once: int
) -> None:
    async def start(target: Target) -> Answer:
        attempt = 0
        while True:
            try:
                return await port.start_job(target, commit_message=None, intent="")
            except CallFailed:
                await anyio.sleep(random.uniform(0, min(BACKOFF_MOST, 2.0**attempt)))
                attempt += 1

    await _release(port, targets, noticed, start, at_once=at_once)


async def botocore_adaptive(port: Port, targets: Sequence[Target], random: Random, noticed: Noticed) -> None:
    """32 starts at once behind botocore's own adaptive rate limiter, and its backoff without an end."""
    clock = _VirtualClock()
    bucket = TokenBucket(max_rate=1, clock=clock)
    limiter = ClientRateLimiter(
        rate_adjustor=CubicCalculator(starting_max_rate=0, start_time=clock.current_time()),
        rate_clocker=RateClocker(clock),
        token_bucket=bucket,
        throttling_detector=_Told(),
        clock=clock,
    )
    limited = False  #: the bucket counts from the first refusal on

    async def start(target: Target) -> Answer:
        nonlocal limited
        attempt = 0
        while True:
            if limited:
                await _take(bucket)
            try:
                answer = await port.start_job(target, commit_message=None, intent="")
            except CallFailed:
                limiter.on_receiving_response(throttled=True)
                limited = True
                await anyio.sleep(min(random.random() * 2.0**attempt, BACKOFF_MOST))
                attempt += 1
            else:
                limiter.on_receiving_response(throttled=False)
                return answer

    await _release(port, targets, noticed, start, at_once=32)


class _VirtualClock(Clock):
    def current_time(self) -> float:
        return anyio.current_time()


class _Told:
    """Stands for the detector of throttling, which would look at a response."""

    def is_throttling_error(self, *, throttled: bool) -> bool:
        return throttled


async def _take(bucket: TokenBucket) -> None:
    """Take a token without blocking the loop."""
    while True:
        try:
            bucket.acquire(block=False)
        except CapacityNotAvailableError:
            await anyio.sleep(max(0.001, (1 - bucket.available_capacity) / bucket.max_rate))
        else:
            return


async def _release(
    port: Port, targets: Sequence[Target], noticed: Noticed, start: Start, *, at_once: int
) -> None:
    room = anyio.Semaphore(at_once)

    async def release(number: int, target: Target) -> None:
        async with room:
            job = (await start(target)).job
        while not job.ended:
            await anyio.sleep(POLL)
            try:
                job = (await port.get_job(target.app, target.branch, job.jobId)).job
            except CallFailed:
                continue
        noticed(number)

    async with anyio.create_task_group() as group:
        for number, target in enumerate(targets):
            group.start_soon(release, number, target)


Habit = Callable[[Port, Sequence[Target], Random, Noticed], Awaitable[Any]]

HABITS: dict[str, Habit] = {
    "semaphore": semaphore,
    "botocore": botocore_adaptive,
    "everything": everything,
}
