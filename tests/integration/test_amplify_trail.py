"""CloudTrail over real sockets: what is asked, page by page, and what became of starts with lost answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scheduler.amplify import trail
from scheduler.amplify.accounts import Accounts
from scheduler.amplify.port import CallFailed, Kind, Recorded
from scheduler.amplify.user_agent import for_intent
from scheduler.emulator.identity import SECRET_KEY, access_key
from scheduler.emulator.server import serve as emulate
from scheduler.model import Account, LaneKey, Target
from scheduler.plan.scenario import BranchRule, Fault, FaultKind, Operation, Refusal, Scenario
from tests.integration.wire import Serve, answering, reply

LANE = LaneKey("shop", "eu-west-1")
SHOP = Account(name="shop", id="012345670123")
ULIDS = [f"01JDHQ6X1V0W8R3K5M7N9P2T4{letter}" for letter in "ABC"]


def accounts(endpoint_url: str) -> Accounts:
    return Accounts(
        [SHOP],
        run="01RUN",
        endpoint_url=endpoint_url,
        static_credentials=lambda account: (access_key(account), SECRET_KEY),
    )


def target(app: str) -> Target:
    return Target(account="shop", region="eu-west-1", app=app, branch="main", name=app)


def page(*intents: str, token: str | None = None) -> bytes:
    events = [
        {
            "CloudTrailEvent": json.dumps(
                {
                    "eventName": "StartJob",
                    "userAgent": for_intent(intent),
                    "responseElements": {"jobSummary": {"jobId": "7"}},
                }
            )
        }
        for intent in intents
    ]
    return reply({"Events": events} | ({"NextToken": token} if token else {}))


async def test_all_pages_of_the_lanes_starts_in_a_time_are_asked_for(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail, "PAUSE", 0)
    service = await serve(answering(page(ULIDS[0], token="more"), page(ULIDS[1])))
    async with accounts(service.url) as outside:
        found = await outside.recorded(LANE, 1_795_485_600.0, 1_795_485_700.0)
    assert found == [Recorded(intent=intent, job_id="7") for intent in ULIDS[:2]]
    first, second = service.requests
    assert first.headers["x-amz-target"].endswith("CloudTrail_20131101.LookupEvents")
    assert "/eu-west-1/cloudtrail/aws4_request" in first.headers["authorization"]
    asked: dict[str, Any] = {
        "LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": "StartJob"}],
        "StartTime": 1_795_485_600,
        "EndTime": 1_795_485_700,
        "MaxResults": 50,
    }
    assert json.loads(first.body) == asked
    assert json.loads(second.body) == asked | {"NextToken": "more"}


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        pytest.param(reply({"__type": "AccessDeniedException"}, status=400), Kind.DENIED, id="no permission"),
        pytest.param(reply({"__type": "InvalidTimeRangeException"}, status=400), Kind.REJECTED, id="refused"),
        pytest.param(reply({}), Kind.AMBIGUOUS, id="nothing in the answer"),
        pytest.param(reply(b"<html>", status=404), Kind.REJECTED, id="a middlebox"),
    ],
)
async def test_what_cannot_be_asked_is_told_with_what_it_means(
    serve: Serve, answer: bytes, kind: Kind
) -> None:
    service = await serve(answering(answer))
    async with accounts(service.url) as outside:
        with pytest.raises(CallFailed) as failed:
            await outside.recorded(LANE, 0.0, 1.0)
    assert (failed.value.kind, failed.value.operation) == (kind, "LookupEvents")


async def test_the_emulator_tells_what_became_of_starts_whose_answers_were_lost() -> None:
    """One made its job, one was refused, one never arrived."""
    scenario = Scenario(
        trail_lag=(0, 0),
        branches=(BranchRule(app="drefused", missing=True),),
        faults=(
            Fault(kind=FaultKind.RESET_BEFORE, app="dnever"),
            Fault(kind=FaultKind.RESET_AFTER),
        ),
    )
    async with emulate(scenario) as emulator, accounts(emulator.url) as outside:
        since = emulator.service.date()
        lane = await outside.lane(LANE, calls=3)
        for app, intent in zip(("dmade", "drefused", "dnever"), ULIDS, strict=True):
            with pytest.raises(CallFailed) as lost:
                await lane.start_job(target(app), commit_message=None, intent=intent)
            assert lost.value.kind is Kind.AMBIGUOUS
        found = await outside.recorded(LANE, since - 1, since + 60)
    assert {record.intent: (record.job_id, record.kind) for record in found} == {
        ULIDS[0]: ("1", None),
        ULIDS[1]: (None, Kind.REJECTED),
    }


async def test_the_emulator_refuses_whom_it_is_told_to() -> None:
    denied = Fault(kind=FaultKind.DENIED, operation=Operation.LOOKUP_EVENTS)
    async with emulate(Scenario(faults=(denied,))) as emulator, accounts(emulator.url) as outside:
        with pytest.raises(CallFailed) as failed:
            await outside.recorded(LANE, 0.0, 1.0)
    assert failed.value.kind is Kind.DENIED
    assert "not authorized to perform: cloudtrail:LookupEvents" in failed.value.message


async def test_a_throttled_lookup_is_made_again_by_the_client_itself() -> None:
    """Others in the account may use up the two calls a second; asking twice does no harm."""
    throttle = Fault(kind=FaultKind.THROTTLE, operation=Operation.LOOKUP_EVENTS, times=1)
    scenario = Scenario(faults=(throttle,), refusal=Refusal.THROTTLING)
    async with emulate(scenario) as emulator, accounts(emulator.url) as outside:
        assert await outside.recorded(LANE, 0.0, 1.0) == []
        assert emulator.service.truth().calls["LookupEvents"] == 2
