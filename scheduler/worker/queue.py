"""The queue of lanes between those who submit runs and those who work on them: Procrastinate, on PostgreSQL.

It decides who *runs* a lane. Who may *start* in it is decided by the lane's lease alone: a queue cannot know
whether a worker that it takes for lost has only been frozen.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import anyio
import procrastinate
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Job
from procrastinate.schema import SchemaManager

from ..errors import JournalError
from ..journal.postgres.database import Connection
from ..journal.postgres.faults import behind
from ..journal.postgres.shared import PostgresShared
from ..model import LaneKey
from .order import ORDER, Order

_TASK = "lane"

#: "AREL", and one more than the journal's own locks.
_TABLES = 0x4152454E
_MADE = "SELECT FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'procrastinate_jobs'"

#: Seconds before a lane is tried again that met a fault of this program.
_PAUSE = 10

_LOST = "the queue was lost, and nothing says why; start this worker again: its lanes are gone on with"

# It would tell, when a worker ends, of a connection that was lost hours ago: the one by which it hears of new
# lanes at once. It looks for them every two seconds all the same.
logging.getLogger("procrastinate.utils").setLevel(logging.CRITICAL)

#: Works on a lane; returns whether nothing is left to do.
Work = Callable[[Order, LaneKey, Sequence[int]], Awaitable[bool]]


class HandedOver(Exception):
    """What is left of a lane is for another worker."""


class _Again(procrastinate.BaseRetryStrategy):
    """Puts a lane back that has not come to its end, however often: at once if it was handed over."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> procrastinate.RetryDecision | None:
        del job
        handed_over = isinstance(exception, HandedOver | asyncio.CancelledError)
        return procrastinate.RetryDecision(retry_in={"seconds": 0 if handed_over else _PAUSE})


class Queue:
    """The lanes that are to be worked on. Raises JournalError where the journal would."""

    def __init__(self, shared: PostgresShared) -> None:
        self._shared = shared
        self.app = procrastinate.App(connector=procrastinate.PsycopgConnector())

    async def open(self) -> None:
        """Make the queue's tables if need be, and connect it over the journal's own connections."""
        with self._shared.transaction() as connection:
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_TABLES,))
            if not connection.execute(_MADE).fetchall():
                connection.execute(SchemaManager.get_schema())
        await self.app.open_async(await self._shared.pool())

    async def put(
        self,
        order: Order,
        name: str,
        endpoint: str,
        lane: LaneKey,
        positions: Sequence[int],
        connection: Connection,
    ) -> None:
        """Put a lane of a run in, unless it waits there already. One lane's jobs go one after the other.

        `connection` is in a transaction: the lane is in the queue once that is durable.
        """
        job = self.app.configure_task(
            _TASK,
            queue=_queue(endpoint),
            lock=name,
            queueing_lock=f"{order.run} {name}",
            connection=connection,
        )
        try:
            async with connection.transaction():  # a refusal leaves what goes before as it is
                await job.defer_async(
                    order=ORDER.dump_python(order, mode="json"),
                    account=lane.account,
                    region=lane.region,
                    positions=[*positions],
                )
        except AlreadyEnqueued:
            pass
        except ConnectorException as error:
            raise behind(error, self._shared.name) from error

    async def serve(
        self, endpoint: str, work: Work, until: anyio.Event, *, lanes: int, lease: float, patience: float
    ) -> None:
        """Work on the lanes of an endpoint, so many at a time, until told to stop.

        `patience`: seconds for which lanes may take to come to their end then. Raises JournalError once the
        queue is lost.
        """

        @self.app.task(name=_TASK, retry=_Again())
        async def lane(order: Mapping[str, Any], account: str, region: str, positions: list[int]) -> None:
            if not await work(ORDER.validate_python(order), LaneKey(account, region), positions):
                raise HandedOver

        worker = self.app.run_worker_async(
            queues=[_queue(endpoint)],
            concurrency=lanes,
            install_signal_handlers=False,
            shutdown_graceful_timeout=patience,
            fetch_job_polling_interval=2.0,
            abort_job_polling_interval=3600.0,  # runs are cancelled through the journal
            update_heartbeat_interval=0.4 * lease,
            stalled_worker_timeout=1.2 * lease,
            delete_jobs="always",
        )
        serving, told = asyncio.create_task(worker), asyncio.create_task(until.wait())
        await asyncio.wait({serving, told}, return_when=asyncio.FIRST_COMPLETED)
        told.cancel()
        serving.cancel()  # the library's way to stop one: nothing more is fetched, what runs may end
        await asyncio.wait({serving, told})
        if not until.is_set():
            lost = None if serving.cancelled() else serving.exception()
            raise JournalError(_LOST) if lost is None else behind(lost, self._shared.name)

    async def rescue(self, silent: float) -> None:
        """Put lanes back whose worker has not been heard of for so many seconds."""
        with suppress(ConnectorException):
            for job in await self.app.job_manager.get_stalled_jobs(seconds_since_heartbeat=silent):
                with suppress(ConnectorException):  # its worker has just finished it after all
                    await self.app.job_manager.retry_job(job)


def _queue(endpoint: str) -> str:
    """Name the queue of an endpoint: a worker takes only what it can reach with its own settings."""
    return f"lanes-{hashlib.sha256(endpoint.encode()).hexdigest()[:16]}"
