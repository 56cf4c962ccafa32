"""A service of which one call in three goes wrong."""

from __future__ import annotations

from scheduler.plan.scenario import Fault, FaultKind, Operation

OPERATIONS = (Operation.START_JOB, Operation.GET_JOB, Operation.LIST_JOBS)


def lossy(*, effect: float) -> tuple[Fault, ...]:
    """Fail 10% of the calls with a 5xx and 5% with a reset, and throttle 20%.

    `effect`: the share of the former two that took effect all the same.
    """
    shares = (
        (FaultKind.ERROR_AFTER, 0.10 * effect),
        (FaultKind.ERROR_BEFORE, 0.10 * (1 - effect)),
        (FaultKind.RESET_AFTER, 0.05 * effect),
        (FaultKind.RESET_BEFORE, 0.05 * (1 - effect)),
        (FaultKind.THROTTLE, 0.20),
    )
    found, left = [], 1.0
    for kind, share in shares:  # the first fault that strikes a call decides: the next see fewer calls
        found += [
            Fault(kind=kind, operation=operation, probability=share / left, status=503)
            for operation in OPERATIONS
        ]
        left -= share
    return tuple(found)
