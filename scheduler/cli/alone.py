"""A run carried out by this process alone, with the journal of its state directory."""

from __future__ import annotations

import anyio

from ..engine.clock import Clock, Intents
from ..engine.run import Run
from ..errors import JournalError
from ..journal.port import RunRecord
from ..journal.sqlite.journal import SqliteJournal
from ..journal.sqlite.lock import StateLock
from ..report.document import Report
from ..report.summary import summarize
from ..signals import heed, heeded
from .narrowed import narrowed
from .outside import opened
from .request import Opening, Request, cut
from .rescue import rescue
from .shown import shown
from .voice import Voice

SPACING = 0.1  #: seconds between two commits to the journal: starts that come together share one


async def carry_out(request: Request, opening: Opening, voice: Voice) -> Report:
    """Open a run and bring it to its end. Raises LockHeld, JournalError, UsageError and RunNotFound."""
    settings = request.settings
    async with StateLock(settings.state_dir).acquired(wait=settings.lock_wait) as lock:
        journal = SqliteJournal.open(settings.state_dir, spacing=SPACING)
        record: RunRecord | None = None
        try:
            with journal:
                record = journal.run(opening(journal))
                lock.note(record.id)
                if record.ended_at is None:
                    await _execute(request, journal, record, voice)
                return summarize(journal, record.id)
        except* JournalError as failures:
            # It is closed by now: what it could still take, it has.
            rescue(settings.state_dir, journal.unwritten)
            raise cut(record, failures) from None


async def _execute(request: Request, journal: SqliteJournal, record: RunRecord, voice: Voice) -> None:
    records = narrowed(journal.targets(record.id), request.only, request.skip)
    async with (
        opened(
            request.settings,
            record.id,
            [found.target for found in records],
            record.plan.accounts,
            emulate=request.emulate,
            scenario=request.scenario,
        ) as accounts,
        shown(journal, record, records, request, voice),
        anyio.create_task_group() as background,
    ):
        options = request.options(record.plan.budget)
        engine = Run(record, records, journal, accounts, options, Clock(), Intents(Clock()))
        await background.start(heed, heeded(), engine.stop)
        await engine.execute()
        background.cancel_scope.cancel()
