"""The User-Agent of requests: whose they are, and for which intent. CloudTrail keeps it."""

from __future__ import annotations

import re

from .. import __version__

#: Whose requests these are. botocore's own text is built anew for every request, at 14% of a call's CPU.
USER_AGENT = f"amplify-release/{__version__}"

_INTENT = re.compile(r"\bmd/intent#([0-9A-HJKMNP-TV-Z]{26})(?![0-9A-Za-z])")


def for_intent(intent: str) -> str:
    """Return the User-Agent of the one request that is sent for an intent."""
    return f"{USER_AGENT} md/intent#{intent}"


def intent_in(user_agent: str) -> str | None:
    """Return the intent that a User-Agent names; None: it names none."""
    found = _INTENT.search(user_agent)
    return found[1] if found else None
