"""Which endpoint URLs may be used."""

from __future__ import annotations

import pytest

from scheduler.endpoints import is_loopback, usable


@pytest.mark.parametrize(
    "url",
    [
        "https://amplify.eu-west-1.amazonaws.com",
        "https://vpce-1.example:8443/path",
        "http://127.0.0.1:4566",
        "http://127.9.9.9",
        "http://[::1]:4566",
        "http://localhost:4566",
    ],
)
def test_https_and_this_machine_are_allowed(url: str) -> None:
    assert usable(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "amplify",
        "http://amplify.example",
        "http://127.0.0.1.example",
        "http://localhost.example",
        "http://0.0.0.0:80",
        "http://10.0.0.1",
        "ftp://127.0.0.1",
        "file:///etc/passwd",
        "https://",
        "https://host:port",
        "https://[::1",
        "https://host?x=1",
        "https://host#x",
        "https://user:hunter2@host",
        "https://@host",
    ],
)
def test_everything_else_is_refused(url: str) -> None:
    assert not usable(url)


def test_loopback_is_told_by_the_host_alone() -> None:
    assert [is_loopback(url) for url in ("http://127.0.0.1", "https://example/127.0.0.1", "x")] == [
        True,
        False,
        False,
    ]
