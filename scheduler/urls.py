"""URLs without what may be secret in them: query string, fragment, user and password."""

from __future__ import annotations

import re

#: Any URL inside a text. Its query may be the signature of a presigned URL, or a token.
_URL = re.compile(
    r"""(?P<scheme>://)
        (?:[^\s/?#"<>]*@)?          # user:password@
        (?P<place>[^\s?#"<>]*)      # host and path
        (?:[?#][^\s"<>]*)?          # query and fragment""",
    re.VERBOSE,
)

#: What may stand before the host; `jar:` and the like stand before another scheme.
_SCHEME = re.compile(r"(?:[A-Za-z][\w+.-]*:)*//")


def bare_url(url: str) -> str:
    """Return a URL without query string, fragment and user information; it need not be well formed.

    The scheme may be missing (`git@github.com:shop/web`), and a password may hold anything but a slash.
    """
    rest = re.split(r"[?#]", url, maxsplit=1)[0]
    scheme = _SCHEME.match(rest)
    start = scheme.end() if scheme else 0
    authority, slash, path = rest[start:].partition("/")
    return f"{rest[:start]}{authority.rpartition('@')[2]}{slash}{path}"


def bare_urls(text: str) -> str:
    """Take the query string, the fragment and the user information out of every URL in `text`."""
    return _URL.sub(r"\g<scheme>\g<place>", text) if "://" in text else text
