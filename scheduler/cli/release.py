"""The commands that start jobs: run, resume, retry."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from ..errors import LockHeld
from ..spoken import counted, counted_targets
from . import options
from .ask import ask, insist

if TYPE_CHECKING:
    from ..events import IntentAbandoned
    from ..journal.port import Journal, RunRecord
    from ..model import FrozenPlan
    from ..plan.scenario import Scenario
    from ..settings import Settings
    from .request import Request


@click.command()
@click.argument("plan")
@options.running
@click.option(
    "--resume-or-start",
    is_flag=True,
    help="Go on with this plan's newest run if it was cut, else start a new one; for cron.",
)
def run(plan: str, *, resume_or_start: bool, **given: Any) -> None:
    """Start a job for every target of PLAN, follow all, and report.

    PLAN may also be what `plan --out` wrote: then exactly that is started.
    """
    from ..plan.load import load_plan
    from ..plan.select import narrowed

    settings = options.settings_of(given)
    frozen, scenario = load_plan(plan, region=settings.region)
    frozen = narrowed(frozen, given["only"], given["skip"])
    request = _request(settings, given, scenario)
    ask(
        f"Start {counted_targets(frozen.targets)} {request.where}?",
        yes=given["yes"] or given["emulate"],
    )

    def opening(journal: Journal) -> str:
        if resume_or_start and (cut := _cut_run(journal, frozen)) is not None:
            return _resumed(journal, cut, request)
        return _opened(journal, frozen, request)

    _carry_out(request, opening)


@click.command()
@click.argument("run", required=False)
@options.running
@click.option(
    "--restart-unresolved",
    is_flag=True,
    help="Send unresolved starts again: each may make a second job. Look at the branches first.",
)
def resume(run: str | None, *, restart_unresolved: bool, **given: Any) -> None:
    """Go on with RUN (default: the newest) from the journal.

    The plan file is not read. What was not started is started, what was started is followed, and what is in
    doubt is looked for and never sent again by itself.
    """
    settings = options.settings_of(given)
    request = _request(settings, given)

    def opening(journal: Journal) -> str:
        record = _at_rest(journal, run)
        doubts = _doubts_given_up(journal, record.id, given) if restart_unresolved else []
        if record.ended_at is not None and not _anything_left(journal, record.id):
            return record.id
        _resumed(journal, record.id, request)
        for doubt in doubts:
            journal.record(doubt)
        journal.flush()
        return record.id

    _carry_out(request, opening)


def _anything_left(journal: Journal, run: str) -> bool:
    """Whether a run that has ended left something to go on with; if not, its end stays as it is."""
    from ..engine.disposition import Need, dispose

    return any(dispose(record).need is not Need.NOTHING for record in journal.targets(run))


@click.command()
@click.argument("run", required=False)
@options.running
def retry(run: str | None, **given: Any) -> None:
    """Begin a new run of what failed in RUN (default: the newest).

    Unresolved targets are never among them: `resume` looks for their jobs.
    """
    settings = options.settings_of(given)
    request = _request(settings, given)

    def opening(journal: Journal) -> str:
        from ..model import FAILURES, Outcome
        from ..plan.select import narrow, with_targets
        from .outside import same_endpoint

        record = _at_rest(journal, run)
        failed = tuple(
            found.target
            for found in journal.targets(record.id)
            if found.outcome in FAILURES and found.outcome is not Outcome.UNRESOLVED
        )
        targets = narrow(failed, given["only"], given["skip"]) if failed else failed
        frozen = with_targets(record.plan, targets)
        same_endpoint(record.id, record.endpoint, request.endpoint)
        ask(
            f"Start {counted(len(targets), 'target')} that failed in run {record.id} again?",
            yes=given["yes"] or given["emulate"] or not targets,
        )
        return _opened(journal, frozen, request)

    _carry_out(request, opening)


def _request(settings: Settings, given: dict[str, Any], scenario: Scenario | None = None) -> Request:
    from pathlib import Path

    from .request import Request

    return Request(
        settings=settings,
        output=given["output"],
        reports=tuple(Path(path) for path in given["reports"]),
        emulate=given["emulate"],
        fleet=given["fleet"],
        scenario=scenario,
        only=given["only"],
        skip=given["skip"],
    )


def _opened(journal: Journal, frozen: FrozenPlan, request: Request) -> str:
    from .. import __version__
    from ..engine.clock import Clock, Intents
    from ..events import RunStarted

    clock = Clock()
    run = Intents(clock).new()
    started = RunStarted(
        at=clock.wall(),
        plan=frozen,
        endpoint=request.endpoint,
        version=__version__,
        follow=request.settings.follow,
    )
    journal.open_run(run, started)
    return run


def _resumed(journal: Journal, run: str, request: Request) -> str:
    import time

    from .. import __version__
    from ..events import RunStarted
    from .outside import same_endpoint

    record = _at_rest(journal, run)
    same_endpoint(run, record.endpoint, request.endpoint)
    started = RunStarted(
        at=time.time(),
        plan=record.plan,
        endpoint=record.endpoint,
        version=__version__,
        follow=request.settings.follow,
        resumed=True,
    )
    journal.open_run(run, started)
    return run


def _at_rest(journal: Journal, run: str | None) -> RunRecord:
    """Return a run that nobody works on. Raises LockHeld if others do, and RunNotFound."""
    record = journal.run(run)
    if record.id in journal.at_work().alive:
        shows = f"`amplify-release status {record.id} --watch` shows it"
        raise LockHeld(f"run {record.id} is being worked on; {shows}")
    return record


def _cut_run(journal: Journal, frozen: FrozenPlan) -> str | None:
    """Find this very plan's newest run, if a crash, a signal or its deadline cut it before its end."""
    from ..model import StopCause

    newest = next((record for record in journal.runs() if record.plan.name == frozen.name), None)
    if newest is None or newest.plan.digest != frozen.digest:
        return None
    if newest.ended_at is None:
        return newest.id
    cut = newest.stop_cause not in {None, StopCause.FAILURE_BUDGET} and newest.done < newest.size
    return newest.id if cut else None


def _doubts_given_up(journal: Journal, run: str, given: dict[str, Any]) -> list[IntentAbandoned]:
    """Return the starts in doubt that a person allows to be sent again; asks, or raises UsageError.

    Only what was looked for and not found is among them: a start that nobody looked for has most likely made
    its job.
    """
    import time

    from ..events import IntentAbandoned
    from ..model import Outcome
    from .face import complain
    from .narrowed import narrowed

    in_doubt = [
        (record, attempt)
        for record in narrowed(journal.targets(run), given["only"], given["skip"])
        for attempt in record.attempts
        if attempt.in_doubt
    ]
    doubts = [found for found in in_doubt if found[0].outcome is Outcome.UNRESOLVED]
    if unseen := len(in_doubt) - len(doubts):
        have, them = ("has", "it is") if unseen == 1 else ("have", "they are")
        complain(f"{counted(unseen, 'start')} {have} not been looked for yet: {them} looked for first")
    if doubts:
        insist(
            f"Send {counted(len(doubts), 'start')} again? Each may make a second job.",
            (f"{record.target.key}  intent {attempt.intent}" for record, attempt in doubts),
            yes=given["yes"],
            what="--restart-unresolved",
        )
    return [
        IntentAbandoned(at=time.time(), position=record.position, intent=attempt.intent)
        for record, attempt in doubts
    ]


def _carry_out(request: Request, opening: Callable[[Journal], str]) -> None:
    from .operate import operate

    raise SystemExit(operate(request, opening))
