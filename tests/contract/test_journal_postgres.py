"""What only a journal behind a network must bear: a server that goes away, other writers, other versions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

import anyio
import anyio.lowlevel
import psycopg
import pytest

from scheduler.errors import JournalAway, JournalError, JournalVersionError, RunNotFound, UsageError
from scheduler.events import (
    Event,
    LaneMeasured,
    RunEnded,
    TargetEnded,
    TargetParked,
)
from scheduler.journal.at_work import AtWork, Holding
from scheduler.journal.lease import Holder, Lease
from scheduler.journal.postgres import log, server
from scheduler.journal.postgres.database import Database, translated
from scheduler.journal.postgres.journal import PostgresJournal
from scheduler.journal.postgres.reader import PostgresReader
from scheduler.journal.postgres.shared import PostgresShared
from scheduler.model import AWS, Hold, LaneKey, Outcome
from scheduler.redact import redact
from tests.contract.records import STARTED, WEB, intended

LANE = WEB.lane


@pytest.fixture
async def shared(database: str) -> AsyncIterator[PostgresShared]:
    shared = PostgresShared(database)
    shared.prepare()
    yield shared
    await shared.aclose()


@pytest.fixture
def journal(shared: PostgresShared) -> PostgresJournal:
    journal = shared.journal()
    journal.open_run("01A", STARTED)
    return journal


def intents(url: str) -> list[str]:
    """Read, as another process would, which intents are durable."""
    with PostgresReader.open(url) as opened:
        return [attempt.intent for record in opened.targets("01A") for attempt in record.attempts]


def transactions(url: str) -> set[str]:
    """Tell the intents' transactions apart."""
    with psycopg.connect(url) as connection:
        return {row[0] for row in connection.execute("SELECT xmin::text FROM attempts")}


def cut_everybody_off(url: str) -> None:
    """End every other connection that leads to the tests' schema, as a server that goes down does."""
    with psycopg.connect(url) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
            "AND application_name = %s",
            (schema(url),),
        )


def schema(url: str) -> str:
    return url.rpartition("%3D")[2]


def named(url: str) -> str:
    """Return the URL for connections that `cut_everybody_off` finds."""
    return f"{url}&application_name={schema(url)}"


def prepare(url: str) -> None:
    with closing(Database(url)) as opened:
        opened.prepare()


# Tables


def test_of_two_that_make_the_tables_at_once_one_does(database: str) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(prepare, [database] * 8))
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT version FROM journal_layout").fetchall() == [(1,)]


def test_a_newer_journal_is_refused_and_left_alone(database: str, journal: PostgresJournal) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE journal_layout SET version = 99")
    for opening in (PostgresReader.open, prepare):
        with pytest.raises(JournalVersionError, match=r"layout 99, this one knows 1\); use that version"):
            opening(database)


def test_another_program_s_tables_are_refused_and_left_alone(database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("CREATE TABLE targets (name text)")
    with pytest.raises(
        JournalError, match=r"\"targets\" already exists .*give the journal a database of its own"
    ):
        prepare(database)
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT to_regclass('runs')").fetchone() == (None,)


def test_reading_makes_nothing(database: str) -> None:
    with pytest.raises(RunNotFound, match=r"there is no journal postgresql://.* yet; `amplify-release run"):
        PostgresReader.open(database)
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT to_regclass('journal_layout')").fetchone() == (None,)


# Where it is


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:hunter2@[::1/x",
        "postgresql://me:hunter2@h/d?hunter2=1",
        "postgresql://me:hunter2%@h/d",
        # Read to the letter, these have a part of the password in the host's or the database's name.
        "postgresql://me:un@hunter2@h/d",
        "postgresql://me:un/hunter2@h/d",
    ],
)
def test_a_url_that_cannot_be_read_is_not_repeated(url: str) -> None:
    with pytest.raises(UsageError, match="in a password %40 for @") as error:
        Database(url)
    assert "hunter2" not in str(error.value)
    # What it says is printed as it stands: an example with a user would look as if it held a password.
    assert redact(str(error.value)) == str(error.value)


def test_a_server_that_is_not_there_is_a_sentence_without_the_password() -> None:
    with pytest.raises(JournalError) as error:
        PostgresReader.open("postgresql://me:hunter2@127.0.0.1:1/releases")
    assert str(error.value).startswith("the journal postgresql://127.0.0.1:1/releases cannot be used: ")
    assert str(error.value).endswith("; see that the server can be reached")
    assert "hunter2" not in str(error.value)


async def test_who_waits_for_a_connection_is_told_what_is_in_the_way_and_nobody_else_is(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("scheduler.journal.postgres.database._PATIENCE", 0.2)
    shared = PostgresShared("postgresql://me:hunter2@127.0.0.1:1/releases")
    try:
        with pytest.raises(JournalAway, match=r"refused.*; see that the server can be reached$"):
            await shared.newest("01A")
    finally:
        await shared.aclose()
    assert caplog.messages == [], "the pool tells of each attempt"


@pytest.mark.parametrize(
    ("url", "advice"),
    [
        (
            "postgresql://nobody-here@{host}/postgres",
            "create it on the server, or correct the URL; the tables",
        ),
        (
            "postgresql://postgres@{host}/no-such-one",
            "create it on the server, or correct the URL; the tables",
        ),
        ("postgresql://postgres@{host}/postgres?sslmode=require", "correct `sslmode` in the URL, or let the"),
    ],
)
def test_a_server_that_lets_nobody_in_is_not_called_unreachable(postgres: str, url: str, advice: str) -> None:
    host = postgres.partition("@")[2].partition("/")[0]
    with pytest.raises(JournalError, match=advice):
        PostgresReader.open(url.format(host=host))


def test_a_user_without_rights_reads_one_line_on_what_to_grant(database: str) -> None:
    prepare(database)
    role = f"poor_{schema(database)}"
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN")
        connection.execute(f"GRANT USAGE ON SCHEMA {schema(database)} TO {role}")
        try:
            with pytest.raises(JournalError) as error:
                prepare(database.replace("://postgres@", f"://{role}@"))
        finally:
            connection.execute(f"DROP OWNED BY {role}")
            connection.execute(f"DROP ROLE {role}")
    assert "let this user own the database, or grant it what it needs in the schema" in str(error.value)
    assert "LINE 1" not in str(error.value)


def test_a_server_that_is_too_old_is_refused(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "OLDEST", 99)
    for opening in (PostgresReader.open, prepare):
        with pytest.raises(JournalError, match=r"is on PostgreSQL \d\d, and needs 99 or newer; bring"):
            opening(database)


# Group commit


async def test_those_who_wait_at_once_share_a_transaction(journal: PostgresJournal, database: str) -> None:
    async def start(position: int) -> None:
        journal.record(intended(position))
        await journal.commit()

    async with anyio.create_task_group() as tasks:
        for position in range(100):
            tasks.start_soon(start, position)
    assert len(intents(database)) == 100
    assert len(transactions(database)) == 1


async def test_those_who_come_while_a_transaction_is_on_its_way_share_the_next(
    journal: PostgresJournal, database: str
) -> None:
    async def start(position: int) -> None:
        journal.record(intended(position))
        await journal.commit()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(start, 0)
        while not journal._staged:
            await anyio.lowlevel.checkpoint()
        for position in range(1, 100):
            tasks.start_soon(start, position)
    assert len(transactions(database)) == 2


async def test_the_event_loop_goes_on_while_a_commit_waits(journal: PostgresJournal, database: str) -> None:
    journal.record(TargetEnded(at=1.0, position=0, outcome=Outcome.FAILED, reason=""))
    with psycopg.connect(database) as other:
        other.execute("SELECT * FROM targets WHERE position = 0 FOR UPDATE")
        waiting = asyncio.create_task(journal.commit())
        while not journal._staged:
            await anyio.lowlevel.checkpoint()
        await anyio.sleep(0.02)
        assert not waiting.done()
        other.commit()
    await waiting


async def test_a_cancelled_waiter_tears_no_transaction(journal: PostgresJournal, database: str) -> None:
    async def start(position: int) -> None:
        journal.record(intended(position))
        await journal.commit()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(start, 0)
        while not journal._staged:
            await anyio.lowlevel.checkpoint()
        tasks.start_soon(start, 1)
        await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    assert journal.unwritten == (intended(1),)
    assert intents(database) == ["I0"]
    await journal.commit()
    assert intents(database) == ["I0", "I1"]


async def test_an_event_about_nothing_leaves_nothing_of_its_transaction(
    journal: PostgresJournal, database: str
) -> None:
    journal.record(intended(0))
    journal.record(TargetParked(at=1.0, position=999, reason=""))
    journal.record(intended(1))
    with pytest.raises(JournalError, match="knows nothing of what this event is about"):
        await journal.commit()
    assert intents(database) == []
    assert len(journal.unwritten) == 3


# A server that goes away

_WAITING = "SELECT count(*) FROM pg_locks WHERE relation = 'attempts'::regclass AND NOT granted"


async def test_a_lost_server_breaks_the_journal_for_everybody(database: str) -> None:
    shared = PostgresShared(named(database))
    shared.prepare()
    journal = shared.journal()
    journal.open_run("01A", STARTED)
    journal.record(intended(0))
    with psycopg.connect(database) as other:
        other.execute("LOCK TABLE attempts")
        waiting = asyncio.create_task(journal.commit())
        while other.execute(_WAITING).fetchone() == (0,):
            await anyio.lowlevel.checkpoint()
        cut_everybody_off(database)
    with pytest.raises(JournalError, match="see that the server can be reached"):
        await waiting
    journal.record(intended(1))
    with pytest.raises(JournalError, match="see that the server can be reached"):
        await journal.commit()
    assert journal.unwritten == (intended(0), intended(1))
    assert intents(database) == []
    await shared.aclose()


async def test_after_the_server_was_lost_questions_are_asked_and_commits_made_over_new_connections(
    database: str,
) -> None:
    shared = PostgresShared(named(database))
    shared.prepare()
    journal = shared.journal()
    journal.open_run("01A", STARTED)
    journal.record(intended(0))
    await journal.commit()
    cut_everybody_off(database)
    assert journal.run().id == "01A"
    journal.record(intended(1))
    await journal.commit()
    assert intents(database) == ["I0", "I1"]
    await shared.aclose()


async def test_a_process_that_hangs_within_a_commit_keeps_nobody_from_its_lane(
    shared: PostgresShared, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "FORSAKEN", 0.2)
    await shared.take("shop/eu-west-1", owner="it", run="01A", seconds=0)
    taken: list[Lease | Holder] = []

    async def hang() -> None:
        async with shared.lent() as connection, connection.transaction():
            await connection.execute("UPDATE leases SET writes = writes + 1")
            with anyio.fail_after(20):
                taken.append(await shared.take("shop/eu-west-1", owner="another", run="01A", seconds=60))
            await connection.execute("SELECT")

    with pytest.raises(JournalError, match="idle-in-transaction timeout"):
        await hang()
    assert [lease.epoch for lease in taken if isinstance(lease, Lease)] == [2]


async def test_a_closed_journal_says_so_and_leaves_the_others_open(shared: PostgresShared) -> None:
    first, second = shared.journal(), shared.journal()
    first.open_run("01A", STARTED)
    first.close()
    first.record(intended(0))
    with pytest.raises(JournalError, match="is closed"):
        await first.commit()
    first.close()
    second.amend("01A")
    second.record(intended(0))
    await second.commit()


# What a fleet was asked to do


async def test_a_run_is_alive_while_a_lane_of_it_is_held_or_still_to_be_worked_on(
    journal: PostgresJournal, shared: PostgresShared
) -> None:
    docs = LaneKey("docs", "us-east-1")
    assert journal.at_work() == AtWork()
    async with shared.order("01A", [LANE, docs]):
        pass
    assert journal.at_work() == AtWork(
        alive=frozenset({"01A"}), orders=frozenset({("01A", LANE), ("01A", docs)})
    )
    assert not await shared.finish("01A", LANE)
    assert journal.at_work().orders == {("01A", docs)}
    assert await shared.finish("01A", docs)
    assert journal.at_work() == AtWork()
    lease = await shared.take("shop/eu-west-1", owner="pid 7 on host-1", run="01A", seconds=60)
    assert isinstance(lease, Lease)
    rescue = await shared.take("rescue", owner="pid 7 on host-1", run="", seconds=60)
    assert journal.at_work() == AtWork(
        alive=frozenset({"01A"}), holdings={"shop/eu-west-1": Holding("pid 7 on host-1", "01A")}
    )
    assert await shared.owners("01A") == ["pid 7 on host-1"]
    assert isinstance(rescue, Lease)
    await shared.release(lease)
    assert journal.at_work() == AtWork()
    assert await shared.owners("01A") == []


async def test_a_run_that_was_given_to_a_fleet_is_known_as_such_for_ever(
    journal: PostgresJournal, shared: PostgresShared
) -> None:
    journal.open_run("01B", replace(STARTED, endpoint=AWS))
    async with shared.order("01A", [LANE]):
        pass
    await shared.withdraw("01A")
    assert [(run.id, run.fleet) for run in journal.runs()] == [("01B", False), ("01A", True)]
    assert journal.run("01A").told.endswith(" --fleet")
    assert journal.run("01B").told == "01B"


async def test_of_lanes_that_end_at_once_one_at_least_is_told_that_it_was_the_last(
    journal: PostgresJournal, shared: PostgresShared
) -> None:
    lanes = [LaneKey("shop", f"eu-west-{number}") for number in range(8)]
    async with shared.order("01A", lanes):
        pass
    last: list[bool] = []

    async def finish(lane: LaneKey) -> None:
        last.append(await shared.finish("01A", lane))

    async with anyio.create_task_group() as ends:
        for lane in lanes:
            ends.start_soon(finish, lane)
    assert any(last)


async def test_lanes_are_ordered_again_when_a_run_is_resumed_and_taken_back_when_it_is_cancelled(
    journal: PostgresJournal, shared: PostgresShared
) -> None:
    async with shared.order("01A", [LANE]):
        pass
    assert await shared.finish("01A", LANE)
    async with shared.order("01A", [LANE]):
        pass
    assert journal.at_work().alive == {"01A"}
    await shared.withdraw("01A")
    assert journal.at_work().alive == frozenset()


# Who watches from elsewhere


async def test_a_watcher_reads_every_event_once_and_in_order(
    journal: PostgresJournal, shared: PostgresShared
) -> None:
    recorded: list[Event] = [
        intended(0),
        LaneMeasured(at=2.0, lane=LaneKey("shop", "eu-west-1"), start_calls=1, held={Hold.PACE: 1.5}),
        TargetEnded(at=3.0, position=0, outcome=Outcome.SKIPPED, reason="busy"),
    ]
    journal.record(recorded[0])
    await journal.commit()
    seen = await shared.newest("01A")
    journal.record(recorded[1])
    await journal.commit()
    assert await shared.happened("01A", seen) == recorded[1:2]
    journal.record(recorded[2])
    await journal.commit()
    assert await shared.happened("01A", seen) == recorded[2:]
    assert await shared.happened("01A", seen) == []
    assert await shared.happened("01A", log.Seen()) == recorded


async def test_a_watcher_misses_nothing_that_is_committed_out_of_order(
    journal: PostgresJournal, shared: PostgresShared, database: str
) -> None:
    with psycopg.connect(database) as slow:
        [(run,)] = slow.execute("SELECT number FROM runs").fetchall()
        query, values = log.log_of(run, [intended(7)])
        slow.execute(translated(query), values)
        journal.record(intended(8))
        await journal.commit()
        seen = log.Seen()
        assert await shared.happened("01A", seen) == [intended(8)]
        slow.commit()
    assert await shared.happened("01A", seen) == [intended(7)]
    assert await shared.happened("01A", seen) == []


async def test_the_log_of_a_run_that_ended_long_ago_is_forgotten_and_its_targets_are_not(
    journal: PostgresJournal, shared: PostgresShared
) -> None:
    journal.record(intended(0))
    journal.record(RunEnded(at=200.0))
    journal.flush()
    day = 86_400.0
    journal.open_run("01B", replace(STARTED, at=200.0 + day))
    assert len(await shared.happened("01A", log.Seen())) == 2
    journal.open_run("01C", replace(STARTED, at=201.0 + day))
    assert await shared.happened("01A", log.Seen()) == []
    assert len(next(journal.targets("01A")).attempts) == 1
