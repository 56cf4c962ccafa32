"""What is left of a process: the journal's word, the client's own notes, and the server's truth."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from scheduler.emulator.truth import Truth
from scheduler.errors import RunNotFound
from scheduler.journal.port import AttemptRecord
from scheduler.journal.sqlite.reader import SqliteReader
from scheduler.report.document import Report
from scheduler.report.summary import summarize
from tests.acceptance.conftest import Served


@dataclass(frozen=True, kw_only=True)
class Aftermath:
    """Everything that a judge holds against each other."""

    truth: Truth
    #: None: no run was begun.
    report: Report | None
    attempts: dict[str, AttemptRecord]  #: by intent
    seen: dict[str, str]  #: intent → job id, of each answer that reached the client
    rescued: dict[str, str]  #: intent → job id, of each line in the rescue file
    integrity: str  #: what SQLite says of the journal


def survey(home: Path, served: Served) -> Aftermath:
    """Look at a state directory and the server, and leave both as they are.

    The journal is read from a copy: who opens a killed process's journal recovers it, and that is for the
    next process to do.
    """
    state = home / "state"
    report, attempts, integrity = None, {}, "ok"
    with TemporaryDirectory() as copies:
        copy = Path(copies)
        for name in ("journal.db", "journal.db-wal"):
            if (state / name).exists():
                shutil.copy(state / name, copy)
        try:
            with SqliteReader.open(copy) as journal:
                report = summarize(journal)
                attempts = {
                    attempt.intent: attempt
                    for record in journal.targets(report.run.id)
                    for attempt in record.attempts
                }
        except RunNotFound:
            pass
        else:
            with closing(sqlite3.connect(copy / "journal.db")) as connection:
                [(integrity,)] = connection.execute("PRAGMA integrity_check(1)")
    return Aftermath(
        truth=served.truth(),
        report=report,
        attempts=attempts,
        seen=_pairs(home / "seen"),
        rescued=_pairs(state / "outcomes.rescue"),
        integrity=integrity,
    )


def _pairs(path: Path) -> dict[str, str]:
    """Read lines of an intent and, as the last word but what may follow it, a job's id."""
    if not path.exists():
        return {}
    lines = [line.split() for line in path.read_text().splitlines()]
    return {words[0]: next(word for word in words[1:] if word.isdecimal()) for words in lines}
