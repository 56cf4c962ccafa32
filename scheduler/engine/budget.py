"""The bounds of a run, and the sentences that say which was reached: its failures, and its time."""

from __future__ import annotations

from ..model import FailureBudget


def tripped(budget: FailureBudget, *, failures: int, ended: int) -> str | None:
    """Return the rule that `failures` among `ended` targets broke, as a sentence; None: none."""
    if budget.count is not None and failures > budget.count:
        return f"{failures} targets failed; the budget is {budget.count}"
    if budget.percent is None or ended < budget.min_sample:
        return None
    if 100 * failures > budget.percent * ended:
        return f"{failures} of {ended} targets failed; the budget is {budget.percent:g}%"
    return None


def out_of_time(limit: float) -> str:
    """Say that a run's time, `limit` seconds, is over."""
    return f"the run's time of {limit / 60:g} min (--max-runtime) is over"
