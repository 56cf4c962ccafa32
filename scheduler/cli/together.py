"""A run whose journal many hosts share: its lanes are worked on here, or by a fleet, and shown here."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import replace
from functools import partial
from signal import Signals

import anyio
import anyio.abc

from ..amplify.accounts import Accounts
from ..errors import ExitCode, JournalAway, JournalError, LockHeld, innermost
from ..journal.absence import Absence
from ..journal.listeners import Listeners
from ..journal.port import RunRecord, TargetRecord
from ..journal.postgres.journal import PostgresJournal
from ..journal.postgres.shared import PostgresShared
from ..model import LaneKey, Outcome, StopCause, Target
from ..report.awaited import idle
from ..report.document import Report
from ..report.summary import summarize
from ..signals import heed, heeded
from ..worker.lanes import announce
from ..worker.order import Order
from ..worker.process import end
from ..worker.submit import hear, submit, todo
from .face import complain
from .journals import sharing
from .lanes import lanes_here
from .narrowed import narrowed
from .outside import opened
from .request import Opening, Request, cut
from .shown import shown
from .voice import Voice

#: Seconds within which a worker takes a lane of a run, if there is one with room.
_SOON = 10.0


class _Unwatched(JournalError):
    """A run that a fleet has cannot be watched any more."""


async def carry_out(
    request: Request, opening: Opening, voice: Voice
) -> tuple[Report | None, ExitCode | None]:
    """Open a run and bring it to its end, or watch a fleet do so; return its report.

    The exit code is given where a signal ended the watching, not the run; then there may be no report. Raises
    JournalError, LockHeld, UsageError and RunNotFound.
    """
    async with sharing(request.settings) as shared:
        with closing(shared.journal()) as journal:
            run = await _opened(journal, opening, max(request.settings.lock_wait, request.settings.lease))
            record, code = journal.run(run), None
            record = replace(record, fleet=record.fleet or request.fleet)  # it is about to be given to one
            try:
                if record.ended_at is None:
                    code = await _execute(request, shared, record, journal, voice)
            except* _Unwatched as failures:
                raise innermost(failures) from None
            except* JournalError as failures:
                raise cut(record, failures) from None
            try:
                return summarize(journal, run, at_work=journal.at_work()), code
            except JournalAway:
                if code is None:
                    raise
                return None, code  # who asks to go must not wait for the journal


async def _opened(journal: PostgresJournal, opening: Opening, patience: float) -> str:
    """Open the run once nobody works on it: a process that has died keeps its lanes for one more lease."""
    deadline = anyio.current_time() + patience
    while True:
        try:
            return opening(journal)
        except LockHeld:
            if anyio.current_time() >= deadline:
                raise
            await anyio.sleep(0.5)


async def _execute(
    request: Request, shared: PostgresShared, record: RunRecord, journal: PostgresJournal, voice: Voice
) -> ExitCode | None:
    records = narrowed(journal.targets(record.id), request.only, request.skip)
    lanes = todo(records)
    order = Order(
        run=record.id,
        options=request.options(record.plan.budget),
        begun_at=time.time(),
        before=_settled(await shared.outcomes(record.id)),
    )
    seen = await shared.newest(record.id)
    heard = Listeners()
    causes: list[StopCause] = []
    async with shown(heard, record, records, request, voice), anyio.create_task_group() as background:

        def detach(cause: StopCause, reason: str) -> None:
            del reason
            causes.append(cause)
            background.cancel_scope.cancel()

        if request.fleet:
            await submit(shared, record, order, lanes)
            background.start_soon(_miss_workers, journal, record, lanes, voice)
            await background.start(heed, heeded(), detach)
        else:
            await background.start(_work, request, shared, record, order, records, lanes, voice)
        absence = Absence(partial(_warn, voice, "journal.away"))
        try:
            await hear(partial(shared.happened, record.id, seen), order, heard.tell, absence)
        except JournalError as error:
            raise (_Unwatched(f"{error}. {_goes_on(record.id)}") if request.fleet else error) from error
        background.cancel_scope.cancel()
    if not causes:
        return None
    complain(_goes_on(record.id))
    return ExitCode(128 + Signals[causes[0]])


def _goes_on(run: str) -> str:
    return f"run {run} goes on without this process; `amplify-release status {run} --watch` shows it"


def _warn(voice: Voice, event: str, sentence: str) -> None:
    voice.log.warning(event, sentence=sentence)


def _settled(outcomes: dict[Outcome, int]) -> dict[Outcome, int]:
    """Return the ends that stay; what is unresolved is looked for again, and counts again."""
    return {outcome: count for outcome, count in outcomes.items() if outcome is not Outcome.UNRESOLVED}


async def _miss_workers(
    journal: PostgresJournal, record: RunRecord, lanes: Collection[LaneKey], voice: Voice
) -> None:
    """Say so if nobody has begun to work on the run after a while."""
    await anyio.sleep(_SOON)
    with suppress(JournalError):
        if sentence := idle(record, lanes, journal.at_work()):
            _warn(voice, "workers.missed", sentence)


async def _work(
    request: Request,
    shared: PostgresShared,
    record: RunRecord,
    order: Order,
    records: Sequence[TargetRecord],
    lanes: dict[LaneKey, list[int]],
    voice: Voice,
    *,
    task_status: anyio.abc.TaskStatus[None],
) -> None:
    """Work on all lanes of the run in this process."""
    async with opened(
        request.settings,
        record.id,
        [found.target for found in records],
        record.plan.accounts,
        emulate=request.emulate,
        scenario=request.scenario,
    ) as accounts:

        @asynccontextmanager
        async def same(record: RunRecord, targets: Sequence[Target]) -> AsyncIterator[Accounts]:
            del record, targets
            yield accounts

        here = lanes_here(shared, same, request.settings, voice)
        async with anyio.create_task_group() as beside:

            def stop(cause: StopCause, reason: str) -> None:
                here.leave(cause, reason)
                beside.start_soon(announce, shared, record.id, (cause, reason))

            await beside.start(heed, heeded(), stop)
            beside.start_soon(here.oversee)
            task_status.started()
            async with anyio.create_task_group() as working:
                for lane, positions in lanes.items():
                    working.start_soon(here.work, order, lane, positions)
            await end(shared, record.id)
            beside.cancel_scope.cancel()
