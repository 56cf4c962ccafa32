"""Jobs that were started, and that a broken journal could not take: kept where a person finds them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from ..events import Event, StartAnswered
from .face import complain

FILE = "outcomes.rescue"


def rescue(directory: Path, unwritten: Iterable[Event]) -> None:
    """Write the jobs among these events to stderr and, a line each, into a file of the state directory.

    `resume` does not need them: it finds the jobs by their markers. Without those it can happen that only a
    person who sees the id knows which job is whose.
    """
    lines = [
        f"{event.intent} job {event.job.jobId} {event.job.jobArn or ''}".rstrip()
        for event in unwritten
        if isinstance(event, StartAnswered) and event.job is not None
    ]
    if not lines:
        return
    complain("these starts succeeded and are not in the journal:")
    for line in lines:
        complain(line)
    path = directory / FILE
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in lines))
            file.flush()
            os.fsync(descriptor)
    except OSError as error:
        complain(f"{path}: cannot be written either ({error.strerror})")
