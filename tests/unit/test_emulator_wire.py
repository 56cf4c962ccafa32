"""The emulator's two protocols, and whose a request is."""

from __future__ import annotations

import subprocess
import sys
from math import inf
from xml.etree import ElementTree

import pytest

from scheduler.emulator.answers import ApiError
from scheduler.emulator.identity import Caller, access_key, assume, caller_of
from scheduler.emulator.wire import parse_body, parse_form, render_xml, render_xml_error, route
from scheduler.plan.scenario import Operation

SCOPE = "20260101/eu-west-1/amplify/aws4_request"
NAMESPACE = "{https://sts.amazonaws.com/doc/2011-06-15/}"


def signed(key: str) -> str:
    return f"AWS4-HMAC-SHA256 Credential={key}/{SCOPE}, SignedHeaders=host;x-amz-date, Signature=ab12"


@pytest.mark.parametrize(
    ("line", "operation", "parameters"),
    [
        ("POST /apps/d1/branches/main/jobs", Operation.START_JOB, {"appId": "d1", "branchName": "main"}),
        (
            "POST /apps/d1/branches/feature%2Fx%20y/jobs",
            Operation.START_JOB,
            {"appId": "d1", "branchName": "feature/x y"},
        ),
        (
            "GET /apps/d1/branches/a%2Bb%26c%3Dd%2520/jobs/3",
            Operation.GET_JOB,
            {"appId": "d1", "branchName": "a+b&c=d%20", "jobId": "3"},
        ),
        (
            "GET /apps/d1/branches/a+b/jobs?maxResults=5&nextToken=a%3D%3D",
            Operation.LIST_JOBS,
            {"appId": "d1", "branchName": "a+b", "maxResults": "5", "nextToken": "a=="},
        ),
        (
            "DELETE /apps/d1/branches/jobs/jobs/3/stop",
            Operation.STOP_JOB,
            {"appId": "d1", "branchName": "jobs", "jobId": "3"},
        ),
        ("GET /apps?maxResults=5", Operation.LIST_APPS, {"maxResults": "5"}),
        ("GET /apps/d1", Operation.GET_APP, {"appId": "d1"}),
        ("GET /apps/d1/branches", Operation.LIST_BRANCHES, {"appId": "d1"}),
        ("GET /apps/d1/branches/..", Operation.GET_BRANCH, {"appId": "d1", "branchName": ".."}),
    ],
)
def test_a_request_line_is_an_operation_on_its_raw_path(
    line: str, operation: Operation, parameters: dict[str, str]
) -> None:
    method, _, target = line.partition(" ")
    assert route(method, target) == (operation, parameters)


@pytest.mark.parametrize(
    "line", ["GET /", "POST /apps", "DELETE /apps/d1", "GET /apps/d1/branches/main/jobs/3/stop"]
)
def test_any_other_line_is_an_unknown_operation(line: str) -> None:
    method, _, target = line.partition(" ")
    with pytest.raises(ApiError, match="UnknownOperationException"):
        route(method, target)


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b'{"jobType": 1}', b'{"commitTime": "now"}'])
def test_a_body_that_is_no_object_of_text_is_refused(body: bytes) -> None:
    with pytest.raises(ApiError, match="SerializationException"):
        parse_body(body)


def test_a_body_is_text_and_a_commit_time() -> None:
    body = b'{"jobType": "RELEASE", "commitTime": 1767225600.5}'
    assert parse_body(body) == {"jobType": "RELEASE", "commitTime": 1767225600.5}


def test_a_form_is_an_sts_operation() -> None:
    assert parse_form(b"Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws&RoleSessionName=a+b") == (
        Operation.ASSUME_ROLE,
        {"Version": "2011-06-15", "RoleArn": "arn:aws", "RoleSessionName": "a b"},
    )
    with pytest.raises(ApiError, match="InvalidAction"):
        parse_form(b"Action=StartJob")


def test_xml_escapes_what_it_carries_and_writes_times_as_times() -> None:
    body = render_xml(Operation.GET_CALLER_IDENTITY, {"Arn": "a<b>&c", "At": {"Expiration": 1767225600.0}})
    result = ElementTree.fromstring(body).find(f"{NAMESPACE}GetCallerIdentityResult")
    assert result is not None
    assert [result.findtext(f"{NAMESPACE}Arn"), result.findtext(f"{NAMESPACE}At/{NAMESPACE}Expiration")] == [
        "a<b>&c",
        "2026-01-01T00:00:00.000Z",
    ]
    assert b"<Code>X</Code><Message>1 &lt; 2</Message>" in render_xml_error(ApiError("X", 400, "1 < 2"))


def test_access_keys_carry_their_account_and_unknown_ones_belong_to_account_zero() -> None:
    keys = [access_key("012345670123"), access_key("012345670123", temporary=True), "AKIDEXAMPLE"]
    assert [len(key) for key in keys[:2]] == [20, 20]
    assert [caller_of(signed(key), "").lane for key in keys] == [
        ("012345670123", "eu-west-1"),
        ("012345670123", "eu-west-1"),
        ("000000000000", "eu-west-1"),
    ]


def test_an_assumed_role_is_recognised_with_its_end() -> None:
    answer = assume("arn:aws:iam::111122223333:role/team/release", "nightly", 1234.0)
    credentials = answer["Credentials"]
    arn = "arn:aws:sts::111122223333:assumed-role/release/nightly"
    assert answer["AssumedRoleUser"]["Arn"] == arn
    assert caller_of(signed(credentials["AccessKeyId"]), credentials["SessionToken"]) == Caller(
        "111122223333", "eu-west-1", arn, 1234.0
    )


@pytest.mark.parametrize("token", ["", "FwoGZXIvYXdzEXAMPLE", "W10=", "e30="])
def test_a_session_token_of_somebody_elses_never_expires(token: str) -> None:
    assert caller_of(signed("AKIDEXAMPLE"), token).expires_at == inf


@pytest.mark.parametrize("authorization", ["", "Basic dXNlcg==", "AWS4-HMAC-SHA256 Credential=AKID"])
def test_a_request_without_a_signature_is_refused(authorization: str) -> None:
    with pytest.raises(ApiError, match="MissingAuthenticationTokenException"):
        caller_of(authorization, "")


def test_the_service_needs_no_http_library() -> None:
    """So that a simulation, and `--help`, pay for none."""
    program = "import sys, scheduler.emulator.service; sys.exit('aiohttp' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize("role", ["", "release", "arn:aws:iam::12:role/release"])
def test_a_role_that_is_no_arn_cannot_be_assumed(role: str) -> None:
    with pytest.raises(ApiError, match="ValidationError"):
        assume(role, "nightly", 0.0)
