"""What must hold whatever happens: I1 to I7, as sentences about what was seen.

- I1: an intent is durable before its one request leaves, and no target is started twice.
- I2: a job that StartJob's answer named is in the journal, unless the process died in that very moment.
- I3: every target ends in a definite word with a reason, the word is true, and no started job is lost.
- I4: nothing is started after a stop, whatever caused it.
- I5: a report is a function of the journal, and the journal of the events that were made durable.
- I6: no secret is in any output.
- I7: nobody else's job is stopped.

`violations` is pure: it reads what it is given and nothing else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from scheduler.events import LaneStopped, RunStarted, RunStopping
from scheduler.journal.memory.disk import MemoryDisk
from scheduler.journal.memory.journal import MemoryJournal
from scheduler.model import LaneKey, Result
from scheduler.report.summary import summarize

from .ledger import Branch, Ledger, Seen, Start, branch_of, named
from .verdicts import untrue

#: Seconds in which an answer becomes durable: the engine's linger, and two commits.
AT_ONCE = 0.15


def violations(seen: Seen) -> list[str]:
    """Return what does not hold, a sentence each; every sentence begins with the invariant's name."""
    ledger = Ledger(seen)
    return [
        *_sent_wrongly(ledger),
        *_started_twice(ledger),
        *_sent_in_doubt(ledger),
        *_answers_lost(ledger),
        *untrue(ledger),
        *_started_after_stop(ledger),
        *_reports_of_their_own(ledger),
        *(
            f"I6: {secret} is in an output"
            for secret in seen.secrets
            if any(secret in out for out in seen.outputs)
        ),
        *_strangers_stopped(ledger),
    ]


def _sent_wrongly(ledger: Ledger) -> Iterator[str]:
    for intent, requests in ledger.requests.items():
        name = f"{requests[0][1].target.key}, intent {intent}"
        if len(requests) > 1:
            yield f"I1: {name} was sent {len(requests)} times"
        if not all(request.durable for _, request in requests):
            yield f"I1: {name} was sent before the journal held the intent"
        if intent not in ledger.starts:
            yield f"I1: {name} was sent and the journal does not know it"


def _started_twice(ledger: Ledger) -> Iterator[str]:
    """A start that a person gave up does not count: it was to be sent again."""
    for run, records in ledger.records.items():
        for record in records:
            made = [job for start, job in ledger.own(record) if not start.attempt.abandoned]
            if len(made) > 1:
                jobs = ", ".join(made)
                yield f"I1: {record.target.key} of run {run} was started {len(made)} times: jobs {jobs}"


def _sent_in_doubt(ledger: Ledger) -> Iterator[str]:
    """Nothing is sent where an earlier start may have made a job: of the same target, or of another run's."""
    branches: defaultdict[Branch, list[Start]] = defaultdict(list)
    for start in sorted(ledger.starts.values(), key=lambda start: start.order):
        if start.request is not None:
            branches[branch_of(start.record.target)].append(start)
    for starts in branches.values():
        for place, later in enumerate(starts):
            assert later.request is not None
            for earlier in starts[:place]:
                beside = earlier.run.id == later.run.id and earlier.record is not later.record
                if not beside and not ledger.settled(earlier.attempt.intent, later.order, later.request.life):
                    yield f"I1: {named(later)} was sent while intent {earlier.attempt.intent} was in doubt"


def _answers_lost(ledger: Ledger) -> Iterator[str]:
    for requests in ledger.requests.values():
        for _, request in requests:
            start = ledger.starts.get(request.intent)
            if request.told is None or request.answered_at is None or start is None:
                continue
            attempt = start.attempt
            if attempt.result is Result.STARTED and attempt.job_id == request.told:
                continue
            until = ledger.deaths.get(request.life, ledger.seen.at)
            if until - request.answered_at > AT_ONCE or not start.doubtful:
                yield f"I2: {named(start)} was answered with job {request.told}; the journal lost that"


def _started_after_stop(ledger: Ledger) -> Iterator[str]:
    stops: list[tuple[int, int, LaneKey | None, str]] = [
        (order, stop.life, None, stop.cause.value) for order, stop in ledger.stops
    ]
    for order, word in ledger.words:
        match word.event:
            case RunStopping(reason=reason):
                stops.append((order, word.life, None, reason))
            case LaneStopped(lane=lane, reason=reason):
                stops.append((order, word.life, lane, reason))
            case _:
                pass
    for requests in ledger.requests.values():
        for order, request in requests:
            for stopped, life, where, why in stops:
                if life == request.life and stopped < order and where in {None, request.target.lane}:
                    yield f"I4: {request.target.key}, intent {request.intent} was sent after the stop: {why}"


def _reports_of_their_own(ledger: Ledger) -> Iterator[str]:
    seen = ledger.seen
    if not seen.reports:
        return
    again = MemoryDisk()
    for _, word in ledger.words:
        match word.event:
            case RunStarted(resumed=True, follow=follow):
                again.resume(word.run, follow=follow)
            case RunStarted() as started:
                again.begin(word.run, started)
            case event if word.durable:
                again.apply(word.run, event)
            case _:
                pass
    for run, report in seen.reports.items():
        if report != summarize(seen.journal, run):
            yield f"I5: the report of run {run} is not what the journal says"
        if report != summarize(MemoryJournal(again), run):
            yield f"I5: the report of run {run} does not follow from the events that were made durable"


def _strangers_stopped(ledger: Ledger) -> Iterator[str]:
    for cancel in ledger.cancels:
        if (cancel.lane.region, cancel.app, cancel.branch, cancel.job) not in ledger.makers:
            yield f"I7: job {cancel.job} of {cancel.app}/{cancel.branch} is somebody else's, and was stopped"
