"""How many events a second the journals make durable: PostgreSQL against SQLite, both with their disks.

Many tasks record an event each and wait for its commit, as starts do; those who wait at once share a commit.
The server is one of this machine's, so that a network's time comes on top.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median

import anyio

from scheduler.events import RunStarted, StartIntended
from scheduler.journal.lease import Lease
from scheduler.journal.port import Journal
from scheduler.journal.postgres.shared import PostgresShared
from scheduler.journal.sqlite.journal import SqliteJournal
from scheduler.model import FrozenPlan, Target
from tests.postgres import emptied, started

from .table import Table

_WEB = Target(account="shop", region="eu-west-1", app="d1", branch="main", name="web")


def durable(events: int, rounds: int) -> Table:
    """Measure both journals."""
    rows = []
    with started(fsync=True) as server:
        for at_once in (1, 20, 200, 2000):
            count = max(200, min(events, 50 * at_once * at_once))
            pairs = [asyncio.run(_round(server.url, count, at_once)) for _ in range(rounds)]
            sqlite, plain, fenced = (median(pair[side] for pair in pairs) for side in range(3))
            ratio = median(pair[0] / pair[1] for pair in pairs)
            figures = (f"{value:,.0f}" for value in (sqlite, plain, fenced))
            rows.append((f"{at_once:,}", *figures, f"{ratio:.1f}x"))
    note = f"Durable events a second by how many wait at once; medians of {rounds} rounds."
    head = ("at once", "SQLite", "PostgreSQL", "fenced by a lease", "SQLite / PostgreSQL")
    return Table(note, head, rows)


async def _round(url: str, count: int, at_once: int) -> tuple[float, float, float]:
    """Return events a second of SQLite, of PostgreSQL, and of PostgreSQL under a lease."""
    targets = tuple(replace(_WEB, app=f"d{number}") for number in range(count))
    plan = FrozenPlan(name="bench", path="", digest="", targets=targets)
    opened = RunStarted(at=time.time(), plan=plan, endpoint="", version="", follow=True)

    async def measure(journal: Journal, run: str) -> float:
        journal.open_run(run, opened)
        numbers = iter(range(count))

        async def start() -> None:
            for position in numbers:
                intent = f"{run}{position}"
                event = StartIntended(
                    at=time.time(), position=position, intent=intent, fence=None, server_at=None
                )
                journal.record(event)
                await journal.commit()

        began = time.perf_counter()
        async with anyio.create_task_group() as tasks:
            for _ in range(at_once):
                tasks.start_soon(start)
        return count / (time.perf_counter() - began)

    with tempfile.TemporaryDirectory(dir=Path.cwd()) as here, SqliteJournal.open(Path(here) / "s") as journal:
        sqlite = await measure(journal, "01A")
    async with _shared(url) as shared:
        plain = await measure(shared.journal(), "01A")
        lease = await shared.take("lane", owner="bench", run="01B", seconds=600)
        assert isinstance(lease, Lease)
        fenced = await measure(shared.journal(lease), "01B")
    return sqlite, plain, fenced


@asynccontextmanager
async def _shared(url: str) -> AsyncIterator[PostgresShared]:
    with emptied(url) as place:
        shared = PostgresShared(place)
        shared.prepare()
        yield shared
        await shared.aclose()
