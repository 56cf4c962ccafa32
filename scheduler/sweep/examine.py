"""Read what there is to know about a plan's accounts, apps and branches; nothing is changed anywhere."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Protocol, TypeVar

import anyio

from ..amplify.answers import App, Branch
from ..amplify.port import Answer, CallFailed, JobPage, Kind, Recorded
from ..model import Account, FrozenPlan, LaneKey, Target
from .findings import Readings
from .patience import AT_ONCE, Sleep, few_at_a_time, patiently

#: Seconds of CloudTrail's records that are asked for to see whether it answers.
_MOMENT = 1.0

Value = TypeVar("Value")
Targets = Sequence[Target]


class Lane(Protocol):
    """The reads of one lane. Every method raises `CallFailed`."""

    async def get_app(self, app: str) -> App: ...

    async def get_branch(self, app: str, branch: str) -> Branch: ...

    async def list_jobs(self, app: str, branch: str) -> JobPage: ...

    async def get_job(self, app: str, branch: str, job_id: str) -> Answer: ...


class Accounts(Protocol):
    """The plan's accounts. Every method raises `CallFailed`."""

    async def identity(self, account: str) -> str: ...

    async def lane(self, key: LaneKey, *, calls: int) -> Lane: ...

    async def ask_quota(self, key: LaneKey) -> int | None: ...

    async def recorded(self, key: LaneKey, since: float, until: float) -> Sequence[Recorded]: ...


async def examine(
    plan: FrozenPlan,
    accounts: Accounts,
    sleep: Sleep = anyio.sleep,
    *,
    cloudtrail: bool = False,
    clock: Callable[[], float] = time.time,
) -> Readings:
    """Read what `judge` needs, a few accounts and a few apps of each at a time.

    Where the credentials are missing or another account's, nothing is read with them. An app that is not
    there is not asked for its branches. One branch of each lane shows whether ListJobs is permitted, and
    GetJob if the branch has had a job; StartJob cannot be tried without starting something. Service Quotas is
    asked where the limit of jobs is to be learned, and CloudTrail if the run is to ask it (`cloudtrail`).
    `clock` gives seconds since the epoch.
    """
    readings = Readings()
    optional: list[Callable[[LaneKey], Awaitable[object]]] = []
    if plan.limits.builds is None:
        optional.append(accounts.ask_quota)
    if cloudtrail:
        now = clock()
        optional.append(partial(accounts.recorded, since=now - _MOMENT, until=now))
    lanes: dict[LaneKey, list[Target]] = {}
    for target in plan.targets:
        lanes.setdefault(target.lane, []).append(target)

    async def of_account(account: Account) -> None:
        found = await _tried(lambda: accounts.identity(account.name), sleep)
        readings.identities[account.name] = found
        if isinstance(found, CallFailed) or account.id not in {None, found}:
            return
        for key, targets in lanes.items():
            if key.account == account.name:
                await _examine_lane(accounts, key, targets, readings, sleep)
                for question in optional:
                    answer = await _tried(partial(question, key), sleep)
                    if isinstance(answer, CallFailed):
                        readings.optional.append((key, answer))

    used = {key.account for key in lanes}
    await few_at_a_time((account for account in plan.accounts if account.name in used), of_account)
    return readings


async def _examine_lane(
    accounts: Accounts, key: LaneKey, targets: Targets, readings: Readings, sleep: Sleep
) -> None:
    lane = await _tried(lambda: accounts.lane(key, calls=AT_ONCE), sleep)
    if isinstance(lane, CallFailed):
        readings.refusals[key] = lane
        return
    apps: dict[str, list[Target]] = {}
    for target in targets:
        apps.setdefault(target.app, []).append(target)

    async def of_app(app: str) -> None:
        found = await _tried(lambda: lane.get_app(app), sleep)
        readings.apps[key, app] = found
        if _absent(found):
            return
        for target in apps[app]:
            reading = await _tried(partial(lane.get_branch, app, target.branch), sleep)
            readings.branches[key, app, target.branch] = reading

    await few_at_a_time(apps, of_app)
    there = [
        target
        for target in targets
        if not _absent(readings.apps[key, target.app])
        and not _absent(readings.branches[key, target.app, target.branch])
    ]
    if there:
        refusal = await _tried(lambda: _jobs(lane, there[0]), sleep)
        if refusal is not None:
            readings.refusals[key] = refusal


async def _jobs(lane: Lane, target: Target) -> None:
    """Make the reads that a run makes."""
    page = await lane.list_jobs(target.app, target.branch)
    if page.jobs:
        await lane.get_job(target.app, target.branch, page.jobs[0].jobId)


def _absent(reading: object) -> bool:
    """Whether what was asked for is not there, as far as is known; a denial leaves that open."""
    return isinstance(reading, CallFailed) and reading.kind is Kind.REJECTED


async def _tried(call: Callable[[], Awaitable[Value]], sleep: Sleep) -> Value | CallFailed:
    try:
        return await patiently(call, sleep)
    except CallFailed as failure:
        return failure
