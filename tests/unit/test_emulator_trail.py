"""What the emulated CloudTrail shows of StartJob requests, when, and how it is asked."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest

from scheduler.emulator.answers import ApiError
from scheduler.emulator.faults import Disturbance
from scheduler.emulator.identity import caller
from scheduler.emulator.service import Service
from scheduler.plan.scenario import Operation, Scenario

EPOCH = 1_800_000_000.0
SHOP = caller("012345670123", "eu-west-1")
AGENT = "somebody/1.0"


class World:
    """A service, the hand on its clock, and an eye on its CloudTrail."""

    def __init__(self, **scenario: Any) -> None:
        self.time = 0.0
        self.service = Service(
            Scenario.model_validate({"trail_lag": 60} | scenario), now=lambda: self.time, epoch=EPOCH
        )

    def start(self, app: str = "d1", user_agent: str = AGENT) -> None:
        parameters = {"appId": app, "branchName": "main", "jobType": "RELEASE"}
        with suppress(ApiError, Disturbance):
            self.service.call(Operation.START_JOB, SHOP, parameters, user_agent=user_agent)

    def lookup(self, **parameters: Any) -> dict[str, Any]:
        return self.service.call(Operation.LOOKUP_EVENTS, SHOP, parameters)

    def details(self, after: float = 60) -> list[dict[str, Any]]:
        self.time += after
        return [json.loads(event["CloudTrailEvent"]) for event in self.lookup()["Events"]]


def test_a_request_shows_late_with_who_sent_it_what_it_asked_and_the_job_it_made() -> None:
    world = World()
    world.start()
    assert world.details(after=59) == []
    (detail,) = world.details(after=1)
    assert (detail["eventName"], detail["userAgent"], detail["awsRegion"]) == ("StartJob", AGENT, "eu-west-1")
    assert detail["eventTime"] == "2027-01-15T08:00:00Z"
    assert detail["requestParameters"] == {"appId": "d1", "branchName": "main", "jobType": "RELEASE"}
    assert detail["responseElements"]["jobSummary"]["jobId"] == "1"
    assert "errorCode" not in detail


@pytest.mark.parametrize(
    ("fault", "job", "error"),
    [
        ({"kind": "reset_after"}, "1", None),
        ({"kind": "empty"}, "1", None),
        ({"kind": "late", "delay": "10s"}, "1", None),
        ({"kind": "error_after"}, None, "InternalFailureException"),
        ({"kind": "error_after", "code": "", "status": 502}, "1", None),  # something in between has failed
        ({"kind": "throttle"}, None, "LimitExceededException"),
        ({"kind": "denied"}, None, "AccessDeniedException"),
    ],
)
def test_it_shows_what_the_service_answered_not_what_became_of_the_answer(
    fault: dict[str, Any], job: str | None, error: str | None
) -> None:
    world = World(faults=[fault])
    world.start()
    (detail,) = world.details(after=70)
    elements = detail["responseElements"]
    assert (elements and elements["jobSummary"]["jobId"], detail.get("errorCode")) == (job, error)


@pytest.mark.parametrize("kind", ["reset_before", "hang_before", "redirect"])
def test_a_request_that_never_arrived_never_shows(kind: str) -> None:
    world = World(faults=[{"kind": kind}])
    world.start()
    assert world.details(after=9_999) == []


def test_a_refusal_whose_answer_is_lost_shows_as_one() -> None:
    world = World(branches=[{"app": "d1", "missing": True}], faults=[{"kind": "reset_after"}])
    world.start()
    (detail,) = world.details()
    assert (detail["errorCode"], detail["errorMessage"]) == ("NotFoundException", "App d1 not found.")


def test_events_come_newest_first_in_pages_of_what_was_asked_for() -> None:
    world = World(trail_lag=0)
    for app in ("d1", "d2", "d3", "d4"):
        world.start(app)
        world.time += 10
    event_name = [{"AttributeKey": "EventName", "AttributeValue": "StartJob"}]
    asked = {"StartTime": EPOCH + 5, "EndTime": EPOCH + 30, "MaxResults": 2, "LookupAttributes": event_name}
    first = world.lookup(**asked)
    world.start("d5")  # what comes in front shifts nothing
    second = world.lookup(**asked, NextToken=first["NextToken"])
    shown = [json.loads(event["CloudTrailEvent"]) for event in first["Events"] + second["Events"]]
    assert [detail["requestParameters"]["appId"] for detail in shown] == ["d4", "d3", "d2"]
    assert "NextToken" not in second
    world.time += 1
    other = [{"AttributeKey": "EventName", "AttributeValue": "StopJob"}]
    assert world.lookup(LookupAttributes=other) == {"Events": []}


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"StartTime": 2.0, "EndTime": 1.0}, "InvalidTimeRangeException"),
        ({"LookupAttributes": [{"AttributeKey": "Weather"}]}, "InvalidLookupAttributesException"),
        (
            {
                "LookupAttributes": [
                    {"AttributeKey": key, "AttributeValue": "x"} for key in ("EventName", "EventId")
                ]
            },
            "InvalidLookupAttributesException",
        ),
    ],
)
def test_what_cannot_be_asked_is_refused(asked: dict[str, Any], code: str) -> None:
    with pytest.raises(ApiError, match=code):
        World().lookup(**asked)


def test_it_answers_two_calls_a_second_whatever_amplify_bears() -> None:
    world = World(read_rate=1)
    world.lookup()
    world.lookup()
    with pytest.raises(ApiError, match="ThrottlingException"):
        world.lookup()
    world.time += 0.5
    world.lookup()
