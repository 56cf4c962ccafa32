"""The journal in PostgreSQL read, by any number of processes while others write."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any, Self

from ...model import LaneKey, Target
from ..at_work import AtWork, Holding
from ..port import TargetRecord
from ..questions import SqlReader, succeeded
from ..refusals import missing
from ..rows import Row
from .database import Database

_HELD = "SELECT name, owner, run FROM leases WHERE until > clock_timestamp() AND run <> ''"
_ORDERED = "SELECT run, account, region FROM orders WHERE NOT done"
# One question for many branches: the server may be far away.
_SUCCEEDED = f"""
SELECT wanted.place, found.job
FROM unnest(?::text[], ?::text[], ?::text[]) WITH ORDINALITY AS wanted (region, app, branch, place)
    CROSS JOIN LATERAL ({succeeded("wanted.region", "wanted.app", "wanted.branch")}) AS found
ORDER BY wanted.place, found.id DESC
"""  # noqa: S608 - constants


class PostgresReader(SqlReader):
    """Read a journal in PostgreSQL."""

    _given = "EXISTS (SELECT FROM orders WHERE orders.run = runs.id)"

    def __init__(self, database: Database) -> None:
        super().__init__(database.name)
        self._database = database

    @classmethod
    def open(cls, url: str) -> Self:
        """Open a journal, with a connection of its own. Raises RunNotFound where there is none."""
        with ExitStack() as stack:
            database = Database(url)
            stack.callback(database.close)
            if not database.holds_journal():
                raise missing(database.name)
            stack.pop_all()
            return cls(database)

    def close(self) -> None:
        """Close the connection."""
        self._database.close()

    def at_work(self) -> AtWork:
        """Who works on what at the moment, and what a fleet is still to work on."""
        holdings = {name: Holding(owner, run) for name, owner, run in self._rows(_HELD)}
        orders = frozenset((run, LaneKey(account, region)) for run, account, region in self._rows(_ORDERED))
        runs = {*(held.run for held in holdings.values()), *(run for run, _ in orders)}
        return AtWork(alive=frozenset(runs), holdings=holdings, orders=orders)

    def _of_lane(self, run: int, first: int, end: int, lane: LaneKey) -> Iterator[TargetRecord]:
        del first, end
        return iter(self._records("t.run = ? AND t.account = ? AND t.region = ?", run, *lane))

    def _succeeded(self, targets: Sequence[Target], endpoint: str) -> list[list[str]]:
        jobs: list[list[str]] = [[] for _ in targets]
        regions, apps = [target.region for target in targets], [target.app for target in targets]
        branches = [target.branch for target in targets]
        for place, job in self._rows(_SUCCEEDED, regions, apps, branches, endpoint):
            jobs[place - 1].append(job)
        return jobs

    def _rows(self, query: str, *values: Any) -> list[Row]:
        return self._database.rows(query, values)
