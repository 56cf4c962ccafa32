"""Carry out a run: journal and lock, accounts, signals, progress, engine, report, exit code.

Imported by the running commands only, once they know what to run: everything heavy comes with it.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import anyio
import anyio.abc

from ..counted import counted
from ..engine.clock import Clock, Intents
from ..engine.run import Run
from ..engine.state import Options
from ..errors import ExitCode, JournalError, ReleaseError, innermost
from ..journal.lock import StateLock
from ..journal.sqlite import SqliteJournal
from ..logs import LogFormat
from ..model import FailureBudget, StopCause
from ..plan.scenario import Scenario
from ..progress.choose import choose
from ..progress.watch import watch
from ..report.document import Report
from ..report.formats import check_writable, render_to
from ..report.summary import summarize
from ..settings import Settings
from .face import complain
from .look import show
from .narrowed import narrowed
from .outside import endpoint, opened
from .rescue import rescue
from .streams import silence_stdout
from .voice import Voice, speak


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a running command asks for, apart from the run itself."""

    settings: Settings
    output: str
    reports: tuple[Path, ...]
    emulate: bool
    scenario: Scenario | None = None
    #: Globs of the targets to go on with, and of those to leave alone.
    only: Sequence[str] = ()
    skip: Sequence[str] = ()

    @property
    def endpoint(self) -> str:
        """What the run is recorded with, so that it is never resumed against something else."""
        return endpoint(self.settings, emulate=self.emulate)


#: Opens the run in the journal, or finds the one to go on with; returns its id.
Opening = Callable[[SqliteJournal], str]


def operate(request: Request, opening: Opening) -> ExitCode:
    """Open a run and bring it to its end; write its reports; return its exit code.

    Raises LockHeld, JournalError, UsageError and RunNotFound before anything was sent.
    """
    check_writable(request.reports)
    return anyio.run(_operate, request, opening)


async def _operate(request: Request, opening: Opening) -> ExitCode:
    settings = request.settings
    voice = speak(settings)
    async with StateLock(settings.state_dir).acquired(wait=settings.lock_wait) as lock:
        journal = SqliteJournal.open(settings.state_dir)
        run = ""
        try:
            with journal:
                run = opening(journal)
                lock.note(run)
                if journal.run(run).ended_at is None:
                    await _execute(request, journal, run, voice)
                report = summarize(journal, run)
        except* JournalError as failures:
            # It is closed by now: what it could still take, it has.
            rescue(settings.state_dir, journal.unwritten)
            raise JournalError(f"{innermost(failures)}{_cut(run)}") from None
    return _hand_over(request, report)


def _cut(run: str) -> str:
    on = f". Nothing more was started, jobs in AWS go on; then continue with `amplify-release resume {run}`"
    return on if run else ""


async def _execute(request: Request, journal: SqliteJournal, run: str, voice: Voice) -> None:
    settings, log, stream = request.settings, voice.log, voice.stream
    record = journal.run(run)
    targets = narrowed(journal.targets(run), request.only, request.skip)
    plan = record.plan
    mode = choose(settings.progress, isatty=stream.isatty(), environ=os.environ, output=request.output)
    every = settings.log_format is LogFormat.JSON
    log.info(
        "run.opened",
        sentence=f"run {run}: {counted(len(targets), 'target')} of {plan.name}, {_where(request)}",
        **({"run": run, "targets": len(targets)} if every else {}),
    )
    async with (
        opened(
            settings,
            run,
            [found.target for found in targets],
            plan.accounts,
            emulate=request.emulate,
            scenario=request.scenario,
        ) as accounts,
        watch(
            journal,
            plan,
            mode,
            log,
            stream,
            every=every,
            colour=voice.colour,
            records=targets,
            follow=settings.follow,
        ),
        anyio.create_task_group() as background,
    ):
        engine = Run(
            record,
            targets,
            journal,
            accounts,
            _options(settings, plan.budget, rehearsal=request.emulate),
            Clock(),
            Intents(Clock()),
        )
        await background.start(_heed_signals, engine)
        await engine.execute()
        background.cancel_scope.cancel()


def _where(request: Request) -> str:
    if request.emulate:
        return "rehearsed against the emulator"
    return f"at {request.settings.endpoint_url}" if request.settings.endpoint_url else "at AWS"


def _options(settings: Settings, budget: FailureBudget, *, rehearsal: bool) -> Options:
    return Options(
        earlier=not rehearsal,
        budget=_budget(budget, settings.max_failures),
        follow=settings.follow,
        concurrency=settings.concurrency,
        settle=settings.settle,
        cloudtrail=settings.cloudtrail,
        drain_timeout=settings.drain_timeout,
        poll_interval=settings.poll_interval or 0.0,
        max_runtime=settings.max_runtime,
    )


def _budget(plans: FailureBudget, given: str | None) -> FailureBudget:
    """Return the plan's budget, or the command line's in its place; the least sample is always the plan's."""
    if given is None:
        return plans
    if given.endswith("%"):
        return replace(plans, count=None, percent=float(given[:-1]))
    return replace(plans, count=int(given), percent=None)


async def _heed_signals(engine: Run, *, task_status: anyio.abc.TaskStatus[None]) -> None:
    """Stop the run at the first signal, and leave at once at the second: the journal bears that."""
    heeded = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup asks for hang-ups to be ignored
        heeded.append(signal.SIGHUP)
    with anyio.open_signal_receiver(*heeded) as received:
        task_status.started()
        stopping = False
        async for number in received:
            if stopping:
                os._exit(128 + number)
            stopping = True
            engine.stop(StopCause(number.name), f"{number.name} was received")


def _hand_over(request: Request, report: Report) -> ExitCode:
    """Print and write the report; a report that fails leaves the run's own exit code as it is."""
    try:
        show(report, request.output, request.settings.state_dir)
        sys.stdout.flush()
    except OSError as error:
        # Whoever read stdout has gone, or where it leads is full. The release is done all the same.
        silence_stdout()
        if not isinstance(error, BrokenPipeError):
            complain(f"stdout cannot be written ({error.strerror})")
    for path in request.reports:
        try:
            render_to(path, report)
        except ReleaseError as error:
            complain(str(error))
    code = report.run.exit_code
    assert code is not None
    return ExitCode(code)
