"""URLs carry no secrets, alone or inside a text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.urls import bare_url, bare_urls


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://example.com/site.zip", "https://example.com/site.zip"),
        ("https://b.s3.amazonaws.com/k?X-Amz-Signature=1", "https://b.s3.amazonaws.com/k"),
        ("https://example.com/a#token=1", "https://example.com/a"),
        ("https://user:pass@example.com/a", "https://example.com/a"),
        ("https://us@er:p@ss@example.com:8443/a@b", "https://example.com:8443/a@b"),
        ("https://token@example.com", "https://example.com"),
        ("git@github.com:shop/web", "github.com:shop/web"),
        ("//user:pass@example.com/a?b", "//example.com/a"),
        ("jar:https://user:pass@example.com/a.zip", "jar:https://example.com/a.zip"),
        ("s3://bucket/key?versionId=1", "s3://bucket/key"),
        ("?secret", ""),
        ("", ""),
    ],
)
def test_a_url_keeps_neither_query_nor_fragment_nor_user(url: str, kept: str) -> None:
    assert bare_url(url) == kept


words = st.text("abcXYZ019-._~", min_size=1, max_size=8)


@given(user=words, host=words, path=words, query=words)
def test_no_part_that_may_be_secret_is_left(user: str, host: str, path: str, query: str) -> None:
    assert bare_url(f"https://{user}:{query}@{host}/{path}?{query}#{query}") == f"https://{host}/{path}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no address: ?x=1#2", "no address: ?x=1#2"),
        ("https://bucket.example/x.zip", "https://bucket.example/x.zip"),
        ("https://bucket.example/x.zip?X-Amz-Signature=a&b=c", "https://bucket.example/x.zip"),
        ("https://bucket.example?X-Amz-Signature=a", "https://bucket.example"),
        ("https://user:pa@ss@host.example/x", "https://host.example/x"),
        ("https://host.example/x#token=a", "https://host.example/x"),
        ("s3://bucket/prefix", "s3://bucket/prefix"),
        (
            "from https://a.example/?k=v to http://u@b.example/?w here",
            "from https://a.example/ to http://b.example/ here",
        ),
        ('"https://a.example/?k=v" <http://b.example/?w>', '"https://a.example/" <http://b.example/>'),
        ("see https://a.example/@scope/x", "see https://a.example/@scope/x"),
    ],
)
def test_every_url_in_a_text_loses_query_fragment_and_user(text: str, expected: str) -> None:
    assert bare_urls(text) == expected
