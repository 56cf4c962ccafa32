"""The quota of concurrent jobs over real sockets: found by its name, and never a reason to fail."""

from __future__ import annotations

import json

import pytest

from scheduler.amplify import quotas
from scheduler.amplify.accounts import Accounts
from scheduler.emulator.identity import SECRET_KEY, access_key
from scheduler.emulator.server import serve as emulate
from scheduler.model import Account, LaneKey
from scheduler.plan.scenario import Fault, FaultKind, Operation, Scenario
from tests.integration.wire import Connection, Serve, answering, reply

LANE = LaneKey("shop", "eu-west-1")
SHOP = Account(name="shop", id="012345670123")


def accounts(endpoint_url: str, **fields: object) -> Accounts:
    return Accounts(
        [SHOP],
        run="01RUN",
        endpoint_url=endpoint_url,
        static_credentials=lambda account: (access_key(account), SECRET_KEY),
        **fields,  # type: ignore[arg-type]  # the caller names the fields
    )


def page(*named: tuple[str, object], token: str | None = None) -> bytes:
    found = [{"ServiceCode": "amplify", "QuotaName": name, "Value": value} for name, value in named]
    return reply({"Quotas": found} | ({"NextToken": token} if token else {}))


async def test_the_quota_is_found_by_name_on_whatever_page_it_is(serve: Serve) -> None:
    pages = (page(("Apps", 25.0), token="more"), page(("Domains per app", 5.0), ("Concurrent Jobs", 50.0)))
    service = await serve(answering(*pages))
    async with accounts(service.url) as outside:
        assert await outside.quota(LANE) == 50
    first, second = service.requests
    assert first.headers["x-amz-target"] == "ServiceQuotasV20190624.ListServiceQuotas"
    assert "/eu-west-1/servicequotas/aws4_request" in first.headers["authorization"]
    assert json.loads(first.body) == {"ServiceCode": "amplify", "MaxResults": 100}
    assert json.loads(second.body)["NextToken"] == "more"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(reply({"__type": "AccessDeniedException"}, status=400), id="no permission"),
        pytest.param(reply({"__type": "TooManyRequestsException"}, status=429), id="throttled"),
        pytest.param(reply(b"<html>", status=503), id="a middlebox"),
        pytest.param(reply({}), id="nothing in the answer"),
        pytest.param(page(("Apps", 25.0)), id="another quota only"),
        pytest.param(page(("Concurrent jobs", 0.0)), id="none at all"),
        pytest.param(page(("Concurrent jobs", "many")), id="no number"),
    ],
)
async def test_what_cannot_be_known_is_none_after_one_question(serve: Serve, answer: bytes) -> None:
    service = await serve(answering(answer))
    async with accounts(service.url) as outside:
        assert await outside.quota(LANE) is None
    assert len(service.requests) == 1


async def test_an_answer_that_does_not_come_is_given_up(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(connection: Connection) -> None:
        await connection.request()
        await connection.request()

    monkeypatch.setattr(quotas, "DEADLINE", 0.2)
    service = await serve(silent)
    async with accounts(service.url) as outside:
        assert await outside.quota(LANE) is None


async def test_without_credentials_nothing_is_known(monkeypatch: pytest.MonkeyPatch, serve: Serve) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    service = await serve(answering(page(("Concurrent jobs", 5.0))))
    lost = Account(name="shop", profile="lost")
    async with Accounts([lost], run="01RUN", endpoint_url=service.url) as outside:
        assert await outside.quota(LANE) is None
    assert service.requests == []


async def test_the_emulator_tells_its_slots_unless_it_is_told_not_to() -> None:
    async with emulate(Scenario(slots=7)) as emulator, accounts(emulator.url) as outside:
        assert await outside.quota(LANE) == 7
    denied = Fault(kind=FaultKind.DENIED, operation=Operation.LIST_SERVICE_QUOTAS)
    async with emulate(Scenario(faults=(denied,))) as emulator, accounts(emulator.url) as outside:
        assert await outside.quota(LANE) is None
