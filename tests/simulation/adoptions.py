"""I3 for starts in doubt: whether the jobs that were taken for theirs are, as far as anybody could tell."""

from __future__ import annotations

from collections.abc import Iterator

from scheduler.emulator.truth import JobTruth
from scheduler.engine.evidence import EARLY, LATE
from scheduler.engine.sought import CALL_AT_MOST
from scheduler.events import JobAdopted
from scheduler.model import Evidence, Job, JobType, Result

from .ledger import Ledger, Start, branch_of, named

#: Seconds by which the service's clock may be misjudged: an answer's way takes a few.
SLACK = 4.0


def taken_wrongly(ledger: Ledger) -> Iterator[str]:
    """Return what is wrong with the jobs that were adopted."""
    taken: dict[tuple[str, ...], tuple[str, bool]] = {}
    for order, word in ledger.words:
        event = word.event
        if not isinstance(event, JobAdopted) or event.intent is None or not word.durable:
            continue
        start = ledger.starts[event.intent]
        exact = event.evidence is Evidence.ADOPTED_EXACT
        place = (*branch_of(start.record.target), event.job.jobId)
        owner, proven = taken.get(place, (event.intent, False))
        if exact > proven:  # what was proven too late for a guess is proven all the same
            owner, proven = event.intent, True
        if owner != event.intent:
            yield f"{named(start)} took job {event.job.jobId}, as intent {owner} had"
        taken[place] = owner, proven
        maker = ledger.maker(start.record.target, event.job.jobId)
        # A job that another start made, whose answer was not known either, may be taken: nothing tells.
        unknown = maker is not None and not ledger.found(maker, order, word.life)
        if maker == event.intent or (unknown and not exact):
            continue
        seen = ledger.seen_by(word.life, start.record.target, order)
        for fault in _faults(ledger, start, event.job, seen, exact=exact):
            yield f"{named(start)} took job {event.job.jobId} ({event.evidence}): {fault}"


def _faults(ledger: Ledger, start: Start, job: Job, seen: set[int], *, exact: bool) -> Iterator[str]:
    """Return what is wrong with a job that the start did not make and took all the same.

    `seen`: the jobs that its branch had shown by then.
    """
    target = start.record.target
    truth, maker = ledger.job(target, job.jobId), ledger.maker(target, job.jobId)
    rebuilt = truth is not None and truth.job_type == JobType.RETRY
    if exact and rebuilt and "jobType" in ledger.seen.omitted and int(start.made or 0) not in seen:
        return  # it shows the marker of the job that it repeats, which is not there yet
    if exact:
        yield f"it made {start.made}"
    elif start.made is not None and not _taken(ledger, start, start.made):
        yield f"its own is {start.made}"
    elif maker is not None:
        yield f"intent {maker} made that"
    elif truth is None or not _fits(ledger, start, truth):
        yield "it does not fit"


def could_be_told(ledger: Ledger, start: Start, made: str) -> bool:
    """Whether it could be found out that a start in doubt made this job."""
    target = start.record.target
    if start.attempt.server_at is None and ledger.jumps:
        return False  # how long ago it was sent is known from the wall clock alone, which was set
    if ledger.seen.markers_kept and target.marker and target.job_type is not JobType.RETRY:
        return True
    return not _taken(ledger, start, made) and not any(
        _fits(ledger, start, job) and not _proven(ledger, start, other)
        for other, job in ledger.jobs[branch_of(target)].items()
        if other != made
    )


def _fits(ledger: Ledger, start: Start, job: JobTruth) -> bool:
    """Whether a job could be taken for the start's own, going by what of it is shown."""
    attempt, request, hidden = start.attempt, start.request, ledger.seen.omitted
    if attempt.fence is None or int(job.job) <= attempt.fence:
        return False
    if "jobType" not in hidden and job.job_type != start.record.target.job_type:
        return False
    if "startTime" in hidden or request is None:
        return True
    created = job.created_at - ledger.seen.epoch
    answered = request.answered_at if attempt.answered_at is not None else None
    given_up = request.at + CALL_AT_MOST if answered is None else answered
    # What a dead process left behind is dated by the wall clock, which may have been set meanwhile.
    set_by = sum(abs(jump.seconds) for jump in ledger.jumps if request.at <= jump.at <= given_up)
    return request.at - EARLY - SLACK <= created <= given_up + LATE + SLACK + set_by


def _taken(ledger: Ledger, start: Start, job: str) -> bool:
    """Whether another start in doubt on this branch took the job first."""
    return any(
        other.attempt.job_id == job and other.doubtful and other is not start
        for other in ledger.starts.values()
        if branch_of(other.record.target) == branch_of(start.record.target)
    )


def _proven(ledger: Ledger, start: Start, job: str) -> bool:
    """Whether a job is known to be another intent's, by StartJob's own answer."""
    maker = ledger.maker(start.record.target, job)
    return maker in ledger.starts and ledger.starts[maker].attempt.result is Result.STARTED
