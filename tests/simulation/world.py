"""A whole run on virtual time: the real engine and the emulator's service, and only time in between."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from random import Random
from typing import Any

import anyio

from scheduler.amplify import answers, trail
from scheduler.amplify.classify import classify
from scheduler.amplify.failure import Failure
from scheduler.amplify.port import Answer, CallFailed, JobPage, Kind, Recorded, Stage
from scheduler.amplify.user_agent import for_intent
from scheduler.emulator.answers import ApiError
from scheduler.emulator.faults import Disturbance
from scheduler.emulator.identity import caller
from scheduler.emulator.service import Service
from scheduler.emulator.truth import Truth
from scheduler.engine.clock import Clock, Intents
from scheduler.engine.run import Run
from scheduler.engine.state import Options
from scheduler.events import RunStarted
from scheduler.journal.disk import MemoryDisk
from scheduler.journal.memory import MemoryJournal
from scheduler.model import FrozenPlan, Job, LaneKey, Target
from scheduler.plan.scenario import FaultKind, Operation, Scenario
from scheduler.report.document import Report
from scheduler.report.summary import summarize

EPOCH = 1_790_000_000.0
TIMES = ("commitTime", "startTime", "endTime")


def target(app: str, branch: str = "main", *, account: str = "default", **fields: Any) -> Target:
    """Make a target with what a test does not care about filled in."""
    return Target(account=account, region="eu-west-1", app=app, branch=branch, name=app, **fields)


def fleet(count: int, **fields: Any) -> tuple[Target, ...]:
    """Make `count` targets on apps of their own."""
    return tuple(target(f"d{number:05}", **fields) for number in range(count))


@dataclass
class World:
    """One service and one journal, on which runs may be carried out one after the other."""

    scenario: Scenario = field(default_factory=Scenario)
    seed: int = 0
    disk: MemoryDisk = field(default_factory=MemoryDisk)
    #: Accounts whose credentials belong to somebody else.
    wrong: frozenset[str] = frozenset()

    #: What Service Quotas answers (None: nothing useful), and after how many seconds.
    quota_told: int | None = None
    quota_after: float = 0.0

    def __post_init__(self) -> None:
        self.clock = Clock(now=_now, wall=lambda: EPOCH + _now())
        self.intents = Intents(self.clock, Random(self.seed))
        self.service = Service(self.scenario, now=_now, epoch=EPOCH + _now())
        self.journal = MemoryJournal(self.disk)
        self.refreshed = 0
        self.lives = 0

    async def verify(self, account: str) -> None:
        if account in self.wrong:
            reason = f"the credentials of {account} belong to another account"
            raise CallFailed(Kind.CREDENTIALS, reason, stage=Stage.ANSWERED, operation="GetCallerIdentity")

    async def lane(self, key: LaneKey, *, calls: int) -> Port:
        del calls
        return Port(self, key, self.lives)

    async def quota(self, key: LaneKey) -> int | None:
        del key
        await anyio.sleep(self.quota_after)
        return self.quota_told

    async def recorded(self, key: LaneKey, since: float, until: float) -> list[Recorded]:
        port, found = Port(self, key, self.lives), list[Recorded]()
        token: str | None = None
        while True:
            page = await port.lookup(since, until, token)
            found += trail.read(page["Events"])
            token = page.get("NextToken")
            if token is None:
                return found
            await anyio.sleep(trail.PAUSE)

    async def refresh(self, account: str) -> None:
        del account
        self.refreshed += 1

    @property
    def truth(self) -> Truth:
        return self.service.truth()

    def open(self, targets: Sequence[Target], *, follow: bool = True, **plan: Any) -> str:
        """Open a run in the journal; return its id."""
        run = self.intents.new()
        frozen = FrozenPlan(
            name="night", path="night.yaml", digest="sha256:0", targets=tuple(targets), **plan
        )
        self.journal.open_run(
            run,
            RunStarted(at=self.clock.wall(), plan=frozen, endpoint="emulator", version="0", follow=follow),
        )
        return run

    def reopen(self, run: str, *, follow: bool = True) -> None:
        """Open a run again, as `resume` does."""
        record = self.journal.run(run)
        self.journal.open_run(
            run,
            RunStarted(
                at=self.clock.wall(),
                plan=record.plan,
                endpoint="emulator",
                version="0",
                follow=follow,
                resumed=True,
            ),
        )

    def engine(self, run: str, **options: Any) -> Run:
        """Make the engine of an opened run."""
        record = self.journal.run(run)
        records = list(self.journal.targets(run))
        chosen = replace(Options(follow=record.follow, budget=record.plan.budget), **options)
        return Run(record, records, self.journal, self, chosen, self.clock, self.intents)

    async def carry_out(self, run: str, **options: Any) -> Report:
        """Bring an opened run to its end; return its report."""
        await self.engine(run, **options).execute()
        return summarize(self.journal, run)

    async def release(self, targets: Sequence[Target], *, plan: Any = None, **options: Any) -> Report:
        """Open a run and bring it to its end; return its report."""
        run = self.open(targets, follow=options.get("follow", True), **(plan or {}))
        return await self.carry_out(run, **options)

    async def kill(self, run: str, at: float, **options: Any) -> None:
        """Carry a run out for `at` seconds, and let it vanish there without a word, as kill -9 does."""
        task = asyncio.create_task(self.engine(run, **options).execute())
        await anyio.sleep(at)
        # Whatever the dying tasks still write goes to a journal that nobody reads, and no call gets out.
        self.journal.disk = copy.deepcopy(self.disk)
        self.lives += 1
        task.cancel()
        with suppress(asyncio.CancelledError, BaseExceptionGroup):
            await task
        self.journal = MemoryJournal(self.disk)


def _now() -> float:
    return asyncio.get_running_loop().time()


class Killed(BaseException):
    """The process that makes this call was killed."""


@dataclass
class Port:
    """A lane's access to the service, with the transport's faults acted out."""

    world: World
    key: LaneKey
    life: int

    @property
    def service(self) -> Service:
        return self.world.service

    async def start_job(self, target: Target, *, commit_message: str | None, intent: str) -> Answer:
        parameters = {
            "appId": target.app,
            "branchName": target.branch,
            "jobType": target.job_type.value,
            "jobId": target.job_id,
            "commitMessage": commit_message,
        }
        answer = await self._call(Operation.START_JOB, parameters, for_intent(intent))
        return self._answer(answer["jobSummary"])

    async def get_job(self, app: str, branch: str, job_id: str) -> Answer:
        found = await self._call(Operation.GET_JOB, {"appId": app, "branchName": branch, "jobId": job_id})
        detail = answers.failed_step(found["job"]["steps"])
        return replace(self._answer(found["job"]["summary"]), detail=detail)

    async def list_jobs(self, app: str, branch: str, *, down_to: int | None = None) -> JobPage:
        jobs: list[Job] = []
        token: str | None = None
        while True:
            answer = await self._call(
                Operation.LIST_JOBS, {"appId": app, "branchName": branch, "nextToken": token}
            )
            page = [answers.job(_dated(summary)) for summary in answer["jobSummaries"]]
            jobs += page
            token = answer.get("nextToken")
            if token is None or answers.enough(page, down_to=down_to):
                return JobPage(jobs, self.service.date())

    async def stop_job(self, app: str, branch: str, job_id: str) -> None:
        await self._call(Operation.STOP_JOB, {"appId": app, "branchName": branch, "jobId": job_id})

    async def lookup(self, since: float, until: float, token: str | None) -> dict[str, Any]:
        """Ask CloudTrail for a page of StartJob requests."""
        name = {"AttributeKey": "EventName", "AttributeValue": "StartJob"}
        window = {"StartTime": since, "EndTime": until, "NextToken": token}
        return await self._call(Operation.LOOKUP_EVENTS, {"LookupAttributes": [name], **window})

    def _answer(self, summary: dict[str, Any]) -> Answer:
        return Answer(answers.job(_dated(summary)), self.service.date())

    async def _call(
        self, operation: Operation, parameters: dict[str, Any], user_agent: str = ""
    ) -> dict[str, Any]:
        given = {name: value for name, value in parameters.items() if value is not None}
        half = self.service.latency() / 2
        await anyio.sleep(half)
        if self.life != self.world.lives:
            raise Killed
        try:
            by = caller(self.key.account, self.key.region)
            answer = self.service.call(operation, by, given, user_agent=user_agent)
        except ApiError as error:
            await anyio.sleep(half)
            raise _failed(
                Failure(
                    stage=Stage.ANSWERED,
                    operation=operation,
                    code=error.code,
                    status=error.status,
                    message=error.message,
                    causes=("ClientError",),
                )
            ) from None
        except Disturbance as disturbance:
            await _act_out(operation, disturbance.fault.kind, disturbance.fault.delay)
        await anyio.sleep(half)
        return answer


async def _act_out(operation: Operation, kind: FaultKind, delay: float) -> None:
    match kind:
        case FaultKind.HANG_BEFORE | FaultKind.HANG_AFTER:
            await anyio.sleep(delay)
            causes: tuple[str, ...] = ("ReadTimeoutError", "SocketTimeoutError")
        case FaultKind.REDIRECT:
            causes = ("HTTPClientError", "RedirectRefused")
        case FaultKind.EMPTY | FaultKind.GARBAGE:
            causes = ("Unusable",)
        case _:
            causes = ("EndpointConnectionError", "ClientOSError")
    raise _failed(Failure(stage=Stage.SENT, operation=operation, causes=causes))


def _failed(failure: Failure) -> CallFailed:
    kind, reason = classify(failure)
    return CallFailed(
        kind,
        reason,
        stage=failure.stage,
        operation=failure.operation,
        code=failure.code,
        status=failure.status,
        message=failure.message,
    )


def _dated(summary: dict[str, Any]) -> dict[str, Any]:
    dates = {name: datetime.fromtimestamp(summary[name], UTC) for name in TIMES if name in summary}
    return summary | dates
