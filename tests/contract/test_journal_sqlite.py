"""What only a journal on a disk must bear: death, a full disk, damage, other files in its place."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import anyio
import pytest

from scheduler.errors import JournalError, JournalVersionError, RunNotFound
from scheduler.events import Event, TargetEnded, TargetParked
from scheduler.journal import questions
from scheduler.journal.sqlite import database, read_only
from scheduler.journal.sqlite.faults import explain
from scheduler.journal.sqlite.journal import SqliteJournal
from scheduler.journal.sqlite.reader import SqliteReader
from scheduler.model import Outcome
from tests.contract.records import PLAN, STARTED, intended


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def journal(state: Path) -> Iterator[SqliteJournal]:
    journal = SqliteJournal.open(state)
    journal.open_run("01A", STARTED)
    yield journal
    journal.close()


def intents(directory: Path) -> list[str]:
    """Read, as another process would, which intents are durable."""
    with SqliteReader.open(directory) as opened:
        return [attempt.intent for record in opened.targets("01A") for attempt in record.attempts]


def traced(journal: SqliteJournal) -> list[tuple[str, int]]:
    """Collect the statements of the writing connection and the threads that they run in."""
    statements: list[tuple[str, int]] = []
    journal._writing.set_trace_callback(lambda text: statements.append((text, threading.get_ident())))
    return statements


def commits(statements: list[tuple[str, int]]) -> list[int]:
    return [thread for text, thread in statements if text == "COMMIT"]


async def staged(journal: SqliteJournal) -> None:
    """Wait until a commit has put its events into a transaction, and not a moment longer."""
    while not journal._staged:  # noqa: ASYNC110 - the journal tells nobody of this moment
        await asyncio.sleep(0)


def fill_up(journal: SqliteJournal) -> None:
    """Let the disk be full: no page more than there are."""
    pages = journal._writing.execute("PRAGMA page_count").fetchone()[0]
    journal._writing.execute(f"PRAGMA max_page_count = {pages}")


def too_much() -> TargetParked:
    return TargetParked(at=1.0, position=0, reason="x" * 200_000)


# Death


def test_a_process_that_dies_loses_what_it_did_not_commit_and_nothing_else(state: Path) -> None:
    script = """
import os, sys
from pathlib import Path
from tests.contract.test_journal_sqlite import STARTED, SqliteJournal, intended
import anyio

async def main() -> None:
    journal = SqliteJournal.open(Path(sys.argv[1]))
    journal.open_run("01A", STARTED)
    journal.record(intended(1))
    await journal.commit()
    journal.record(intended(2))
    journal._stage()
    journal.record(intended(3))
    os._exit(9)

anyio.run(main)
"""
    died = subprocess.run([sys.executable, "-c", script, state], check=False)
    assert died.returncode == 9
    assert intents(state) == ["I1"]
    with SqliteJournal.open(state) as journal:
        journal.open_run("01A", replace(STARTED, resumed=True))
        journal.record(intended(2))
    assert intents(state) == ["I1", "I2"]


async def test_a_reader_sees_what_is_committed_while_the_writer_goes_on(
    journal: SqliteJournal, state: Path
) -> None:
    with SqliteReader.open(state) as opened:
        journal.record(intended(0))
        await journal.commit()
        halfway = opened.targets("01A")
        assert next(halfway).attempts[0].intent == "I0"
        journal.record(intended(99))
        await journal.commit()
        assert opened.in_doubt([PLAN.targets[99]], besides="", endpoint="")[0][0][0] == "01A"


def test_reading_makes_nothing(state: Path) -> None:
    with pytest.raises(RunNotFound, match=r"there is no journal .*journal\.db yet; `amplify-release run"):
        SqliteReader.open(state)
    assert not state.exists()


def test_a_reader_cannot_write(journal: SqliteJournal, state: Path) -> None:
    with SqliteReader.open(state) as opened, pytest.raises(JournalError, match="SQLITE_READONLY"):
        opened._rows("DELETE FROM runs")


# Group commit


async def test_those_who_wait_at_once_share_a_transaction(journal: SqliteJournal) -> None:
    statements = traced(journal)

    async def start(position: int) -> None:
        journal.record(intended(position))
        await journal.commit()

    async with anyio.create_task_group() as tasks:
        for position in range(100):
            tasks.start_soon(start, position)
    assert len(commits(statements)) == 1


async def test_those_who_come_while_a_transaction_is_on_its_way_share_the_next(
    journal: SqliteJournal,
) -> None:
    statements = traced(journal)

    async def start(position: int) -> None:
        journal.record(intended(position))
        await journal.commit()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(start, 0)
        await staged(journal)
        for position in range(1, 100):
            tasks.start_soon(start, position)
    assert len(commits(statements)) == 2


async def test_those_who_come_before_a_commit_may_follow_the_last_share_it(state: Path) -> None:
    with closing(SqliteJournal.open(state, spacing=0.05)) as journal:
        journal.open_run("01A", STARTED)
        statements = traced(journal)

        async def start(position: int) -> None:
            journal.record(intended(position))
            await journal.commit()

        await start(0)
        async with anyio.create_task_group() as tasks:
            for position in range(1, 100):
                tasks.start_soon(start, position)
                for _ in range(3):
                    await anyio.lowlevel.checkpoint()
        assert len(commits(statements)) == 2
        assert intents(state) == [f"I{position}" for position in range(100)]


async def test_the_disk_is_waited_for_outside_of_the_event_loop_s_thread(journal: SqliteJournal) -> None:
    statements = traced(journal)
    journal.record(intended(0))
    await journal.commit()
    assert [thread == threading.get_ident() for thread in commits(statements)] == [False]


async def test_a_cancelled_waiter_takes_nothing_with_it(journal: SqliteJournal, state: Path) -> None:
    async def start(position: int) -> None:
        journal.record(intended(position))
        await journal.commit()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(start, 0)
        await staged(journal)
        tasks.start_soon(start, 1)
        await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    assert journal.unwritten == (intended(1),)
    await journal.commit()
    assert intents(state) == ["I0", "I1"]


async def test_a_task_torn_from_its_commit_leaves_the_transaction_to_the_next(
    journal: SqliteJournal, state: Path
) -> None:
    journal.record(intended(0))
    torn = asyncio.create_task(journal.commit())
    await staged(journal)
    journal.record(intended(1))
    other = asyncio.create_task(journal.commit())
    await asyncio.sleep(0)
    torn.cancel()
    with pytest.raises(asyncio.CancelledError):
        await torn
    await other
    assert journal.unwritten == ()
    assert intents(state) == ["I0", "I1"]


async def test_a_waiter_cancelled_before_the_disk_was_reached_leaves_its_events_to_the_next(
    journal: SqliteJournal, state: Path
) -> None:
    journal.record(intended(0))
    with anyio.CancelScope() as scope:
        scope.cancel()
        await journal.commit()
    assert (scope.cancelled_caught, intents(state)) == (True, [])
    journal.record(intended(1))
    await journal.commit()
    assert intents(state) == ["I0", "I1"]


async def test_flush_goes_on_where_a_commit_was_torn(journal: SqliteJournal, state: Path) -> None:
    heard: list[Event] = []
    journal.subscribe(heard.append)
    journal.record(intended(0))
    torn = asyncio.create_task(journal.commit())
    await staged(journal)
    torn.cancel()
    journal.record(intended(1))
    journal.flush()
    assert intents(state) == ["I0", "I1"]
    with pytest.raises(asyncio.CancelledError):
        await torn
    assert heard == [intended(0), intended(1)]


# A full disk


async def test_a_full_disk_breaks_the_journal_for_everybody_and_damages_nothing(
    journal: SqliteJournal, state: Path
) -> None:
    heard: list[Event] = []
    errors: list[str] = []
    journal.record(intended(0))
    await journal.commit()
    journal.subscribe(heard.append)
    fill_up(journal)

    async def wait() -> None:
        with pytest.raises(JournalError) as error:
            await journal.commit()
        errors.append(str(error.value))

    journal.record(intended(1))
    journal.record(too_much())
    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(wait)
    full = (
        f"the journal {state}/journal.db cannot be used: database or disk is full (SQLITE_FULL); free some "
        "space on its disk"
    )
    assert errors == [full] * 3

    late = TargetEnded(at=2.0, position=0, outcome=Outcome.FAILED, reason="late")
    journal.record(late)
    with pytest.raises(JournalError, match="SQLITE_FULL"):
        await journal.commit()
    with pytest.raises(JournalError, match="SQLITE_FULL"):
        journal.flush()
    assert journal.unwritten == (intended(1), too_much(), late)
    assert heard == []

    journal.close()
    assert intents(state) == ["I0"]
    with closing(sqlite3.connect(state / "journal.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


async def test_a_commit_that_finds_the_journal_broken_meanwhile_writes_nothing(
    journal: SqliteJournal, state: Path
) -> None:
    fill_up(journal)
    journal.record(too_much())
    other = asyncio.create_task(journal.commit())
    await asyncio.sleep(0)
    with pytest.raises(JournalError, match="SQLITE_FULL"):
        journal.flush()
    journal._writing.execute("PRAGMA max_page_count = 4294967294")  # room again: broken is broken
    journal.record(intended(1))
    with pytest.raises(JournalError, match="SQLITE_FULL"):
        await other
    assert journal.unwritten == (too_much(), intended(1))
    assert intents(state) == []


async def test_a_failed_sync_breaks_the_journal_too(
    journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Failing:
        """A disk that takes everything but the commit."""

        def __init__(self, cursor: sqlite3.Cursor) -> None:
            self.cursor = cursor

        def execute(self, statement: str, values: tuple[object, ...] = ()) -> sqlite3.Cursor:
            if statement == "COMMIT":
                raise sqlite3.OperationalError("disk I/O error")
            return self.cursor.execute(statement, values)

    monkeypatch.setattr(journal, "_cursor", Failing(journal._cursor))
    journal.record(intended(0))
    with pytest.raises(JournalError, match="disk I/O error"):
        await journal.commit()
    assert (journal.unwritten, journal._writing.in_transaction) == ((intended(0),), False)
    monkeypatch.undo()
    journal.record(intended(1))
    with pytest.raises(JournalError, match="disk I/O error"):
        await journal.commit()


def read_without_room(state: Path) -> subprocess.CompletedProcess[str]:
    """List the runs of a journal in a process that cannot make a file grow, as on a full disk."""
    script = """
import resource, sys
from pathlib import Path
from scheduler.errors import JournalError
from scheduler.journal.sqlite.reader import SqliteReader

resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
try:
    with SqliteReader.open(Path(sys.argv[1])) as journal:
        print(*(run.id for run in journal.runs()))
except JournalError as error:
    raise SystemExit(str(error))
"""
    return subprocess.run([sys.executable, "-c", script, state], check=False, stdout=-1, stderr=-1, text=True)


def test_a_journal_at_rest_is_read_where_no_file_can_grow(journal: SqliteJournal, state: Path) -> None:
    journal.close()
    for _ in range(2):  # the first may leave what it could not finish
        done = read_without_room(state)
        assert (done.stderr, done.stdout) == ("", "01A\n")


def test_what_a_killed_run_left_beside_the_journal_is_never_passed_over(
    journal: SqliteJournal, state: Path, tmp_path: Path
) -> None:
    """The newest of it cannot be read without room for an index, and the rest alone would be a lie."""
    killed = tmp_path / "killed"
    shutil.copytree(state, killed)
    assert (killed / "journal.db-wal").stat().st_size > 0
    done = read_without_room(killed)
    assert "free some space on its disk" in done.stderr
    assert done.stdout == ""


def test_an_older_journal_at_rest_is_not_read_as_if_it_were_new(
    journal: SqliteJournal, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has to be brought to the newest layout first, and there is no room for that."""
    journal.close()
    monkeypatch.setattr(read_only, "MIGRATIONS", (*database.MIGRATIONS, "schema.sql"))

    def no_room(path: Path) -> sqlite3.Connection:
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode, error.sqlite_errorname = sqlite3.SQLITE_IOERR_SHMSIZE, "SQLITE_IOERR_SHMSIZE"
        raise explain(error, path) from error

    monkeypatch.setattr(read_only, "connect", no_room)
    with pytest.raises(JournalError, match="SQLITE_IOERR_SHMSIZE"):
        SqliteReader.open(state)


class LastWordFails(sqlite3.Connection):
    """A disk that fails when everything else of an opening is done."""

    def execute(self, statement: str, values: tuple[object, ...] = ()) -> sqlite3.Cursor:  # type: ignore[override]
        if "query_only" in statement:
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode, error.sqlite_errorname = sqlite3.SQLITE_IOERR, "SQLITE_IOERR"
            raise error
        return super().execute(statement, values)


def test_a_run_never_works_with_a_journal_that_it_only_reads_as_it_was(
    journal: SqliteJournal, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is good enough for a report would hide from the run what it writes itself."""
    journal.close()
    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=LastWordFails))
    with pytest.raises(JournalError, match="SQLITE_IOERR"):
        SqliteJournal.open(state)
    with SqliteReader.open(state) as opened:
        assert [run.id for run in opened.runs()] == ["01A"]


def test_a_run_that_does_not_fit_on_the_disk_is_not_begun(journal: SqliteJournal) -> None:
    fill_up(journal)
    with pytest.raises(JournalError, match="SQLITE_FULL"):
        journal.open_run("01B", STARTED)
    assert [run.id for run in journal.runs()] == ["01A"]


async def test_a_closed_journal_says_so(journal: SqliteJournal) -> None:
    journal.close()
    with pytest.raises(JournalError, match="is closed"):
        await journal.commit()
    journal.record(intended(0))
    with pytest.raises(JournalError, match="is closed"):
        await journal.commit()
    journal.close()


# Files


def test_nobody_else_can_read_the_journal(journal: SqliteJournal, state: Path) -> None:
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in (state, *state.iterdir())}
    private = dict.fromkeys(["journal.db", "journal.db-wal", "journal.db-shm"], "0o600")
    assert modes == {"state": "0o700", **private}


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"not a database at all" * 500, b"SQLite format 3\x00" + bytes(4080)],
    ids=["empty", "short", "text", "header only"],
)
def test_what_is_not_a_journal_is_refused_and_left_alone(state: Path, content: bytes) -> None:
    state.mkdir()
    path = state / "journal.db"
    path.write_bytes(content)
    for opening in (SqliteJournal.open, SqliteReader.open):
        with pytest.raises(JournalError, match=r"journal\.db is damaged .* it is not made anew"):
            opening(state)
    assert path.read_bytes() == content
    assert [entry.name for entry in state.iterdir()] == ["journal.db"]


def test_another_program_s_database_is_refused_and_left_alone(state: Path) -> None:
    state.mkdir()
    path = state / "journal.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE cookies (name)")
    before = path.read_bytes()
    with pytest.raises(JournalError, match="it does not begin as a journal does"):
        SqliteJournal.open(state)
    assert path.read_bytes() == before


def test_a_torn_journal_is_refused(journal: SqliteJournal, state: Path) -> None:
    journal.close()
    path = state / "journal.db"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(JournalError, match="damaged"):
        SqliteJournal.open(state)
    path.write_bytes(whole[:8192] + bytes(4096) + whole[12288:])
    with pytest.raises(JournalError, match="damaged"):
        SqliteJournal.open(state)


def test_a_row_that_cannot_be_read_is_damage(journal: SqliteJournal) -> None:
    journal._writing.execute("UPDATE targets SET spec = '{'")
    with pytest.raises(JournalError, match="a row cannot be read"):
        list(journal.targets("01A"))


def test_targets_that_are_read_back_share_the_texts_that_they_have_in_common(journal: SqliteJournal) -> None:
    records = list(journal.targets("01A"))
    assert len({id(record.target.region) for record in records}) == 1


def test_a_newer_journal_is_refused_and_left_alone(journal: SqliteJournal, state: Path) -> None:
    journal._writing.execute("PRAGMA user_version = 99")
    journal.close()
    before = (state / "journal.db").read_bytes()
    with pytest.raises(JournalVersionError, match=r"layout 99, this one knows 1\); use that version"):
        SqliteJournal.open(state)
    assert (state / "journal.db").read_bytes() == before


def test_a_link_in_the_journal_s_place_is_not_followed(tmp_path: Path, state: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    SqliteJournal.open(elsewhere).close()
    state.mkdir()
    (state / "journal.db").symlink_to(elsewhere / "journal.db")
    with pytest.raises(JournalError, match="is not a plain file"):
        SqliteJournal.open(state)


def test_a_link_to_nowhere_is_not_followed_either(tmp_path: Path, state: Path) -> None:
    state.mkdir()
    (state / "journal.db").symlink_to(tmp_path / "nothing")
    with pytest.raises(JournalError, match="is not a plain file"):
        SqliteJournal.open(state)
    assert not (tmp_path / "nothing").exists()


def test_another_user_s_journal_is_refused(
    journal: SqliteJournal, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(JournalError, match=r"belongs to user \d+, not to \d+; run as its owner"):
        SqliteReader.open(state)


def test_a_journal_that_vanishes_is_not_made_anew(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state.mkdir()
    monkeypatch.setattr(database, "_check_file", lambda _: None)
    with pytest.raises(JournalError, match="SQLITE_CANTOPEN"):
        database.connect(state / "journal.db")
    assert list(state.iterdir()) == []


def test_making_a_journal_leaves_one_that_is_there(journal: SqliteJournal, state: Path) -> None:
    database.create(state / "journal.db")
    assert [run.id for run in journal.runs()] == ["01A"]


def test_of_two_that_make_a_journal_at_once_one_does(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The slower one finds the faster one's journal and uses it."""
    link = os.link

    def race(source: Path, destination: Path) -> None:
        monkeypatch.setattr(os, "link", link)
        with SqliteJournal.open(state) as faster:
            faster.open_run("01A", STARTED)
        link(source, destination)

    monkeypatch.setattr(os, "link", race)
    with SqliteJournal.open(state) as slower:
        assert [run.id for run in slower.runs()] == ["01A"]
    assert [entry.name for entry in state.iterdir()] == ["journal.db"]


def test_a_directory_that_cannot_be_written_is_a_sentence(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> tuple[int, str]:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("tempfile.mkstemp", refuse)
    with pytest.raises(JournalError, match=r"journal\.db cannot be made: Read-only file system"):
        SqliteJournal.open(state)


# Questions that must stay cheap, however long the history


@pytest.mark.parametrize(
    ("query", "values", "index"),
    [
        ("_IN_DOUBT", ("", "e"), "attempts_in_doubt"),
        ("_OWNERS", ("r", "a", "b", "e"), "targets_by_branch"),
        ("_SUCCEEDED", ("r", "a", "b", "e"), "targets_by_branch"),
    ],
)
def test_questions_across_runs_go_by_an_index(
    journal: SqliteJournal, query: str, values: tuple[str, ...], index: str
) -> None:
    plan = journal._rows(f"EXPLAIN QUERY PLAN {getattr(questions, query)}", *values)
    steps = [row[3] for row in plan]
    assert [step for step in steps if index in step] != []
    assert [step for step in steps if step in {"SCAN a", "SCAN t", "SCAN runs"}] == []
