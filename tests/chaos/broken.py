"""A journal whose n-th statement fails: the run ends with a sentence, and a later one goes on."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

from scheduler.errors import ExitCode
from scheduler.plan.scenario import Scenario

from .aftermath import Aftermath
from .judge import breaches, losses
from .lives import End
from .night import Story, night
from .points import Fate

#: Enough for more than 200 statements.
_TARGETS = 15
_CALM = Scenario(
    latency=(0.0, 0.01), build_time=(0.05, 0.15), pending_time=(0, 0.05), provision_time=(0, 0.05)
)

_STATEMENT = "statement"
_READS = ("SELECT", "PRAGMA", "ROLLBACK")


class Failure(Enum):
    """What SQLite answers: its code, the code's name, and what the library says of it."""

    FULL = sqlite3.SQLITE_FULL, "SQLITE_FULL", "database or disk is full"
    IOERR = sqlite3.SQLITE_IOERR, "SQLITE_IOERR", "disk I/O error"
    BUSY = sqlite3.SQLITE_BUSY, "SQLITE_BUSY", "database is locked"
    READONLY = sqlite3.SQLITE_READONLY, "SQLITE_READONLY", "attempt to write a readonly database"
    FSYNC = sqlite3.SQLITE_IOERR_FSYNC, "SQLITE_IOERR_FSYNC", "disk I/O error"

    @property
    def error(self) -> sqlite3.OperationalError:
        code, name, message = self.value
        error = sqlite3.OperationalError(message)
        error.sqlite_errorcode, error.sqlite_errorname = code, name
        return error

    @property
    def lasts(self) -> bool:
        """Whether later changes fail as well."""
        return self in {Failure.FULL, Failure.READONLY}

    @property
    def too_late(self) -> bool:
        """Whether what was asked for is done all the same: who opens the file next finds it there."""
        return self is Failure.FSYNC


@dataclass(slots=True)
class Failing(Fate):
    """The n-th statement that the process gives SQLite fails."""

    failure: Failure = Failure.FULL
    time: int = 1

    def execute(self, statement: str, do: Callable[[], object]) -> None:
        self.reached[_STATEMENT] += 1
        past = self.reached[_STATEMENT] - self.time
        lasting = past > 0 and self.failure.lasts and not statement.lstrip().startswith(_READS)
        fails = past == 0 or lasting
        if self.failure.too_late or not fails:
            do()
        if fails:
            raise self.failure.error


def by_statement(time: int) -> Story:
    """Let the n-th statement of a run fail, in one of the ways; then go on with a journal that works."""
    failure = list(Failure)[time % len(Failure)]
    with night(_CALM, _TARGETS) as dark:
        end = dark.live(Failing(failure=failure, time=time))
        failed = end.reached[_STATEMENT] >= time
        found = dark.survey()
        wrong = [*breaches(found), *losses(found), *(_unclear(end) if failed else ())]
        if not failure.too_late:
            wrong += _false_alarms(found)
        found, left = dark.finish()
    ends = (failure.name,) if failed else ()
    return Story(f"--statement {time}", ends, (*wrong, *left), found)


def _unclear(end: End) -> Iterator[str]:
    """Yield what a person at night would stumble over."""
    if end.code != ExitCode.INTERNAL:
        yield f"the run exits with {end.code}: {end.said}"
    if "journal.db cannot be used: " not in end.said:
        yield f"the run does not name the journal: {end.said}"
    for noise in ("Traceback", "ExceptionGroup", "internal error"):
        if noise in end.said:
            yield f"the run speaks of {noise}: {end.said}"


def _false_alarms(found: Aftermath) -> Iterator[str]:
    """Yield the jobs that were called lost, and are in the journal."""
    for intent, job in found.rescued.items():
        if found.attempts[intent].job_id == job:
            yield f"job {job} of intent {intent} was rescued for nothing"
