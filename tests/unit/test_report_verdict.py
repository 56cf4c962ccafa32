"""Counts become a verdict and an exit code in one place, in the order of the contract."""

from __future__ import annotations

from typing import Any

import pytest

from scheduler.errors import ExitCode
from scheduler.model import FAILURES, Outcome, StopCause, Verdict
from scheduler.report.verdict import judge

_ENDED: dict[str, Any] = {"ended": True, "running": False, "follow": True, "cause": None, "denied": False}

_TABLE: list[tuple[dict[Outcome, int], dict[str, Any], tuple[Verdict, ExitCode | None]]] = [
    # Everything went well, or there was nothing to do.
    ({Outcome.SUCCEEDED: 3}, {}, (Verdict.SUCCEEDED, ExitCode.SUCCEEDED)),
    ({}, {}, (Verdict.NOTHING_TO_DO, ExitCode.SUCCEEDED)),
    # Neutral: what was skipped, and what was not followed because nobody asked for it.
    ({Outcome.SUCCEEDED: 1, Outcome.SKIPPED: 2}, {}, (Verdict.SUCCEEDED, ExitCode.SUCCEEDED)),
    ({Outcome.SKIPPED: 2}, {}, (Verdict.SUCCEEDED, ExitCode.SUCCEEDED)),
    ({Outcome.STARTED: 2}, {"follow": False}, (Verdict.SUCCEEDED, ExitCode.SUCCEEDED)),
    # One failure of any kind is enough.
    *(
        ({Outcome.SUCCEEDED: 99, outcome: 1}, {}, (Verdict.FAILED, ExitCode.FAILED))
        for outcome in sorted(FAILURES)
    ),
    # A stopped lane left targets behind: not started, or no longer followed.
    ({Outcome.SUCCEEDED: 9, Outcome.NOT_STARTED: 1}, {}, (Verdict.FAILED, ExitCode.FAILED)),
    ({Outcome.SUCCEEDED: 9, Outcome.STARTED: 1}, {}, (Verdict.FAILED, ExitCode.FAILED)),
    # A deadline or the budget left targets unstarted or unfollowed, even when some failed.
    ({Outcome.NOT_STARTED: 1}, {"cause": StopCause.DEADLINE}, (Verdict.STOPPED, ExitCode.STOPPED)),
    ({Outcome.STARTED: 1}, {"cause": StopCause.DEADLINE}, (Verdict.STOPPED, ExitCode.STOPPED)),
    ({Outcome.STARTED: 1}, {"cause": StopCause.CANCEL}, (Verdict.STOPPED, ExitCode.STOPPED)),
    (
        {Outcome.FAILED: 3, Outcome.NOT_STARTED: 1},
        {"cause": StopCause.FAILURE_BUDGET},
        (Verdict.STOPPED, ExitCode.STOPPED),
    ),
    # The budget was spent by the last targets, or the deadline came too late: nothing was left behind.
    ({Outcome.FAILED: 3}, {"cause": StopCause.FAILURE_BUDGET}, (Verdict.FAILED, ExitCode.FAILED)),
    ({Outcome.SUCCEEDED: 3}, {"cause": StopCause.DEADLINE}, (Verdict.SUCCEEDED, ExitCode.SUCCEEDED)),
    (
        {Outcome.STARTED: 3},
        {"cause": StopCause.DEADLINE, "follow": False},
        (Verdict.SUCCEEDED, ExitCode.SUCCEEDED),
    ),
    # No lane could start: told apart from a failure, also after a deadline.
    ({Outcome.NOT_STARTED: 3}, {"denied": True}, (Verdict.FAILED, ExitCode.CREDENTIALS)),
    (
        {Outcome.NOT_STARTED: 3},
        {"denied": True, "cause": StopCause.DEADLINE},
        (Verdict.FAILED, ExitCode.CREDENTIALS),
    ),
    # A signal or an internal error comes before everything else.
    ({Outcome.FAILED: 1}, {"cause": StopCause.SIGINT}, (Verdict.INTERRUPTED, ExitCode.INTERRUPTED)),
    ({Outcome.SUCCEEDED: 1}, {"cause": StopCause.SIGTERM}, (Verdict.INTERRUPTED, ExitCode.TERMINATED)),
    ({}, {"cause": StopCause.SIGHUP}, (Verdict.INTERRUPTED, ExitCode.HANGUP)),
    (
        {Outcome.NOT_STARTED: 1},
        {"cause": StopCause.INTERNAL, "denied": True},
        (Verdict.ERROR, ExitCode.INTERNAL),
    ),
    # A run without an end has no exit code, whatever became of its targets.
    ({Outcome.FAILED: 1}, {"ended": False, "running": True}, (Verdict.RUNNING, None)),
    ({Outcome.FAILED: 1}, {"ended": False}, (Verdict.INTERRUPTED, None)),
    ({}, {"ended": False, "cause": StopCause.INTERNAL}, (Verdict.INTERRUPTED, None)),
]


@pytest.mark.parametrize(("outcomes", "facts", "expected"), _TABLE)
def test_the_first_rule_that_applies_decides(
    outcomes: dict[Outcome, int], facts: dict[str, Any], expected: tuple[Verdict, ExitCode | None]
) -> None:
    assert judge(outcomes, **(_ENDED | facts)) == expected


def test_the_table_is_exhaustive() -> None:
    """Every verdict, every exit code that a run can end with, every outcome and every cause occurs in it."""
    assert {verdict for _, _, (verdict, _) in _TABLE} == set(Verdict)
    assert {code for *_, (_, code) in _TABLE} == {*ExitCode, None} - {ExitCode.USAGE, ExitCode.LOCKED}
    assert {outcome for outcomes, *_ in _TABLE for outcome in outcomes} == set(Outcome)
    assert {facts.get("cause") for _, facts, _ in _TABLE} == {*StopCause, None}
