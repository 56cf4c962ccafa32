"""Take secrets out of text that is about to leave the program.

AWS's own messages, exceptions of its libraries and URLs can carry credentials: access keys, session tokens,
signatures, presigned queries. What is found is replaced, never shortened, so that nothing of it remains.
"""

from __future__ import annotations

import re

REDACTED = "[redacted]"

#: Names whose value is a secret whatever it looks like. Repeats are bounded, so hostile text costs no time.
_NAMES = (
    r"secret\w{0,40}|token|signature|x[_-]amz[_-]credential|access[_-]?key(?:[_-]?id)?|authorization|"
    r"passw(?:or)?d|external[_-]?id"
)
_NAME = re.compile(_NAMES, re.IGNORECASE)

_RULES = (
    # A query may be a signature (presigned URLs) and user info is a password: no URL keeps either.
    (re.compile(r"(\w://)[^/\s@?#]+@"), rf"\1{REDACTED}@"),
    (re.compile(r"(\w://[^\s?#\"'<>]+)\?[^\s\"'<>]*"), rf"\1?{REDACTED}"),
    # The header of a signed request, and other authorization schemes.
    (re.compile(r"AWS4-HMAC-SHA256\b[^\n\"'}]*", re.IGNORECASE), REDACTED),
    (re.compile(r"\b(Bearer|Basic)\s+[\w.~+/=-]{16,}", re.IGNORECASE), rf"\1 {REDACTED}"),
    # name=value, name: value, "name": "value", 'name': b'value'.
    (
        re.compile(rf"({_NAMES})([\"']?\s{{0,3}}[:=]\s{{0,3}}(?:b?[\"'])?)[^\s\"'&,;<>}}]+", re.IGNORECASE),
        rf"\1\2{REDACTED}",
    ),
    # Access key ids, long-lived and temporary; and session tokens, by how AWS begins them.
    (re.compile(r"(?:AKIA|ASIA)[A-Z0-9]{8,}"), REDACTED),
    (re.compile(r"(?:IQoJb3JpZ2lu|F[wQ]oGZXIvYXdz)[\w+/=%-]*"), REDACTED),
)

#: None of the rules can match without one of these in the folded text. Every text passes here, and a search
#: that ignores case by itself takes six times as long.
_SUSPECT = re.compile(
    r"://|a(?:kia|sia|uth)|iqoj|f[wq]og|hmac|b(?:earer|asic)|s(?:ecret|ignature)|token|credential|key|passw|external"
)


def redact(text: str) -> str:
    """Return `text` with every secret replaced by `[redacted]`."""
    if _SUSPECT.search(text.casefold()) is None:
        return text
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text


def secret_name(name: str) -> bool:
    """Say whether a field of this name holds a secret, whatever its value looks like."""
    return _NAME.search(name) is not None
