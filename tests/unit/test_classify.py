"""What a failed call means, row by row, and the promises that hold for every failure."""

from __future__ import annotations

import ast
import builtins
import inspect
import json
import socket
import ssl
from dataclasses import replace

import aiohttp
import botocore.exceptions
import botocore.httpsession
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.amplify import failure as questions
from scheduler.amplify import tables, transport
from scheduler.amplify.classify import classify
from scheduler.amplify.failure import Failure
from scheduler.amplify.port import Kind, Stage
from scheduler.amplify.tables import TABLES

BUSY = "The requested branch main already have pending or running jobs"
RATE = "Rate exceeded while calling StartJob, please slow down or try again later."


def unsent(*causes: str, operation: str = "StartJob", **answer: object) -> Failure:
    return Failure(stage=Stage.NOT_SENT, operation=operation, causes=causes, **answer)  # type: ignore[arg-type]


def sent(*causes: str) -> Failure:
    return Failure(stage=Stage.SENT, operation="StartJob", causes=causes)


def answered(status: int, code: str = "", message: str = "no") -> Failure:
    return Failure(
        stage=Stage.ANSWERED,
        operation="StartJob",
        status=status,
        code=code,
        message=message,
        causes=("ClientError",),
    )


def role(status: int, code: str = "") -> Failure:
    return unsent("ClientError", operation="AssumeRole", status=status, code=code, message="no")


KINDS = [
    # Nothing was written.
    (unsent("EndpointConnectionError", "ClientConnectorError", "ConnectionRefusedError"), Kind.NOT_SENT),
    (unsent("EndpointConnectionError", "ClientConnectorDNSError", "gaierror"), Kind.NOT_SENT),
    (unsent("ConnectTimeoutError", "ConnectionTimeoutError"), Kind.NOT_SENT),
    (unsent("EndpointConnectionError", "ClientOSError", "ConnectionResetError"), Kind.NOT_SENT),
    (unsent("ConnectionClosedError", "ServerDisconnectedError"), Kind.NOT_SENT),
    (unsent("TimeoutError"), Kind.NOT_SENT),
    (unsent("SomethingNobodyKnows"), Kind.NOT_SENT),
    (unsent(), Kind.NOT_SENT),
    (unsent("SSLError", "ClientConnectorCertificateError", "SSLCertVerificationError"), Kind.BROKEN),
    (unsent("EndpointConnectionError", "ClientConnectorError", "PermissionError"), Kind.NOT_SENT),
    (unsent("HTTPClientError", "FileNotFoundError"), Kind.BROKEN),
    (unsent("HTTPClientError", "SomethingNobodyKnows"), Kind.NOT_SENT),
    (unsent("ProxyConnectionError", "ClientProxyConnectionError"), Kind.NOT_SENT),
    (unsent("ProxyConnectionError", "ClientHttpProxyError", status=407), Kind.BROKEN),
    (unsent("ProxyConnectionError", "ClientHttpProxyError", status=502), Kind.NOT_SENT),
    (unsent("ParamValidationError"), Kind.REJECTED),
    (unsent("InvalidRegionError"), Kind.BROKEN),
    (unsent("ValueError"), Kind.BROKEN),
    (unsent("NoCredentialsError"), Kind.CREDENTIALS),
    (unsent("PartialCredentialsError"), Kind.CREDENTIALS),
    (unsent("CredentialRetrievalError"), Kind.CREDENTIALS),
    (unsent("ProfileNotFound"), Kind.CREDENTIALS),
    (unsent("SSOTokenLoadError"), Kind.CREDENTIALS),
    (unsent("UnauthorizedSSOTokenError"), Kind.CREDENTIALS),
    (unsent("InfiniteLoopConfigError"), Kind.CREDENTIALS),
    (unsent("EOFError"), Kind.CREDENTIALS),
    (unsent("FileNotFoundError"), Kind.CREDENTIALS),
    (unsent("JSONDecodeError"), Kind.CREDENTIALS),
    (
        unsent(
            "RuntimeError",
            message="Credentials were refreshed, but the refreshed credentials are still expired.",
        ),
        Kind.CREDENTIALS,
    ),
    (unsent("RuntimeError", message="Session is closed"), Kind.NOT_SENT),
    (role(403, "AccessDenied"), Kind.CREDENTIALS),
    (role(400, "ValidationError"), Kind.CREDENTIALS),
    (role(403, "ExpiredToken"), Kind.EXPIRED),
    (role(403, "SignatureDoesNotMatch"), Kind.BROKEN),
    (role(400, "Throttling"), Kind.NOT_SENT),
    (role(429), Kind.NOT_SENT),
    (role(408), Kind.NOT_SENT),
    (role(307), Kind.BROKEN),
    (unsent("HTTPClientError", "RedirectRefused", operation="AssumeRole"), Kind.BROKEN),
    (role(500, "InternalFailure"), Kind.NOT_SENT),
    # The bounds of what a status says of it.
    (role(299), Kind.NOT_SENT),
    (role(300), Kind.BROKEN),
    (role(399), Kind.BROKEN),
    (role(400), Kind.CREDENTIALS),
    (role(499), Kind.CREDENTIALS),
    (unsent("ProxyConnectionError", "ClientHttpProxyError", status=299), Kind.NOT_SENT),
    (unsent("ProxyConnectionError", "ClientHttpProxyError", status=400), Kind.BROKEN),
    (unsent("ProxyConnectionError", "ClientHttpProxyError", status=499), Kind.BROKEN),
    (unsent("ProxyConnectionError", "ClientHttpProxyError", status=500), Kind.NOT_SENT),
    # Something was written, and no answer can be used.
    (sent("EndpointConnectionError", "ClientOSError", "ConnectionResetError"), Kind.AMBIGUOUS),
    (sent("EndpointConnectionError", "ClientConnectionResetError"), Kind.AMBIGUOUS),
    (sent("ConnectionClosedError", "ServerDisconnectedError"), Kind.AMBIGUOUS),
    (sent("ConnectionClosedError", "ClientPayloadError"), Kind.AMBIGUOUS),
    (sent("ReadTimeoutError", "SocketTimeoutError"), Kind.AMBIGUOUS),
    (sent("TimeoutError"), Kind.AMBIGUOUS),
    (sent("HTTPClientError", "ClientResponseError"), Kind.AMBIGUOUS),
    (sent("Unusable"), Kind.AMBIGUOUS),
    (sent("AttributeError"), Kind.AMBIGUOUS),
    (sent("NoCredentialsError"), Kind.AMBIGUOUS),
    (sent("ParamValidationError"), Kind.AMBIGUOUS),
    (sent("HTTPClientError", "RedirectRefused"), Kind.BROKEN),
    # An error was answered.
    (answered(500, "InternalFailureException"), Kind.AMBIGUOUS),
    (answered(502), Kind.AMBIGUOUS),
    (answered(503, "ThrottlingException", RATE), Kind.AMBIGUOUS),
    (answered(500, "LimitExceededException", BUSY), Kind.AMBIGUOUS),
    (answered(408), Kind.AMBIGUOUS),
    (answered(200, "LimitExceededException", BUSY), Kind.AMBIGUOUS),
    (answered(0), Kind.AMBIGUOUS),
    (answered(299, "WhateverException"), Kind.AMBIGUOUS),
    (answered(300), Kind.BROKEN),
    (answered(399), Kind.BROKEN),
    (answered(499, "WhateverException"), Kind.REJECTED),
    (answered(600, "WhateverException"), Kind.AMBIGUOUS),
    (answered(429, "LimitExceededException", BUSY), Kind.BUSY),
    (answered(400, "BadRequestException", BUSY.upper()), Kind.BUSY),
    (answered(429, "LimitExceededException", "too much"), Kind.THROTTLED),
    (answered(400, "LimitExceededException", "too much"), Kind.THROTTLED),
    (answered(400, "ServiceQuotaExceededException"), Kind.THROTTLED),
    (answered(400, "BadRequestException", RATE), Kind.THROTTLED),
    (answered(403, "AccessDeniedException", RATE.upper()), Kind.THROTTLED),
    (answered(400, "Throttling"), Kind.THROTTLED),
    (answered(400, "ThrottledException"), Kind.THROTTLED),
    (answered(400, "RequestThrottledException"), Kind.THROTTLED),
    (answered(400, "TooManyRequestsException"), Kind.THROTTLED),
    (answered(400, "RequestLimitExceeded"), Kind.THROTTLED),
    (answered(429), Kind.THROTTLED),
    (answered(403, "ExpiredToken"), Kind.EXPIRED),
    (answered(403, "ExpiredTokenException"), Kind.EXPIRED),
    (answered(403, "UnrecognizedClientException"), Kind.CREDENTIALS),
    (answered(403, "InvalidClientTokenId"), Kind.CREDENTIALS),
    (answered(403, "InvalidSignatureException"), Kind.BROKEN),
    (answered(403, "SignatureDoesNotMatch"), Kind.BROKEN),
    (answered(400, "RequestExpired"), Kind.BROKEN),
    (answered(403, message="<html>"), Kind.REJECTED),
    (answered(404, message="<html>"), Kind.REJECTED),
    (answered(413, message="<html>"), Kind.REJECTED),
    (answered(401, "UnauthorizedException"), Kind.DENIED),
    (answered(403, "AccessDeniedException"), Kind.DENIED),
    (answered(400, "AccessDeniedException"), Kind.DENIED),
    (answered(401, "WhateverException"), Kind.DENIED),
    (answered(402, "WhateverException"), Kind.REJECTED),
    (answered(407, "WhateverException"), Kind.REJECTED),
    (answered(403, "WhateverException"), Kind.DENIED),
    (answered(404, "NotFoundException"), Kind.REJECTED),
    (answered(400, "BadRequestException"), Kind.REJECTED),
    (answered(409, "ConflictException"), Kind.REJECTED),
]


@pytest.mark.parametrize(("failure", "kind"), KINDS, ids=repr)
def test_a_failure_means_what_the_table_says(failure: Failure, kind: Kind) -> None:
    assert classify(failure)[0] is kind


def test_every_row_is_reached_by_a_case_of_its_own() -> None:
    rows = {(stage, row) for stage, table in TABLES.items() for row in table}
    reached = {
        (failure.stage, next(row for row in TABLES[failure.stage] if row.when(failure)))
        for failure, _ in KINDS
    }
    assert rows == reached


@pytest.mark.parametrize(("failure", "_kind"), KINDS, ids=repr)
def test_a_reason_is_whole_sentences(failure: Failure, _kind: Kind) -> None:
    reason = classify(failure)[1]
    assert reason[0].isupper()
    assert reason.endswith(".")
    assert "{" not in reason


NAMESPACES = (botocore.exceptions, botocore.httpsession, aiohttp, builtins, json, socket, ssl, transport)


def test_the_exceptions_that_the_tables_name_exist() -> None:
    """A misspelt or renamed class would silently fall through to the last row."""
    named = {
        argument.value
        for module in (questions, tables)
        for node in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"cause", "raised"}
        for argument in node.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }
    assert "ClientConnectorCertificateError" in named
    assert {name for name in named if not any(hasattr(place, name) for place in NAMESPACES)} == set()


texts = st.one_of(st.text(max_size=30), st.sampled_from([BUSY, RATE, "{0}", "{doubt}", "AKIA"]))
codes = st.sampled_from(
    ["", "LimitExceededException", "ThrottlingException", "ExpiredToken", "BadRequestException", "413", "{"]
)
names = st.lists(
    st.sampled_from(
        ["ClientError", "ValueError", "ProfileNotFound", "SSLError", "ReadTimeoutError", "TimeoutError", "X"]
    ),
    max_size=3,
).map(tuple)


@given(operation=st.sampled_from(["StartJob", "GetJob"]), code=codes, message=texts, causes=names)
def test_a_request_that_was_written_and_not_answered_is_always_in_doubt(
    operation: str, code: str, message: str, causes: tuple[str, ...]
) -> None:
    failure = Failure(stage=Stage.SENT, operation=operation, code=code, message=message, causes=causes)
    assert classify(failure)[0] is Kind.AMBIGUOUS


@given(status=st.one_of(st.just(408), st.integers(500, 599)), code=codes, message=texts)
def test_a_fault_of_the_service_is_always_in_doubt(status: int, code: str, message: str) -> None:
    assert classify(answered(status, code, message))[0] is Kind.AMBIGUOUS


@given(status=st.integers(0, 599), code=codes, message=texts, causes=names)
def test_what_was_not_sent_is_never_in_doubt(
    status: int, code: str, message: str, causes: tuple[str, ...]
) -> None:
    kind, _ = classify(unsent(*causes, status=status, code=code, message=message))
    assert kind not in {Kind.AMBIGUOUS, Kind.BUSY, Kind.THROTTLED}


def test_a_start_in_doubt_is_told_apart_from_a_read_that_can_be_asked_again() -> None:
    start, read, stop = (
        classify(Failure(stage=Stage.SENT, operation=operation, causes=("ReadTimeoutError",)))[1]
        for operation in ("StartJob", "GetJob", "StopJob")
    )
    assert start == (
        "StartJob was sent and not answered in time. "
        "Whether a job was started is not known; it is looked for, and nothing is sent again by itself."
    )
    assert read == "GetJob was sent and not answered in time. To ask again does no harm."
    assert stop == "StopJob was sent and not answered in time. To ask again does no harm."


@pytest.mark.parametrize(
    ("skew", "clock"),
    [
        (None, "Compare this machine's clock with the true time, then check the secret access key."),
        (
            3.0,
            "The clock is right, so the secret access key is wrong or something in between alters requests.",
        ),
        (
            -59.6,
            "The clock is right, so the secret access key is wrong or something in between alters requests.",
        ),
        (60.0, "This machine's clock is 60 s ahead of the service's. Set it right (NTP) and resume."),
        (412.4, "This machine's clock is 412 s ahead of the service's. Set it right (NTP) and resume."),
        (-3600.0, "This machine's clock is 3600 s behind the service's. Set it right (NTP) and resume."),
    ],
)
def test_a_refused_signature_speaks_of_the_clock_and_never_quotes_the_request(
    skew: float | None, clock: str
) -> None:
    failure = Failure(
        stage=Stage.ANSWERED,
        operation="StartJob",
        code="InvalidSignatureException",
        status=403,
        message="x-amz-security-token:SECRET",
        skew=skew,
    )
    said = "StartJob was refused because of its signature (InvalidSignatureException, HTTP 403). "
    assert classify(failure) == (Kind.BROKEN, said + clock)


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (answered(500), "StartJob was sent and failed on the service's side (HTTP 500). Whether"),
        (answered(599), "StartJob was sent and failed on the service's side (HTTP 599). Whether"),
        (answered(600), "StartJob was sent and its answer is of no use (HTTP 600). Whether"),
        (answered(404, "Odd"), "StartJob found no such app, branch or job (Odd, HTTP 404: no). Check"),
        (answered(405, "Odd"), "StartJob was refused for good (Odd, HTTP 405: no). Correct"),
        (role(500), "Credentials could not be had just now: AssumeRole failed (HTTP 500). Nothing"),
    ],
)
def test_the_reason_tells_one_status_from_the_next(failure: Failure, said: str) -> None:
    assert classify(failure)[1].startswith(said)


@pytest.mark.parametrize(
    ("operation", "allow"),
    [
        ("StartJob", "Allow amplify:StartJob on this branch; `amplify-release iam-policy PLAN` prints"),
        ("ListJobs", "Allow amplify:ListJobs on this branch; `amplify-release iam-policy PLAN` prints"),
        (
            "LookupEvents",
            "Allow cloudtrail:LookupEvents; `amplify-release iam-policy PLAN --for cloudtrail` prints",
        ),
        (
            "ListServiceQuotas",
            "Allow servicequotas:ListServiceQuotas; `amplify-release iam-policy PLAN --for quotas` prints",
        ),
    ],
)
def test_a_missing_permission_is_named_with_the_command_that_prints_it(operation: str, allow: str) -> None:
    denied = replace(answered(403, "AccessDeniedException"), operation=operation)
    assert classify(denied)[1] == (
        f"{operation} is not permitted (AccessDeniedException, HTTP 403: no). {allow} the policy."
    )


def test_a_failure_of_which_nothing_is_known_says_nothing() -> None:
    nothing = Failure(stage=Stage.SENT, operation="StartJob")
    assert nothing == Failure(
        stage=Stage.SENT, operation="StartJob", code="", status=0, message="", causes=(), skew=None
    )


def test_a_page_of_a_middlebox_is_not_quoted() -> None:
    assert classify(answered(413, message="<html>"))[1] == (
        "StartJob was answered with HTTP 413 and no AWS error code: a proxy, firewall or other middlebox "
        "answered in the service's place. Check the endpoint URL, HTTPS_PROXY and NO_PROXY."
    )


def test_the_words_of_the_service_are_quoted_as_they_are() -> None:
    reason = classify(answered(400, "BadRequestException", "The {jobType} MANUAL does not support."))[1]
    assert reason == (
        "StartJob was refused for good "
        "(BadRequestException, HTTP 400: The {jobType} MANUAL does not support.). Correct the target."
    )


def test_questions_are_asked_of_codes_with_and_without_exception() -> None:
    ask = questions.code("ExpiredToken")
    assert [ask(answered(403, code)) for code in ("ExpiredToken", "ExpiredTokenException", "Expired")] == [
        True,
        True,
        False,
    ]
