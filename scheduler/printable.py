"""Text from AWS or a plan, made safe to show: nothing in it can steer a terminal, reorder a line or hide.

Branch names and commit messages are written by whoever can push. An escape sequence could clear the screen,
a bidirectional override could turn `failed` around, a line separator could forge a log line.
"""

from __future__ import annotations

from unicodedata import category

#: Unicode's categories of characters that show nothing but do something: controls (C0, DEL, C1), formats
#: (bidirectional, zero width, byte order mark, tags), lone surrogates, line and paragraph separators.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def printable(text: str) -> str:
    r"""Escape every character that cannot be seen, visibly: `\n`, `\x1b`, `\u202e`, `\ud800`.

    What is left fits on one line and can be encoded. Letters of every script, emoji and backslashes stay as
    they are; a joined emoji is shown as its parts, since the joiner has no width.
    """
    if text.isprintable():
        return text
    return "".join(
        char.encode("unicode_escape").decode("ascii") if category(char) in _UNSEEN else char for char in text
    )
