"""A process's access to the emulated service, with the transport's faults acted out and everything noted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn

import anyio

from scheduler.amplify import answers
from scheduler.amplify.classify import classify
from scheduler.amplify.failure import Failure
from scheduler.amplify.port import Answer, CallFailed, JobPage, Stage
from scheduler.amplify.user_agent import for_intent
from scheduler.emulator.answers import ApiError
from scheduler.emulator.faults import Disturbance
from scheduler.emulator.identity import caller
from scheduler.model import Job, LaneKey, Target
from scheduler.plan.scenario import FaultKind, Operation

from .history import Cancel, Read, Request
from .life import Life, Point

if TYPE_CHECKING:
    from .world import World

TIMES = ("commitTime", "startTime", "endTime")
_REFUSED = Failure(
    stage=Stage.NOT_SENT,
    operation=Operation.START_JOB,
    causes=("EndpointConnectionError", "ClientConnectorError", "ConnectionRefusedError"),
)


@dataclass
class Port:
    """A lane's access to the service."""

    world: World
    key: LaneKey
    life: Life

    async def start_job(self, target: Target, *, commit_message: str | None, intent: str) -> Answer:
        self.life.reach(Point.SENDING)
        if self.world.unreachable and self.world.random.random() < self.world.unreachable:
            await anyio.sleep(self.world.service.latency())
            raise _failed(_REFUSED)
        request = Request(
            at=anyio.current_time(),
            life=self.life.number,
            intent=intent,
            target=target,
            durable=intent in self.world.disk.intents,
        )
        self.world.history.add(request)
        try:
            found = await self._start(request, commit_message)
        except CallFailed as failure:
            self.life.reach(Point.ANSWERED)
            request.answer, request.status = failure.reason, failure.status
            request.answered_at = anyio.current_time()
            raise
        self.life.reach(Point.ANSWERED)
        request.answer, request.told = "started", found.job.jobId
        request.answered_at = anyio.current_time()
        return found

    async def lookup(self, since: float, until: float, token: str | None) -> dict[str, Any]:
        """Ask CloudTrail for a page of StartJob requests."""
        name = {"AttributeKey": "EventName", "AttributeValue": "StartJob"}
        window = {"StartTime": since, "EndTime": until, "NextToken": token}
        return await self._call(Operation.LOOKUP_EVENTS, {"LookupAttributes": [name], **window})

    async def _start(self, request: Request, commit_message: str | None) -> Answer:
        target = request.target
        parameters = {
            "appId": target.app,
            "branchName": target.branch,
            "jobType": target.job_type.value,
            "jobId": target.job_id,
            "commitMessage": commit_message,
        }
        return self._answer((await self._call(Operation.START_JOB, parameters, request))["jobSummary"])

    async def get_job(self, app: str, branch: str, job_id: str) -> Answer:
        found = await self._call(Operation.GET_JOB, {"appId": app, "branchName": branch, "jobId": job_id})
        detail = answers.failed_step(found["job"]["steps"])
        return replace(self._answer(found["job"]["summary"]), detail=detail)

    async def list_jobs(self, app: str, branch: str, *, down_to: int | None = None) -> JobPage:
        jobs: list[Job] = []
        token: str | None = None
        try:
            while True:
                parameters = {"appId": app, "branchName": branch, "nextToken": token}
                answer = await self._call(Operation.LIST_JOBS, parameters)
                page = [answers.job(_dated(summary)) for summary in answer["jobSummaries"]]
                jobs += page
                token = answer.get("nextToken")
                if token is None or answers.enough(page, down_to=down_to):
                    break
        except CallFailed as failure:
            self._note_read(app, branch, failure.kind)
            raise
        shown = ", ".join(f"{job.jobId} {job.status}" for job in jobs) or "no jobs"
        self._note_read(app, branch, shown, tuple(job.number for job in jobs))
        return JobPage(jobs, self.world.service.date())

    async def stop_job(self, app: str, branch: str, job_id: str) -> None:
        cancel = Cancel(
            at=anyio.current_time(), life=self.life.number, lane=self.key, app=app, branch=branch, job=job_id
        )
        self.world.history.add(cancel)
        await self._call(Operation.STOP_JOB, {"appId": app, "branchName": branch, "jobId": job_id})

    def _note_read(self, app: str, branch: str, answer: str, jobs: tuple[int, ...] | None = None) -> None:
        self.world.history.add(
            Read(
                at=anyio.current_time(),
                life=self.life.number,
                lane=self.key,
                app=app,
                branch=branch,
                answer=answer,
                jobs=jobs,
            )
        )

    def _answer(self, summary: dict[str, Any]) -> Answer:
        return Answer(answers.job(_dated(summary)), self.world.service.date())

    async def _call(
        self, operation: Operation, parameters: dict[str, Any], start: Request | None = None
    ) -> dict[str, Any]:
        """Make one call. A start that has left arrives, whether the process that sent it lives or not."""
        half = self.world.service.latency() / 2
        await anyio.sleep(half)
        if start is None:
            self.life.go_on()
        user_agent = "" if start is None else for_intent(start.intent)
        delivered = self._deliver(operation, parameters, user_agent)
        if start is not None:
            start.call = self.world.service._starts[-1]
            self.life.reach(Point.SENT)
        if isinstance(delivered, Disturbance):
            await _act_out(operation, delivered.fault.kind, delivered.fault.delay)
        await anyio.sleep(half)
        if isinstance(delivered, ApiError):
            raise _failed(
                Failure(
                    stage=Stage.ANSWERED,
                    operation=operation,
                    code=delivered.code,
                    status=delivered.status,
                    message=delivered.message,
                    causes=("ClientError",),
                )
            )
        self.life.go_on()
        return delivered

    def _deliver(
        self, operation: Operation, parameters: dict[str, Any], user_agent: str
    ) -> dict[str, Any] | ApiError | Disturbance:
        given = {name: value for name, value in parameters.items() if value is not None}
        who = caller(self.world.identities.get(self.key.account, self.key.account), self.key.region)
        try:
            return self.world.service.call(operation, who, given, user_agent=user_agent)
        except (ApiError, Disturbance) as failure:
            return failure


async def _act_out(operation: Operation, kind: FaultKind, delay: float) -> NoReturn:
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
