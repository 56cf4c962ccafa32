"""What cannot be seen is shown."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.printable import printable


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("release/1.10", "release/1.10"),
        (
            "größe 日本語 \U0001f680\u00a0\u3000",
            "größe 日本語 \U0001f680\u00a0\u3000",
        ),  # every script, wide spaces
        ("C:\\x1b", "C:\\x1b"),  # a backslash is seen, so it stays
        ("\x1b[2J", "\\x1b[2J"),  # C0
        ("a\tb\r\nc\0", "a\\tb\\r\\nc\\x00"),
        ("\x7f\x80\x85\x9b31m", "\\x7f\\x80\\x85\\x9b31m"),  # DEL and C1
        ("\u061c\u200e\u200f", "\\u061c\\u200e\\u200f"),  # directional marks
        ("\u202a\u202b\u202c\u202d\u202e", "\\u202a\\u202b\\u202c\\u202d\\u202e"),  # overrides
        ("\u2066\u2067\u2068\u2069", "\\u2066\\u2067\\u2068\\u2069"),  # isolates
        ("\u2028\u2029", "\\u2028\\u2029"),  # separators
        ("\u200b\u200c\u200d\ufeff\u00ad", "\\u200b\\u200c\\u200d\\ufeff\\xad"),  # no width
        ("\ud800x\udfff", "\\ud800x\\udfff"),  # lone surrogates
        ("\U000e0041", "\\U000e0041"),  # tags
    ],
)
def test_unseen_characters_are_escaped(text: str, expected: str) -> None:
    assert printable(text) == expected


@given(st.text(st.characters(codec=None)))
def test_nothing_unseen_is_left_and_the_rest_is_untouched(text: str) -> None:
    shown = printable(text)
    unseen = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert not {unicodedata.category(char) for char in shown} & unseen
    assert len(shown.splitlines()) <= 1
    shown.encode()
    assert printable(shown) == shown
    assert [char for char in text if unicodedata.category(char) not in unseen] == [
        char for char in text if printable(char) == char
    ]
