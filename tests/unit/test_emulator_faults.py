"""Which call a fault strikes, and what it leaves of the call."""

from __future__ import annotations

from typing import Any

import pytest

from scheduler.emulator.answers import ApiError
from scheduler.emulator.faults import Disturbance, Faults
from scheduler.emulator.identity import caller
from scheduler.emulator.service import Service
from scheduler.model import LaneKey
from scheduler.plan.scenario import Fault, FaultKind, Operation, Scenario

SHOP = caller("012345670123", "eu-west-1")
ERRORS = {
    FaultKind.ERROR_BEFORE: ("InternalFailureException", 500),
    FaultKind.ERROR_AFTER: ("InternalFailureException", 500),
    FaultKind.THROTTLE: ("LimitExceededException", 429),
    FaultKind.DENIED: ("AccessDeniedException", 403),
    FaultKind.EXPIRED_TOKEN: ("ExpiredTokenException", 403),
}
#: The faults after which the job exists although the client did not hear of it.
AFTER = {
    FaultKind.RESET_AFTER,
    FaultKind.CLOSE_AFTER,
    FaultKind.CUT_AFTER,
    FaultKind.HANG_AFTER,
    FaultKind.ERROR_AFTER,
    FaultKind.EMPTY,
    FaultKind.GARBAGE,
}


def start(service: Service, app: str = "d1") -> dict[str, Any]:
    return service.call(Operation.START_JOB, SHOP, {"appId": app, "branchName": "main", "jobType": "RELEASE"})


def struck(faults: Faults, app: str = "d1", operation: Operation = Operation.START_JOB) -> bool:
    return faults.strike(operation, LaneKey("012345670123", "eu-west-1"), app, "main") is not None


@pytest.mark.parametrize("kind", FaultKind)
def test_a_fault_spoils_the_answer_and_leaves_the_effect_that_its_name_says(kind: FaultKind) -> None:
    service = Service(Scenario(faults=(Fault(kind=kind),)), now=lambda: 0.0, epoch=0.0)
    with pytest.raises((ApiError, Disturbance)) as caught:
        start(service)
    if isinstance(caught.value, ApiError):
        assert (caught.value.code, caught.value.status) == ERRORS[kind]
    else:
        assert isinstance(caught.value, Disturbance)
        assert caught.value.fault.kind is kind
        assert (caught.value.answer is not None) is (kind in AFTER)
    assert [job.job for job in service.truth().jobs] == (["1"] if kind in AFTER else [])


def test_a_late_call_takes_effect_after_its_delay_and_is_still_known_as_its_request() -> None:
    time = 0.0
    scenario = Scenario(faults=(Fault(kind=FaultKind.LATE, delay=40, times=1),))
    service = Service(scenario, now=lambda: time, epoch=100.0)
    with pytest.raises(Disturbance):
        start(service)
    time = 39.0
    assert service.truth().jobs == []
    time = 50.0
    truth = service.truth()
    assert [(job.job, job.created_at) for job in truth.jobs] == [("1", 140.0)]
    assert [(call.at, call.answer, call.job) for call in truth.starts] == [(100.0, "late", "1")]


def test_a_late_call_on_a_branch_that_is_busy_by_then_makes_no_job() -> None:
    time = 0.0
    faults = (Fault(kind=FaultKind.LATE, delay=5, times=1),)
    service = Service(Scenario(faults=faults, build_time=(60, 60)), now=lambda: time, epoch=0.0)
    with pytest.raises(Disturbance):
        start(service)
    start(service)
    time = 10.0
    assert [call.job for call in service.truth().starts] == [None, "1"]


def test_an_error_answer_says_what_the_scenario_says() -> None:
    fault = Fault(kind=FaultKind.ERROR_BEFORE, status=401, code="UnauthorizedException", message="No")
    service = Service(Scenario(faults=(fault,)), now=lambda: 0.0, epoch=0.0)
    with pytest.raises(ApiError) as caught:
        start(service)
    assert (caught.value.code, caught.value.status, caught.value.message) == (
        "UnauthorizedException",
        401,
        "No",
    )


def test_skip_and_times_pick_calls_by_their_order() -> None:
    faults = Faults([Fault(kind=FaultKind.EMPTY, skip=2, times=3)], seed=0)
    assert [struck(faults) for _ in range(7)] == [False, False, True, True, True, False, False]


def test_globs_and_the_operation_pick_calls_by_their_place() -> None:
    faults = Faults([Fault(kind=FaultKind.EMPTY, app="d1*", branch="ma*", account="0123*")], seed=0)
    assert [struck(faults, app) for app in ("d1", "d17", "d2")] == [True, True, False]
    assert not struck(faults, operation=Operation.GET_JOB)


def test_the_first_fault_that_strikes_wins_and_the_next_takes_over_when_it_is_used_up() -> None:
    faults = Faults([Fault(kind=FaultKind.EMPTY, times=1), Fault(kind=FaultKind.DENIED)], seed=0)
    lane = LaneKey("012345670123", "eu-west-1")
    kinds = [faults.strike(Operation.START_JOB, lane, "d1", "main") for _ in range(3)]
    assert [fault.kind for fault in kinds if fault] == [FaultKind.EMPTY, FaultKind.DENIED, FaultKind.DENIED]


def test_a_probability_strikes_its_share_of_calls() -> None:
    faults = Faults([Fault(kind=FaultKind.EMPTY, probability=0.2)], seed=3)
    assert 150 < sum(struck(faults, f"d{number}") for number in range(1000)) < 250
