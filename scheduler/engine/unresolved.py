"""What a person is told of a start whose job was not found, to decide by at night.

When it was sent, what happened, what was seen, how likely it is, and the commands that lead on.
"""

from __future__ import annotations

from typing import assert_never

from ..amplify.port import Kind, Recorded
from ..spoken import rfc3339, span
from .evidence import Absent, Conflict


def seen(finding: Absent | Conflict, recorded: Recorded | None) -> str:
    """Say what the branch's jobs tell, and what that makes likely."""
    match finding:
        case Conflict(jobs):
            return f"Jobs {', '.join(job.jobId for job in jobs)} all fit, and nothing tells which is ours."
        case Absent(reason, telling):
            likely = " It was probably not started." if telling and recorded is None else ""
            return f"{reason[0].upper()}{reason[1:]}.{likely}"
        case _:
            assert_never(finding)


def recorded_so(recorded: Recorded) -> str:
    """Say what CloudTrail's record tells that does not settle the matter."""
    if recorded.kind is Kind.AMBIGUOUS:
        return (
            f"CloudTrail recorded that it failed on the service's side ({recorded.reason}), which does not "
            "tell whether a job was made."
        )
    return "CloudTrail recorded that it was started, and not as which job."


def sentence(*, sent_at: float, why: str, found: str, testimony: str | None, looked: float, run: str) -> str:
    """Put it all together.

    `sent_at` is seconds since the epoch, `looked` the seconds from then to the last look. `testimony`: what
    CloudTrail says; None: it was not asked. `run`: what `resume` is told of the run.
    """
    ask = f", or let CloudTrail decide: amplify-release resume {run} --cloudtrail"
    told = [
        f"the start was sent at {rfc3339(sent_at)} and its answer is not known ({why}).",
        found,
        testimony or "",
        f"The last look was {span(looked)} after; nothing was sent again.",
        f"To decide, look at the branch in the Amplify console{'' if testimony else ask};",
        f"to send it again: amplify-release resume {run} --restart-unresolved",
    ]
    return " ".join(filter(None, told))
