"""Nothing that opens a door leaves the program, in whatever shape a library wrote it."""

from __future__ import annotations

import pytest

from scheduler.redact import redact, secret_name

TOKEN = "IQoJb3JpZ2luX2VjEJr//////////wEaCXVzLWVhc3QtMSJIMEYCIQ"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("key AKIAIOSFODNN7EXAMPLE is gone", "key [redacted] is gone"),
        ("ASIAIOSFODNN7EXAMPLE:expired", "[redacted]:expired"),
        (
            "GET https://b.s3.amazonaws.com/log.txt?X-Amz-Algorithm=A&X-Amz-Signature=abc123 failed",
            "GET https://b.s3.amazonaws.com/log.txt?[redacted] failed",
        ),
        ("https://me:pass@host.example/path", "https://[redacted]@host.example/path"),
        ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG", "aws_secret_access_key = [redacted]"),
        ("my_aws_secret_access_key=abc", "my_aws_secret_access_key=[redacted]"),
        ('{"SecretAccessKey": "wJalr", "Code": "x"}', '{"SecretAccessKey": "[redacted]", "Code": "x"}'),
        (f"{{'X-Amz-Security-Token': b'{TOKEN}'}}", "{'X-Amz-Security-Token': b'[redacted]'}"),
        (f"the token was {TOKEN} then", "the token was [redacted] then"),
        ("X-Amz-Signature=deadbeef&x=1", "X-Amz-Signature=[redacted]&x=1"),
        (
            "Authorization: AWS4-HMAC-SHA256 Credential=AKIA1/x, SignedHeaders=host, Signature=dead",
            "Authorization: [redacted]",
        ),
        ("authorization: Bearer abcdefghijklmnopqrst", "authorization: [redacted] [redacted]"),
        ("externalId=x1y2", "externalId=[redacted]"),
        ("\u017fecret=abc", "\u017fecret=[redacted]"),
        ("to\u212aen: abc", "to\u212aen: [redacted]"),
    ],
)
def test_a_secret_is_replaced_and_the_rest_stays(text: str, expected: str) -> None:
    assert redact(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "BadRequestException: The requested branch main already have pending or running jobs",
        "User: arn:aws:iam::012345670123:role/release is not authorized to perform: amplify:StartJob",
        "shop/eu-west-1/d2p7kq0example/release/1.10",
        "http://127.0.0.1:8080/apps",
        "unbekannter Schlüssel, token bucket",
        "",
    ],
)
def test_an_ordinary_message_stays_as_it_is(text: str) -> None:
    assert redact(text) == text


def test_redacting_twice_is_redacting_once() -> None:
    once = redact(f"password=x https://a:b@c/?q=1 {TOKEN}")
    assert redact(once) == once


@pytest.mark.parametrize(
    "name", ["aws_secret_access_key", "SessionToken", "X-Amz-Signature", "password", "external_id"]
)
def test_a_field_named_for_a_secret_holds_one(name: str) -> None:
    assert secret_name(name)


@pytest.mark.parametrize("name", ["target", "lane", "intent", "reason", "event", "job", "library"])
def test_a_field_of_ours_holds_none(name: str) -> None:
    assert not secret_name(name)
