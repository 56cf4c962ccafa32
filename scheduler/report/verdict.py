"""The one place where counts become a verdict and an exit code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from ..errors import ExitCode
from ..model import FAILURES, Outcome, StopCause, Verdict


def judge(
    outcomes: Mapping[Outcome, int],
    *,
    ended: bool,
    running: bool,
    follow: bool,
    cause: StopCause | None,
    denied: bool,
) -> tuple[Verdict, ExitCode | None]:
    """Return the run's verdict and exit code; the first rule that applies decides.

    `outcomes` counts targets by outcome. `ended`: the run came to its end; `running`: a live process works on
    it; `follow`: jobs are followed to their ends; `cause`: why it stopped starting targets early, if it did;
    `denied`: every lane that has targets was stopped for credentials or permission, and nothing was started
    or attached. The codes 2 and 75 are decided before a run exists.
    """
    if not ended:
        return (Verdict.RUNNING if running else Verdict.INTERRUPTED), None
    if cause is not None and (verdict := _of_cause(cause)) is not None:
        return verdict
    if denied:
        return Verdict.FAILED, ExitCode.CREDENTIALS
    # `started` is what was asked for only where nothing is followed; elsewhere an end is missing.
    unfinished = outcomes.get(Outcome.NOT_STARTED, 0) + (outcomes.get(Outcome.STARTED, 0) if follow else 0)
    if cause is not None and unfinished:
        return Verdict.STOPPED, ExitCode.STOPPED
    # Without a deadline or budget only a stopped lane leaves targets behind, and that is no success.
    if unfinished or any(outcomes.get(outcome, 0) for outcome in FAILURES):
        return Verdict.FAILED, ExitCode.FAILED
    if not any(outcomes.values()):
        return Verdict.NOTHING_TO_DO, ExitCode.SUCCEEDED
    return Verdict.SUCCEEDED, ExitCode.SUCCEEDED


def _of_cause(cause: StopCause) -> tuple[Verdict, ExitCode] | None:
    """Return what a cause decides by itself; None: it depends on what was left undone."""
    match cause:
        case StopCause.SIGINT:
            return Verdict.INTERRUPTED, ExitCode.INTERRUPTED
        case StopCause.SIGTERM:
            return Verdict.INTERRUPTED, ExitCode.TERMINATED
        case StopCause.SIGHUP:
            return Verdict.INTERRUPTED, ExitCode.HANGUP
        case StopCause.INTERNAL:
            return Verdict.ERROR, ExitCode.INTERNAL
        case StopCause.DEADLINE | StopCause.FAILURE_BUDGET | StopCause.CANCEL:
            return None
        case _:
            assert_never(cause)
