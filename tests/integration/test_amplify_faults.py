"""Every way a StartJob can fail, by the real aiobotocore over real sockets: sent once, and judged right."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

import pytest

from scheduler.amplify.accounts import Accounts
from scheduler.amplify.client import AmplifyClient
from scheduler.amplify.port import CallFailed, Kind, Stage
from scheduler.amplify.session import Timeouts
from scheduler.model import LaneKey, Target
from tests.integration.wire import Connection, Script, Serve, answering, reply

pytestmark = pytest.mark.timeout(30)

TARGET = Target(account="default", region="eu-west-1", app="d1", branch="main", name="web")
HTML = b"<html><body>403 - go away</body></html>"
#: Ample for what ends by itself; the others run into one certain bound.
AMPLE = Timeouts(connect=10, read=10, call=20)
SHORT_READ = Timeouts(connect=10, read=0.2, call=20)
SHORT_CALL = Timeouts(connect=10, read=10, call=0.4)


def open_accounts(url: str, timeouts: Timeouts = AMPLE) -> Accounts:
    return Accounts(
        [],
        run="01RUN",
        endpoint_url=url,
        static_credentials=lambda account: (f"AKIAEMUL{account}", "emulated"),
        timeouts=timeouts,
    )


async def start(url: str, timeouts: Timeouts = AMPLE) -> CallFailed:
    """Make one StartJob and return how it failed."""
    async with open_accounts(url, timeouts) as accounts:
        client = await accounts.lane(LaneKey("default", "eu-west-1"), calls=2)
        with pytest.raises(CallFailed) as caught:
            await start_job(client)
    return caught.value


async def start_job(client: AmplifyClient) -> str:
    answer = await client.start_job(TARGET, commit_message="nightly", intent="01INTENT")
    return answer.job.jobId


def error(status: int, code: str, message: str = "no") -> bytes:
    return reply({"message": message}, status=status, headers={"x-amzn-ErrorType": code})


def after_request(act: Callable[[Connection], Awaitable[None]]) -> Script:
    async def script(connection: Connection) -> None:
        await connection.request()
        await act(connection)

    return script


def broken_off(head: bytes, *, by_reset: bool) -> Script:
    """Read the request, send a part of an answer, and close."""

    async def act(connection: Connection) -> None:
        if head:
            await connection.send(head)
            await asyncio.sleep(0.02)  # an RST would overtake the bytes that are not yet read
        if by_reset:
            connection.reset()

    return after_request(act)


async def reset_unread(connection: Connection) -> None:
    connection.reset()


async def hang(_connection: Connection) -> None:
    await asyncio.Event().wait()


async def drip(connection: Connection) -> None:
    for byte in reply({"jobSummary": {"jobId": "1", "status": "PENDING"}}, headers={"Padding": "x" * 500}):
        await connection.send(bytes([byte]))
        await asyncio.sleep(0.02)


def hang_after(head: bytes) -> Script:
    async def act(connection: Connection) -> None:
        await connection.send(head)
        await hang(connection)

    return after_request(act)


@dataclass(frozen=True)
class Case:
    name: str
    script: Script
    stage: Stage
    kind: Kind
    requests: int = 1
    status: int = 0
    code: str = ""
    cause: str | None = None
    timeouts: Timeouts = AMPLE


def lost(name: str, script: Script, cause: str, requests: int = 1, timeouts: Timeouts = AMPLE) -> Case:
    return Case(name, script, Stage.SENT, Kind.AMBIGUOUS, requests, cause=cause, timeouts=timeouts)


def refused(kind: Kind, status: int, code: str, message: str = "no") -> Case:
    return Case(
        f"{status}-{code}-{message[:12]}",
        answering(error(status, code, message)),
        Stage.ANSWERED,
        kind,
        1,
        status,
        code,
    )


def page(kind: Kind, status: int, body: bytes = HTML) -> Case:
    return Case(
        f"{status}-{'page' if body else 'empty'}",
        answering(reply(body, status=status, headers={"Content-Type": "text/html"})),
        Stage.ANSWERED,
        kind,
        1,
        status,
    )


def redirect(status: int) -> Case:
    return Case(
        f"{status}-redirect",
        answering(reply(status=status, headers={"Location": "/elsewhere"})),
        Stage.SENT,
        Kind.BROKEN,
        cause="RedirectRefused",
    )


OK = b"HTTP/1.1 200 OK\r\n"
BUSY = "The requested branch main already have pending or running jobs"
RATE = "Rate exceeded while calling StartJob, please slow down or try again later."
CASES = [
    # The connection breaks.
    lost("reset-unread", reset_unread, "ConnectionResetError", requests=0),
    lost("reset-after-request", broken_off(b"", by_reset=True), "ConnectionResetError"),
    lost("closed-after-request", broken_off(b"", by_reset=False), "ServerDisconnectedError"),
    lost("reset-mid-header", broken_off(OK + b"Content-", by_reset=True), "ConnectionResetError"),
    lost("closed-mid-header", broken_off(OK + b"Content-", by_reset=False), "ServerDisconnectedError"),
    lost("reset-mid-body", broken_off(reply(b"{", length=99), by_reset=True), "ContentLengthError"),
    lost("closed-mid-body", broken_off(reply(b"{", length=99), by_reset=False), "ContentLengthError"),
    lost(
        "bad-chunks",
        broken_off(OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", by_reset=False),
        "BadHttpMessage",
    ),
    lost("garbage", broken_off(b"\x16\x03\x01 not http\r\n\r\n", by_reset=False), "BadStatusLine"),
    # The answer takes too long.
    lost("hang", after_request(hang), "SocketTimeoutError", timeouts=SHORT_READ),
    lost("hang-mid-body", hang_after(reply(b"{", length=99)), "SocketTimeoutError", timeouts=SHORT_READ),
    lost("drip", after_request(drip), "TimeoutError", timeouts=SHORT_CALL),
    # The answer says nothing.
    lost("empty-200", answering(reply(b"")), "Unusable"),
    lost("page-200", answering(reply(HTML)), "Unusable"),
    lost("truncated-json", answering(reply(b'{"jobSummary": {"jobId"')), "Unusable"),
    lost("no-length", broken_off(OK + b'\r\n{"jobSummary": {"jobId": "1"', by_reset=False), "Unusable"),
    lost("list", answering(reply([1])), "AttributeError"),
    lost("summary-is-list", answering(reply({"jobSummary": [1]})), "AttributeError"),
    lost("no-job-id", answering(reply({"jobSummary": {"status": "PENDING"}})), "Unusable"),
    lost("odd-job-id", answering(reply({"jobSummary": {"jobId": "../1"}})), "Unusable"),
    lost("not-ascii-job-id", answering(reply({"jobSummary": {"jobId": "\u0661"}})), "Unusable"),
    lost("odd-time", answering(reply({"jobSummary": {"jobId": "1", "startTime": "soon"}})), "ValueError"),
    lost("204", answering(reply(status=204)), "Unusable"),
    lost("400-list", answering(reply([1], status=400)), "AttributeError"),
    *(redirect(status) for status in (300, 301, 302, 303, 307, 308)),
    # The service refuses.
    refused(Kind.REJECTED, 400, "BadRequestException", "The requested jobType MANUAL does not support."),
    refused(Kind.THROTTLED, 400, "BadRequestException", RATE),
    refused(Kind.THROTTLED, 400, "ThrottlingException"),
    refused(Kind.THROTTLED, 400, "RequestLimitExceeded"),
    refused(Kind.THROTTLED, 429, "TooManyRequestsException"),
    refused(Kind.THROTTLED, 429, "LimitExceededException"),
    refused(Kind.THROTTLED, 400, "LimitExceededException"),
    refused(Kind.BUSY, 429, "LimitExceededException", BUSY),
    refused(Kind.BUSY, 400, "LimitExceededException", BUSY.upper()),
    refused(Kind.DENIED, 401, "UnauthorizedException"),
    refused(Kind.DENIED, 403, "AccessDeniedException"),
    refused(Kind.EXPIRED, 403, "ExpiredTokenException"),
    refused(Kind.EXPIRED, 403, "ExpiredToken"),
    refused(Kind.CREDENTIALS, 403, "UnrecognizedClientException"),
    refused(Kind.BROKEN, 403, "InvalidSignatureException"),
    refused(Kind.BROKEN, 403, "SignatureDoesNotMatch"),
    refused(Kind.BROKEN, 400, "RequestExpired"),
    refused(Kind.REJECTED, 404, "NotFoundException"),
    refused(Kind.AMBIGUOUS, 408, "RequestTimeoutException"),
    refused(Kind.AMBIGUOUS, 500, "InternalFailureException"),
    refused(Kind.AMBIGUOUS, 503, "ThrottlingException", RATE),
    # Something in its place answers.
    *(page(Kind.REJECTED, status) for status in (400, 401, 403, 404, 413)),
    page(Kind.REJECTED, 403, b""),
    page(Kind.THROTTLED, 429),
    page(Kind.THROTTLED, 429, b""),
    page(Kind.AMBIGUOUS, 408),
    *(page(Kind.AMBIGUOUS, status) for status in (500, 502, 503, 504)),
    *(page(Kind.AMBIGUOUS, status, b"") for status in (500, 502, 503, 504)),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_a_failed_start_is_sent_once_and_judged_by_its_stage(case: Case, serve: Serve) -> None:
    wire = await serve(case.script)
    failure = await start(wire.url, case.timeouts)
    found = (failure.stage, failure.kind, len(wire.requests), failure.status, failure.code)
    assert found == (case.stage, case.kind, case.requests, case.status, case.code), failure.reason
    assert failure.operation == "StartJob"
    if case.cause is not None:
        assert failure.cause == case.cause
    assert wire.connections == 1


async def test_a_refused_connection_sent_nothing() -> None:
    with socket.socket() as taken:  # bound and not listening: nobody else can take the port meanwhile
        taken.bind(("127.0.0.1", 0))
        failure = await start(f"http://127.0.0.1:{taken.getsockname()[1]}")
    found = (failure.stage, failure.kind, failure.cause)
    assert found == (Stage.NOT_SENT, Kind.NOT_SENT, "ConnectionRefusedError")


async def test_an_unknown_name_sent_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def unknown(*_arguments: object, **_options: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", unknown)
    failure = await start("https://nonexistent.invalid")
    assert (failure.stage, failure.kind, failure.cause) == (Stage.NOT_SENT, Kind.NOT_SENT, "gaierror")
    assert "could not be resolved" in failure.reason


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
    wire = await serve(
        answering(
            reply(
                {"message": message},
                status=403,
                headers={
                    "x-amzn-ErrorType": "InvalidSignatureException",
                    "Date": "Tue, 24 Nov 2026 02:00:00 GMT",
                },
            )
        )
    )
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
    failure = await start(wire.url)
    assert "AKIA" not in failure.reason + failure.message
    assert "may not" in failure.reason
