"""The real service behind the port: one aiobotocore client a lane, one request a call."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from ..model import Target
from . import answers
from .answers import App, Branch, Unusable
from .calls import attempt
from .port import Answer, JobPage

if TYPE_CHECKING:
    from types_aiobotocore_amplify import AmplifyClient as Service

#: Seconds until a call is given up, however alive its connection is.
DEADLINE = 60.0

#: The most that ListJobs and ListBranches give at a time, and ListApps.
_JOBS = 50
_APPS = 100

T = TypeVar("T")


class AmplifyClient:
    """One lane's access to Amplify. Every method raises `CallFailed`.

    `Accounts` makes it, with a `service` of one attempt a call: the SDK's default sends a StartJob up to five
    times. `clock` gives seconds since the epoch.
    """

    def __init__(
        self, service: Service, *, deadline: float = DEADLINE, clock: Callable[[], float] = time.time
    ) -> None:
        self._service = service
        self._deadline = deadline
        self._clock = clock

    async def start_job(self, target: Target, *, commit_message: str | None, intent: str) -> Answer:
        """Send exactly one StartJob request, whatever happens to it."""
        request: dict[str, Any] = {
            "appId": target.app,
            "branchName": target.branch,
            "jobType": target.job_type.value,
            "jobId": target.job_id,
            "jobReason": target.reason,
            "commitId": target.commit_id,
            "commitMessage": commit_message,
            "commitTime": target.commit_time,
        }
        given = {name: value for name, value in request.items() if value is not None}

        async def call() -> Answer:
            response: Any = await self._service.start_job(**given)
            return Answer(answers.job(response.get("jobSummary")), answers.server_at(response))

        return await self._make("StartJob", call, intent)

    async def get_job(self, app: str, branch: str, job_id: str) -> Answer:
        """Read one job."""

        async def call() -> Answer:
            response: Any = await self._service.get_job(appId=app, branchName=branch, jobId=job_id)
            job = response.get("job") or {}
            return Answer(
                answers.job(job.get("summary")),
                answers.server_at(response),
                answers.failed_step(job.get("steps")),
            )

        return await self._make("GetJob", call)

    async def list_jobs(self, app: str, branch: str, *, down_to: int | None = None) -> JobPage:
        """Read a branch's jobs, page by page, down to a job id; None: the newest are enough."""
        jobs, server_at = await self._list(
            "ListJobs",
            self._service.list_jobs,
            {"appId": app, "branchName": branch, "maxResults": _JOBS},
            "jobSummaries",
            answers.job,
            partial(answers.enough, down_to=down_to),
        )
        return JobPage(jobs, server_at)

    async def stop_job(self, app: str, branch: str, job_id: str) -> None:
        """Ask for a job to be cancelled. Only ever called for jobs proven to be our own."""
        await self._make(
            "StopJob", lambda: self._service.stop_job(appId=app, branchName=branch, jobId=job_id)
        )

    async def get_app(self, app: str) -> App:
        """Read one app."""

        async def call() -> App:
            response: Any = await self._service.get_app(appId=app)
            return answers.app(response.get("app"))

        return await self._make("GetApp", call)

    async def get_branch(self, app: str, branch: str) -> Branch:
        """Read one branch."""

        async def call() -> Branch:
            response: Any = await self._service.get_branch(appId=app, branchName=branch)
            return answers.branch(response.get("branch"))

        return await self._make("GetBranch", call)

    async def list_apps(self) -> list[App]:
        """Read all apps of the lane."""
        apps, _ = await self._list(
            "ListApps", self._service.list_apps, {"maxResults": _APPS}, "apps", answers.app
        )
        return apps

    async def list_branches(self, app: str) -> list[Branch]:
        """Read all branches of an app."""
        branches, _ = await self._list(
            "ListBranches",
            self._service.list_branches,
            {"appId": app, "maxResults": _JOBS},
            "branches",
            answers.branch,
        )
        return branches

    async def _make(self, operation: str, call: Callable[[], Awaitable[T]], intent: str = "") -> T:
        return await attempt(operation, call, deadline=self._deadline, clock=self._clock, intent=intent)

    async def _list(
        self,
        operation: str,
        method: Callable[..., Awaitable[Any]],
        request: dict[str, Any],
        items: str,
        read: Callable[[Any], T],
        enough: Callable[[Sequence[T]], bool] = lambda page: not page and False,
    ) -> tuple[list[T], float | None]:
        """Read pages until there are no more or one is `enough`; the clock is that of the last answer."""

        async def page() -> tuple[list[T], float | None, str | None]:
            response = await method(**request)
            if items not in response:  # an empty 200 must not pass for an empty list
                raise Unusable(f"the answer has no {items}")
            token = response.get("nextToken")
            if token and token == request.get("nextToken"):
                raise Unusable("the pages go round in a circle")
            return [read(item) for item in response[items]], answers.server_at(response), token

        found: list[T] = []
        while True:
            page_items, server_at, token = await self._make(operation, page)
            found += page_items
            if not token or enough(page_items):
                return found, server_at
            request["nextToken"] = token
