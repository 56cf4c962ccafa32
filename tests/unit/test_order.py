"""What holds for a whole run, decided from counts and clocks that any process can read."""

from __future__ import annotations

import pytest

from scheduler.engine.outside import Options
from scheduler.journal.port import TargetRecord
from scheduler.model import (
    FailureBudget,
    LaneKey,
    Outcome,
    StopCause,
    Target,
)
from scheduler.worker.order import ORDER, Order
from scheduler.worker.submit import todo

SHOP = LaneKey("shop", "eu-west-1")


def order(*, before: dict[Outcome, int] | None = None, **options: object) -> Order:
    return Order(run="01A", options=Options(**options), begun_at=1000.0, before=before or {})  # type: ignore[arg-type]  # what a test is about


def test_an_order_comes_through_json_as_it_was() -> None:
    given = order(
        before={Outcome.FAILED: 2}, budget=FailureBudget(percent=12.5), concurrency=3, max_runtime=60.0
    )
    assert ORDER.validate_json(ORDER.dump_json(given)) == given


def test_a_process_that_knows_some_lanes_only_is_told_no_budget_and_no_deadline() -> None:
    options = order(budget=FailureBudget(count=0), max_runtime=60.0, settle=7.0).of_a_lane
    assert options == Options(settle=7.0)


def test_the_time_of_a_run_is_counted_from_its_beginning_wherever_it_is_worked_on() -> None:
    given = order(max_runtime=120.0)
    assert given.overdue(1119.9) is None
    assert given.overdue(1120.0) == (
        StopCause.DEADLINE,
        "the run's time of 2 min (--max-runtime) is over",
    )
    assert order().overdue(1e12) is None


@pytest.mark.parametrize(
    ("outcomes", "rule"),
    [
        ({}, None),
        ({Outcome.FAILED: 2, Outcome.SUCCEEDED: 50}, None),
        ({Outcome.FAILED: 2, Outcome.CANCELLED: 1}, "3 targets failed; the budget is 2"),
        (
            {Outcome.REJECTED: 1, Outcome.TIMED_OUT: 1, Outcome.UNRESOLVED: 1},
            "3 targets failed; the budget is 2",
        ),
        ({Outcome.SKIPPED: 9, Outcome.STARTED: 9, Outcome.NOT_STARTED: 9}, None),
    ],
)
def test_every_failure_counts_against_the_budget_of_the_run(
    outcomes: dict[Outcome, int], rule: str | None
) -> None:
    stop = order(budget=FailureBudget(count=2)).overspent(outcomes)
    assert stop == (None if rule is None else (StopCause.FAILURE_BUDGET, rule))


def test_what_had_ended_before_a_run_was_resumed_does_not_count() -> None:
    given = order(
        before={Outcome.FAILED: 5, Outcome.SUCCEEDED: 5}, budget=FailureBudget(percent=50.0, min_sample=4)
    )
    assert given.overspent({Outcome.FAILED: 7, Outcome.SUCCEEDED: 6}) is None
    assert given.overspent({Outcome.FAILED: 7, Outcome.SUCCEEDED: 7}) is None
    assert given.overspent({Outcome.FAILED: 8, Outcome.SUCCEEDED: 6}) == (
        StopCause.FAILURE_BUDGET,
        "3 of 4 targets failed; the budget is 50%",
    )


def test_only_lanes_in_which_something_is_left_are_given_to_a_fleet() -> None:
    def record(position: int, region: str, outcome: Outcome | None) -> TargetRecord:
        target = Target(account="shop", region=region, app=f"d{position}", branch="main", name="")
        return TargetRecord(position=position, target=target, outcome=outcome)

    records = [
        record(0, "eu-west-1", None),
        record(1, "us-east-1", Outcome.SUCCEEDED),
        record(2, "eu-west-1", Outcome.FAILED),
        record(3, "eu-west-1", Outcome.UNRESOLVED),
    ]
    assert todo(records) == {SHOP: [0, 3]}
