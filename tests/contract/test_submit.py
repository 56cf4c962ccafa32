"""Giving a run to a fleet: all of its lanes, or none."""

from __future__ import annotations

import psycopg
import pytest

from scheduler.engine.outside import Options
from scheduler.errors import JournalError
from scheduler.events import RunStarted
from scheduler.journal.postgres.shared import PostgresShared
from scheduler.model import AWS, FrozenPlan, LaneKey, Target
from scheduler.worker.order import Order
from scheduler.worker.queue import Queue
from scheduler.worker.submit import submit, todo

PLAN = FrozenPlan(
    name="nightly",
    path="plan.yaml",
    digest="sha256:0",
    targets=tuple(
        Target(account="shop", region=region, app="d1", branch="main", name="web")
        for region in ("eu-west-1", "us-east-1", "us-west-2")
    ),
)


async def test_a_run_that_is_given_to_a_fleet_in_part_only_is_not_given_to_it_at_all(database: str) -> None:
    shared = PostgresShared(database)
    try:
        shared.prepare()
        journal = shared.journal()
        journal.open_run("01A", RunStarted(at=1.0, plan=PLAN, endpoint=AWS, version="1", follow=True))
        order, lanes = Order(run="01A", options=Options(), begun_at=1.0), todo(journal.targets("01A"))
        await Queue(shared).open()
        refusal = "ALTER TABLE procrastinate_jobs ADD CONSTRAINT full_disk CHECK (args->>'region' < 'us-w')"
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute(refusal)
            with pytest.raises(JournalError, match="full_disk"):
                await submit(shared, journal.run(), order, lanes)
            assert journal.at_work().alive == frozenset()  # `resume` gives it to the fleet
            assert connection.execute("SELECT FROM procrastinate_jobs").fetchall() == []
            connection.execute("ALTER TABLE procrastinate_jobs DROP CONSTRAINT full_disk")
            for _ in range(2):  # whoever gives it a second time adds nothing
                await submit(shared, journal.run(), order, lanes)
            given = connection.execute("SELECT args->>'region' FROM procrastinate_jobs ORDER BY 1").fetchall()
        assert [LaneKey("shop", region) for (region,) in given] == [*lanes]
        assert journal.at_work().alive == {"01A"}
    finally:
        await shared.aclose()
