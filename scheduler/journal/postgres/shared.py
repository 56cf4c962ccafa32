"""The journal in PostgreSQL as processes share it: lanes taken from one another, a stop that all hear of."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from ...elapsed import elapsed
from ...events import Event
from ...model import LaneKey, Outcome, StopCause
from ..lease import Holder, Lease, granted
from ..refusals import taken_over
from ..rows import Row
from .database import Connection, Database, translated
from .journal import PostgresJournal
from .log import FRESH, NEWEST, Seen, event_of

# The server's clock decides, and its present moment: a statement may have waited for another's lock.
_TAKE = """
INSERT INTO leases AS held (name, epoch, owner, run, until)
VALUES (?, 1, ?, ?, clock_timestamp() + ? * interval '1 second')
ON CONFLICT (name) DO UPDATE SET epoch = held.epoch + 1, owner = excluded.owner, run = excluded.run,
    until = excluded.until
WHERE held.until <= clock_timestamp()
RETURNING epoch
"""
_HOLDER = "SELECT owner, extract(epoch FROM until - clock_timestamp())::float8 FROM leases WHERE name = ?"
_RENEW = """
UPDATE leases SET until = clock_timestamp() + ? * interval '1 second' WHERE name = ? AND epoch = ?
"""
_RELEASE = "UPDATE leases SET until = 'epoch' WHERE name = ? AND epoch = ?"
_STOPPING = "SELECT stop_cause, stop_reason FROM runs WHERE id = ? AND stop_cause IS NOT NULL"
_OUTCOMES = """
SELECT outcome, count(*) FROM targets
WHERE run = (SELECT number FROM runs WHERE id = ?) AND outcome IS NOT NULL GROUP BY outcome
"""
_ORDER = """
INSERT INTO orders (run, account, region) SELECT ?, account, region FROM unnest(?::text[], ?::text[])
    AS lanes (account, region)
ON CONFLICT (run, account, region) DO UPDATE SET done = FALSE
"""
_DONE = "UPDATE orders SET done = TRUE WHERE run = ? AND account = ? AND region = ?"
_WITHDRAW = "UPDATE orders SET done = TRUE WHERE run = ?"
_OWNERS = "SELECT DISTINCT owner FROM leases WHERE run = ? AND until > clock_timestamp()"
_LEFT = "SELECT count(*) FROM orders WHERE run = ? AND NOT done"


class PostgresShared(Database):
    """One process's access to what all share."""

    def journal(self, fence: Lease | None = None) -> PostgresJournal:
        """Open the journal for one run; fenced, its commits raise LaneLost once the lane is another's."""
        return PostgresJournal(self, fence)

    async def take(self, name: str, *, owner: str, run: str, seconds: float) -> Lease | Holder:
        """Take a lane for so many seconds, or tell who holds it. Raises JournalError."""
        asked = elapsed()
        if taken := await self._ask(_TAKE, name, owner, run, seconds):
            return granted(name, taken[0][0], seconds, asked)
        holders = await self._ask(_HOLDER, name)
        return Holder(*holders[0])

    async def renew(self, lease: Lease) -> Lease:
        """Let a lease last its seconds from now. Raises LaneLost, and JournalError."""
        asked = elapsed()
        if await self._change(_RENEW, lease.seconds, lease.name, lease.epoch) != 1:
            raise taken_over(lease.name)
        return granted(lease.name, lease.epoch, lease.seconds, asked)

    async def release(self, lease: Lease) -> None:
        """Let others take the lane at once; does nothing if it is another's already. Raises JournalError."""
        await self._change(_RELEASE, lease.name, lease.epoch)

    async def stopping(self, run: str) -> tuple[StopCause, str] | None:
        """Tell why a run is to start nothing more, if anybody said so; what workers ask all the time."""
        rows = await self._ask(_STOPPING, run)
        return (StopCause(rows[0][0]), rows[0][1]) if rows else None

    async def outcomes(self, run: str) -> dict[Outcome, int]:
        """Count the targets of a run that have ended, by outcome."""
        return {Outcome(outcome): count for outcome, count in await self._ask(_OUTCOMES, run)}

    @asynccontextmanager
    async def order(self, run: str, lanes: Sequence[LaneKey]) -> AsyncIterator[Connection]:
        """Note which lanes a fleet is to bring to their end for a run, if the block puts them in its queue.

        Both are one transaction: a lane that was noted and is not in the queue would keep the run alive for
        ever. Raises JournalError.
        """
        accounts, regions = [lane.account for lane in lanes], [lane.region for lane in lanes]
        async with self.lent() as connection, connection.transaction():
            await connection.execute(translated(_ORDER), (run, accounts, regions))
            yield connection

    async def finish(self, run: str, lane: LaneKey) -> bool:
        """Note that a lane that was ordered has come to its end; True: it was the last. Raises JournalError.

        Two that are the last at once are both told so: each is durable before it counts.
        """
        await self._change(_DONE, run, *lane)
        return not (await self._ask(_LEFT, run))[0][0]

    async def withdraw(self, run: str) -> None:
        """Take back what a fleet was asked to do for a run. Raises JournalError."""
        await self._change(_WITHDRAW, run)

    async def owners(self, run: str) -> list[str]:
        """Name the processes that hold lanes for a run at the moment. Raises JournalError."""
        return [owner for (owner,) in await self._ask(_OWNERS, run)]

    async def newest(self, run: str) -> Seen:
        """Return the present end of a run's log, to read on from there."""
        return Seen((await self._ask(NEWEST, run))[0][0])

    async def happened(self, run: str, seen: Seen) -> list[Event]:
        """Return the events of a run that `seen` does not know of, in the order of their recording."""
        rows = await self._ask(FRESH, run, seen.after, sorted(seen.beyond))
        seen.note([row[0] for row in rows], elapsed())
        return [event_of(kind, body) for _, kind, body in rows]

    async def _ask(self, query: str, *values: Any) -> list[Row]:
        async with self.lent() as connection:
            cursor = await connection.execute(translated(query), values)
            return await cursor.fetchall()

    async def _change(self, query: str, *values: Any) -> int:
        async with self.lent() as connection:
            return (await connection.execute(translated(query), values)).rowcount
