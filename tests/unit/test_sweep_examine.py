"""What `doctor` reads, how often, and what it leaves alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

import anyio.lowlevel

from scheduler.amplify.answers import App, Branch
from scheduler.amplify.port import Answer, CallFailed, JobPage, Kind, Recorded, Stage
from scheduler.model import Account, FrozenPlan, Job, LaneKey, Limits, Target
from scheduler.sweep.examine import examine
from scheduler.sweep.patience import AT_ONCE


def failed(kind: Kind) -> CallFailed:
    return CallFailed(kind, "why", stage=Stage.ANSWERED, operation="GetApp")


@dataclass
class Outside:
    """Accounts and their only lane; `failures` are raised by the calls of that name, in order."""

    id: str = "012345670123"
    failures: dict[str, list[CallFailed]] = field(default_factory=dict)
    jobs: tuple[Job, ...] = ()
    calls: Counter[str] = field(default_factory=Counter)
    peak: int = 0
    _in_flight: int = 0

    async def identity(self, account: str) -> str:
        await self._called("identity")
        return self.id

    async def lane(self, key: LaneKey, *, calls: int) -> Outside:
        await self._called("lane")
        return self

    async def ask_quota(self, key: LaneKey) -> int | None:
        await self._called("quota")
        return 5

    async def recorded(self, key: LaneKey, since: float, until: float) -> list[Recorded]:
        await self._called(f"cloudtrail {since:g} {until:g}")
        return []

    async def get_app(self, app: str) -> App:
        await self._called(f"app {app}")
        return App(id=app, name=app)

    async def get_branch(self, app: str, branch: str) -> Branch:
        await self._called(f"branch {app}/{branch}")
        return Branch(name=branch)

    async def list_jobs(self, app: str, branch: str) -> JobPage:
        await self._called(f"list {app}/{branch}")
        return JobPage(self.jobs, None)

    async def get_job(self, app: str, branch: str, job_id: str) -> Answer:
        await self._called(f"job {app}/{branch}/{job_id}")
        return Answer(self.jobs[0], None)

    async def _called(self, name: str) -> None:
        self.calls[name] += 1
        self._in_flight += 1
        self.peak = max(self.peak, self._in_flight)
        await anyio.lowlevel.checkpoint()
        self._in_flight -= 1
        if self.failures.get(name):
            raise self.failures[name].pop(0)


def plan(*places: str) -> FrozenPlan:
    targets = tuple(
        Target(account="shop", region="eu-west-1", app=app, branch=branch, name=app)
        for app, branch in (place.split("/") for place in places)
    )
    accounts = (Account(name="shop", id="012345670123"), Account(name="unused"))
    return FrozenPlan(name="night", path="", digest="", accounts=accounts, targets=targets)


async def no_sleep(seconds: float) -> None:
    await anyio.lowlevel.checkpoint()


async def test_every_account_app_and_branch_is_read_once_and_one_branch_a_lane_for_its_jobs() -> None:
    outside = Outside(jobs=(Job(jobId="7", status="SUCCEED"),))
    readings = await examine(plan("da/main", "da/dev", "db/main"), outside, no_sleep)
    names = (
        "identity",
        "lane",
        "quota",
        "app da",
        "app db",
        "branch da/main",
        "branch da/dev",
        "branch db/main",
    )
    assert outside.calls == Counter([*names, "list da/main", "job da/main/7"])
    assert readings.identities == {"shop": "012345670123"}
    assert readings.refusals == {}


async def test_nothing_is_read_with_credentials_of_another_account() -> None:
    outside = Outside(id="999999999999")
    readings = await examine(plan("da/main"), outside, no_sleep)
    assert outside.calls == {"identity": 1}
    assert readings.identities == {"shop": "999999999999"}


async def test_an_app_that_is_not_there_is_not_asked_for_branches_or_jobs() -> None:
    outside = Outside(failures={"app da": [failed(Kind.REJECTED)]})
    await examine(plan("da/main", "db/main"), outside, no_sleep)
    assert outside.calls["branch da/main"] == 0
    assert outside.calls["list db/main"] == 1


async def test_an_app_that_may_not_be_looked_at_is_tried_for_what_a_run_reads() -> None:
    refusal = failed(Kind.DENIED)
    outside = Outside(failures={"app da": [failed(Kind.DENIED)], "list da/main": [refusal]})
    readings = await examine(plan("da/main"), outside, no_sleep)
    assert readings.refusals == {LaneKey("shop", "eu-west-1"): refusal}


async def test_other_services_are_asked_only_where_a_run_would_ask_them() -> None:
    refusals = {"quota": [failed(Kind.DENIED)], "cloudtrail 99 100": [failed(Kind.DENIED)]}
    asked = Outside(failures=refusals)
    readings = await examine(plan("da/main"), asked, no_sleep, cloudtrail=True, clock=lambda: 100)
    assert [failure.kind for _, failure in readings.optional] == [Kind.DENIED, Kind.DENIED]
    known = replace(plan("da/main"), limits=Limits(builds=5))
    left_alone = Outside()
    await examine(known, left_alone, no_sleep)
    assert not {"quota", "cloudtrail 99 100"} & left_alone.calls.keys()


async def test_throttled_reads_are_made_again_more_slowly_and_given_up_in_the_end() -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    last = failed(Kind.THROTTLED)
    throttled = [failed(Kind.THROTTLED) for _ in range(4)]
    outside = Outside(failures={"app da": [throttled[0]], "app db": [*throttled, last]})
    readings = await examine(plan("da/main", "db/main"), outside, sleep)
    key = LaneKey("shop", "eu-west-1")
    assert isinstance(readings.apps[key, "da"], App)
    assert readings.apps[key, "db"] is last
    assert sorted(pauses) == [0.5, 0.5, 1.0, 2.0, 4.0]


async def test_a_few_calls_are_in_flight_at_a_time() -> None:
    outside = Outside()
    await examine(plan(*(f"d{number}/main" for number in range(30))), outside, no_sleep)
    assert outside.peak == AT_ONCE
