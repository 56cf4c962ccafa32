"""Answers that every store works out alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..errors import RunNotFound
from ..model import Job
from ..printable import printable

#: How many durations tell what a branch's jobs usually take.
DURATIONS = 10

_SHOWN = 5  #: runs that a message names


def find_run(ids: Sequence[str], wanted: str | None) -> str:
    """Return the id that `wanted` names among `ids`, newest first; None: the newest.

    The beginning of an id will do where it fits one only; case does not matter. Raises RunNotFound, which
    says what there is.
    """
    if not ids:
        raise RunNotFound("the journal holds no run yet; `amplify-release run PLAN` makes one")
    if wanted is None:
        return ids[0]
    folded = wanted.casefold()
    fits = [run for run in ids if run.casefold().startswith(folded)]
    exact = [run for run in fits if len(run) == len(wanted)]
    match exact or fits:
        case [run]:
            return run
        case []:
            raise RunNotFound(f"no run '{printable(wanted)}'; the journal holds {_list(ids)}")
        case _:
            raise RunNotFound(
                f"'{printable(wanted)}' fits {len(fits)} runs, {_list(fits)}; give more of the id"
            )


def durations_of(jobs: Iterable[Job]) -> list[float]:
    """Seconds from start to end of succeeded jobs, in the order given, each job once, 10 at most."""
    found: dict[str, float] = {}
    for job in jobs:
        if len(found) == DURATIONS:
            break
        if job.status == "SUCCEED" and job.startTime is not None and job.endTime is not None:
            found.setdefault(job.jobId, (job.endTime - job.startTime).total_seconds())
    return list(found.values())


def _list(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - _SHOWN} more (`amplify-release runs` lists them)" if len(ids) > _SHOWN else ""
    return ", ".join(ids[:_SHOWN]) + more
