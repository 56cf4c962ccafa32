"""A journal that is not reached is said to be away once, with what that means, and once to be back."""

from __future__ import annotations

import time

import psycopg
import pytest
from psycopg import errors

from scheduler.errors import JournalAway
from scheduler.journal.absence import Absence
from scheduler.journal.postgres.faults import explain

AT = 1795485600.0


def test_an_absence_is_told_at_its_beginning_and_at_its_end() -> None:
    told: list[str] = []
    absence = Absence(told.append)
    absence.end(AT - 1)
    assert told == [], "a journal that was never away is not said to be back"
    for later in (0.0, 30.0, 3600.0):
        absence.begin(AT + later, JournalAway("the journal cannot be used: refused"))
    clock = time.strftime("%H:%M:%S", time.localtime(AT))
    away = (
        f"the journal cannot be used: refused. It has not been reached since {clock}: "
        "workers that reach it go on, others start nothing, and jobs in AWS go on"
    )
    assert told == [away]
    absence.end(AT + 3725.0)
    absence.end(AT + 3726.0)
    assert told == [away, "the journal is reached again, after 3725 s"]
    absence.begin(AT, JournalAway("the journal cannot be used: refused"))
    assert told[2:] == [away], "the next absence is another one"


@pytest.mark.parametrize(
    ("error", "passing"),
    [
        (psycopg.OperationalError("connection refused"), True),
        (psycopg.OperationalError("FATAL: the database system is starting up"), True),
        (psycopg.OperationalError("FATAL: sorry, too many clients already"), True),
        (errors.AdminShutdown("terminating connection"), True),
        (errors.ConnectionFailure("lost"), True),
        (errors.TooManyConnections("full"), True),
        (psycopg.OperationalError("password authentication failed"), False),
        (psycopg.OperationalError('database "x" does not exist'), False),
        (errors.InsufficientPrivilege("permission denied"), False),
        (errors.UndefinedTable("gone"), False),
        (errors.DiskFull("full"), False),
    ],
)
def test_only_what_passes_by_itself_is_waited_for(error: psycopg.Error, passing: bool) -> None:
    assert isinstance(explain(error, "postgresql://h/d"), JournalAway) is passing
