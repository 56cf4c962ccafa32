"""What holds for every failure of a call, whatever the fault: sent once, and told without secrets."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from scheduler.amplify.accounts import Accounts
from scheduler.amplify.client import AmplifyClient
from scheduler.amplify.port import CallFailed, Kind
from scheduler.model import LaneKey, Target
from tests.integration.acts import after_request, broken_off, error, hang
from tests.integration.scene import SHORT_READ
from tests.integration.wire import Connection, Script, Serve, answering

pytestmark = pytest.mark.timeout(30)

TARGET = Target(account="default", region="eu-west-1", app="d1", branch="main", name="web")


def open_accounts(url: str) -> Accounts:
    return Accounts(
        [],
        run="01RUN",
        endpoint_url=url,
        static_credentials=lambda account: (f"AKIAEMUL{account}", "emulated"),
    )


async def start_job(client: AmplifyClient) -> str:
    answer = await client.start_job(TARGET, commit_message="nightly", intent="01INTENT")
    return answer.job.jobId


async def test_a_cancelled_start_stays_cancelled(serve: Serve) -> None:
    arrived = asyncio.Event()

    async def script(connection: Connection) -> None:
        await connection.request()
        arrived.set()
        await hang(connection)

    wire = await serve(script)
    async with open_accounts(wire.url) as accounts:
        client = await accounts.lane(LaneKey("default", "eu-west-1"), calls=2)
        task = asyncio.create_task(start_job(client))
        await arrived.wait()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    assert task.cancelled()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AWS_MAX_ATTEMPTS", "7"),
        ("AWS_RETRY_MODE", "adaptive"),
        ("AWS_RETRY_MODE", "legacy"),
        ("AWS_NEW_RETRIES_2026", "true"),
    ],
)
@pytest.mark.parametrize(
    "script",
    [
        answering(error(500, "InternalFailureException")),
        answering(error(429, "LimitExceededException")),
        broken_off(b"", by_reset=True),
        after_request(hang),
    ],
    ids=["500", "429", "reset", "hang"],
)
async def test_no_environment_variable_makes_the_sdk_send_a_start_again(
    name: str, value: str, script: Script, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    wire = await serve(script)
    async with Accounts([], run="01RUN", endpoint_url=wire.url, timeouts=SHORT_READ) as accounts:
        client = await accounts.lane(LaneKey("default", "eu-west-1"), calls=2)
        with pytest.raises(CallFailed):
            await start_job(client)
    assert len(wire.requests) == 1


async def test_a_read_that_fails_is_sent_once_too(serve: Serve) -> None:
    wire = await serve(answering(error(500, "InternalFailureException")))
    async with open_accounts(wire.url) as accounts:
        client = await accounts.lane(LaneKey("default", "eu-west-1"), calls=2)
        with pytest.raises(CallFailed) as caught:
            await client.get_job("d1", "main", "1")
    assert (caught.value.kind, caught.value.operation, len(wire.requests)) == (Kind.AMBIGUOUS, "GetJob", 1)


async def test_a_refused_signature_names_the_skew_and_leaks_no_token(serve: Serve) -> None:
    message = (
        "The request signature we calculated does not match the signature you provided.\n\n"
        "The Canonical String for this request should have been\n'POST\nx-amz-security-token:SECRETTOKEN"
    )
    date = "Tue, 24 Nov 2026 02:00:00 GMT"
    wire = await serve(answering(error(403, "InvalidSignatureException", message, Date=date)))
    async with Accounts(
        [],
        run="01RUN",
        endpoint_url=wire.url,
        static_credentials=lambda _: ("AKIAEMUL000000000000", "emulated"),
        clock=lambda: 1795485600.0 + 412,
    ) as accounts:
        client = await accounts.lane(LaneKey("default", "eu-west-1"), calls=2)
        with pytest.raises(CallFailed) as caught:
            await start_job(client)
    assert caught.value.reason == (
        "StartJob was refused because of its signature (InvalidSignatureException, HTTP 403). "
        "This machine's clock is 412 s ahead of the service's. Set it right (NTP) and resume."
    )
    assert "SECRETTOKEN" not in caught.value.message


async def test_a_service_that_quotes_a_key_does_not_get_it_into_the_reason(serve: Serve) -> None:
    wire = await serve(answering(error(403, "AccessDeniedException", "AKIAIOSFODNN7EXAMPLE may not")))
    async with open_accounts(wire.url) as accounts:
        client = await accounts.lane(LaneKey("default", "eu-west-1"), calls=2)
        with pytest.raises(CallFailed) as caught:
            await start_job(client)
    failure = caught.value
    assert "AKIA" not in failure.reason + failure.message
    assert "may not" in failure.reason
