"""Which fault strikes a call, and what it leaves of the call's effect and answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from typing import assert_never

from ..model import LaneKey
from ..plan.scenario import Fault, FaultKind, Operation
from .answers import Answer, ApiError, denied, expired_token, rate_exceeded
from .identity import Caller
from .lane import Lane, chance

#: Let a call take effect at the given time, and return its answer. Raises ApiError if it is refused.
Effect = Callable[[float], Answer]


class Disturbance(Exception):
    """The answer does not arrive as it should: the transport acts out `fault.kind`.

    `answer` is what would have been sent; None where the call had no effect or was refused.
    """

    def __init__(self, fault: Fault, answer: Answer | None = None) -> None:
        super().__init__(fault.kind)
        self.fault = fault
        self.answer = answer


class Faults:
    """The scenario's faults with the count of calls that each of them matched."""

    def __init__(self, faults: Sequence[Fault], seed: int) -> None:
        self._faults = faults
        self._seed = seed
        self._matched: Counter[int] = Counter()
        self._drawn: Counter[tuple[object, ...]] = Counter()

    def strike(self, operation: Operation, lane: LaneKey, app: str, branch: str) -> Fault | None:
        """Return the fault that strikes this call, if one does; count the call."""
        for place, fault in enumerate(self._faults):
            if not _matches(fault, operation, lane, app, branch):
                continue
            self._matched[place] += 1
            ordinal = self._matched[place] - fault.skip
            if ordinal < 1 or (fault.times is not None and ordinal > fault.times):
                continue
            if fault.probability == 1 or self._draw(place, *lane, app, branch) < fault.probability:
                return fault
        return None

    def _draw(self, *key: object) -> float:
        """Draw by branch and call, so that the order of calls on different branches changes nothing."""
        self._drawn[key] += 1
        return chance(self._seed, "fault", *key, self._drawn[key])


def disturbed(
    fault: Fault, operation: Operation, caller: Caller, lane: Lane, effect: Effect, now: float
) -> ApiError | Disturbance:
    """Return what the fault makes of a call, to be raised. `effect` takes place if the fault lets it."""

    def quietly(at: float) -> Answer | None:
        with suppress(ApiError):
            return effect(at)
        return None

    match fault.kind:
        case FaultKind.RESET_BEFORE | FaultKind.HANG_BEFORE | FaultKind.REDIRECT:
            return Disturbance(fault)
        case FaultKind.LATE:
            lane.slots.at(now + fault.delay, quietly)
            return Disturbance(fault)
        case FaultKind.ERROR_BEFORE:
            return ApiError(fault.code, fault.status, fault.message)
        case FaultKind.ERROR_AFTER:
            quietly(now)
            return ApiError(fault.code, fault.status, fault.message)
        case (
            FaultKind.RESET_AFTER
            | FaultKind.CLOSE_AFTER
            | FaultKind.CUT_AFTER
            | FaultKind.HANG_AFTER
            | FaultKind.EMPTY
            | FaultKind.GARBAGE
        ):
            return Disturbance(fault, quietly(now))
        case FaultKind.THROTTLE:
            return rate_exceeded(operation, lane.scenario.refusal)
        case FaultKind.DENIED:
            return denied(operation, caller.arn)
        case FaultKind.EXPIRED_TOKEN:
            return expired_token()
        case _:
            assert_never(fault.kind)


def _matches(fault: Fault, operation: Operation, lane: LaneKey, app: str, branch: str) -> bool:
    return (
        fault.operation is operation
        and fnmatchcase(lane.account, fault.account)
        and fnmatchcase(lane.region, fault.region)
        and fnmatchcase(app, fault.app)
        and fnmatchcase(branch, fault.branch)
    )
