"""The command that stops a run's jobs: cancel."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import click

from ..errors import ExitCode, LockHeld, UsageError
from . import options
from .ask import insist

if TYPE_CHECKING:
    from ..journal.port import Journal, RunRecord, TargetRecord
    from ..settings import Settings
    from ..sweep.cancel import Stopped


@click.command()
@click.argument("run", required=False)
@options.journal
@options.output
@options.narrowing
@options.service
@options.yes
def cancel(run: str | None, **given: Any) -> None:
    """Stop the jobs of RUN (default: the newest) in AWS.

    Only jobs that have not ended, and that StartJob's reply, the marker or CloudTrail proves to be the run's
    own, are stopped; what is left alone is shown with the reason. A run that still goes on has to be
    interrupted first, unless its journal is shared: then it is told to stop, wherever it is worked on.
    """
    import anyio

    raise SystemExit(anyio.run(_cancel, run, options.settings_of(given), given))


async def _cancel(run: str | None, settings: Settings, given: dict[str, Any]) -> ExitCode:
    from .narrowed import narrowed
    from .voice import speak

    speak(settings)
    ready = _halted if settings.journal is not None else _locked
    async with ready(run, settings, given) as (journal, record):
        chosen = narrowed(journal.targets(record.id), given["only"], given["skip"])
        return await _stop(journal, record, chosen, settings, given)


@asynccontextmanager
async def _locked(
    run: str | None, settings: Settings, given: dict[str, Any]
) -> AsyncIterator[tuple[Journal, RunRecord]]:
    """Keep runs out of the state directory. Raises LockHeld if one works in it."""
    from ..journal.sqlite.journal import SqliteJournal
    from ..journal.sqlite.lock import StateLock

    del given
    advice = "interrupt it first (Ctrl-C, or kill -INT and its pid): its jobs go on, and cancel stops them"
    async with StateLock(settings.state_dir).acquired(advice=advice) as lock:
        with SqliteJournal.open(settings.state_dir) as journal:
            record = journal.run(run)
            lock.note(record.id)
            _check_endpoint(record, settings)
            yield journal, record


@asynccontextmanager
async def _halted(
    run: str | None, settings: Settings, given: dict[str, Any]
) -> AsyncIterator[tuple[Journal, RunRecord]]:
    """Let whoever works on the run start nothing more, and wait until nobody does."""
    from contextlib import closing

    from .journals import sharing

    async with sharing(settings) as shared:
        from ..worker.halt import halt

        with closing(shared.journal()) as journal:
            record = journal.run(run)
            _check_endpoint(record, settings)
            if record.id in journal.at_work().alive:
                if given["only"] or given["skip"]:
                    raise LockHeld(f"run {record.id} goes on: cancel all of it, or wait for its end")
                insist(f"Run {record.id} goes on. Stop it?", (), yes=given["yes"], what="cancel")
                await halt(shared, record.id)
            yield journal, record


def _check_endpoint(record: RunRecord, settings: Settings) -> None:
    from ..model import EMULATOR
    from .outside import endpoint, same_endpoint

    if record.endpoint == EMULATOR:
        raise UsageError(f"run {record.id} was rehearsed: its jobs ended with its emulator")
    same_endpoint(record.id, record.endpoint, endpoint(settings, emulate=False))


async def _stop(
    journal: Journal,
    run: RunRecord,
    records: Sequence[TargetRecord],
    settings: Settings,
    given: dict[str, Any],
) -> ExitCode:
    import time

    from ..spoken import counted
    from ..sweep.cancel import Stopped, StopResult, consider, events, stop
    from .outside import opened

    decisions = [
        (record, decision) for record in records if (decision := consider(record, run.told)) is not None
    ]
    results = {
        record.position: (record, Stopped(result=StopResult.LEFT, reason=decision.reason))
        for record, decision in decisions
        if not decision.stop
    }
    wanted = [record for record, decision in decisions if decision.stop]

    def done(record: TargetRecord, stopped: Stopped) -> None:
        results[record.position] = record, stopped
        for event in events(record, stopped, time.time()):
            journal.record(event)

    if wanted:
        insist(
            f"Stop {counted(len(wanted), 'job')} of run {run.id} at {run.endpoint}?",
            (f"{record.target.key}  {decision.reason}" for record, decision in decisions if decision.stop),
            yes=given["yes"],
            what="cancel",
        )
        journal.amend(run.id)
        targets = [record.target for record in wanted]
        async with opened(settings, run.id, targets, run.plan.accounts) as accounts:
            await stop(wanted, accounts, done)
        journal.flush()
    _show([results[position] for position in sorted(results)], given["output"])
    if not wanted:
        click.echo(f"run {run.id} has no job that could be stopped", err=True)
    left = any(stopped.result is StopResult.NOT_STOPPED for _, stopped in results.values())
    return ExitCode.FAILED if left else ExitCode.SUCCEEDED


def _show(results: Sequence[tuple[TargetRecord, Stopped]], output: str) -> None:
    import json

    from ..printable import printable
    from ..spoken import spoken

    if output == "text":
        for record, stopped in results:
            click.echo(printable(f"{spoken(stopped.result):<13}  {record.target.key}  {stopped.reason}"))
        return
    rows = [_row(record, stopped) for record, stopped in results]
    if output == "json":
        click.echo(json.dumps(rows, indent=2))
    else:
        for row in rows:
            click.echo(json.dumps(row))


def _row(record: TargetRecord, stopped: Stopped) -> dict[str, str | None]:
    target, job = record.target, stopped.job or record.job
    return {
        "account": target.account,
        "region": target.region,
        "app": target.app,
        "branch": target.branch,
        "result": stopped.result,
        "reason": stopped.reason,
        "job": None if job is None else job.jobId,
        "status": None if job is None else job.status,
    }
