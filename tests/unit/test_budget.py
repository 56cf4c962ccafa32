"""When a run has failed enough to start nothing more."""

from __future__ import annotations

import pytest

from scheduler.engine.budget import tripped
from scheduler.model import FailureBudget

NONE = FailureBudget()
COUNT = FailureBudget(count=3)
PERCENT = FailureBudget(percent=10, min_sample=10)
BOTH = FailureBudget(count=3, percent=10, min_sample=10)


@pytest.mark.parametrize(
    ("budget", "failures", "ended", "expected"),
    [
        # Without a budget a run bears anything.
        (NONE, 1000, 1000, None),
        # A count is borne, and one more is not, however many targets ended.
        (COUNT, 3, 3, None),
        (COUNT, 4, 4, "4 targets failed; the budget is 3"),
        (COUNT, 4, 1000, "4 targets failed; the budget is 3"),
        (FailureBudget(count=0), 0, 5, None),
        (FailureBudget(count=0), 1, 1, "1 targets failed; the budget is 0"),
        # A share is of the targets that ended, and is not asked before enough have.
        (PERCENT, 9, 9, None),
        (PERCENT, 1, 10, None),
        (PERCENT, 2, 10, "2 of 10 targets failed; the budget is 10%"),
        (PERCENT, 10, 100, None),
        (PERCENT, 11, 100, "11 of 100 targets failed; the budget is 10%"),
        (FailureBudget(percent=2.5, min_sample=1), 1, 40, None),
        (FailureBudget(percent=2.5, min_sample=1), 1, 39, "1 of 39 targets failed; the budget is 2.5%"),
        (FailureBudget(percent=0), 1, 10, "1 of 10 targets failed; the budget is 0%"),
        (FailureBudget(percent=100), 10, 10, None),
        # Nothing ended: nothing to take a share of.
        (FailureBudget(percent=0, min_sample=0), 0, 0, None),
        # Of two rules either may trip; the count is named first.
        (BOTH, 3, 100, None),
        (BOTH, 2, 10, "2 of 10 targets failed; the budget is 10%"),
        (BOTH, 4, 10, "4 targets failed; the budget is 3"),
    ],
)
def test_a_budget_trips_when_more_failed_than_it_bears(
    budget: FailureBudget, failures: int, ended: int, expected: str | None
) -> None:
    assert tripped(budget, failures=failures, ended=ended) == expected
