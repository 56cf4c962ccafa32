"""Check a call's parameters as the API model does, and cut lists into pages."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from ..model import JobType
from .answers import ApiError, bad_request

Item = TypeVar("Item")
Parameters = Mapping[str, Any]

#: Longest text, and pattern, of each parameter that is text: the API model of 2017-07-25.
_TEXTS: Final = {
    "appId": (20, re.compile(r"d[a-z0-9]+")),
    "branchName": (255, re.compile(r"(?s).+")),
    "jobId": (255, re.compile(r"[0-9]+")),
    "jobReason": (255, re.compile(r"(?s).*")),
    "commitId": (255, re.compile(r"(?s).*")),
    "commitMessage": (10_000, re.compile(r"(?s).*")),
    "nextToken": (2_000, re.compile(r"(?s).+")),
}


def check(parameters: Parameters) -> None:
    """Raise the ApiError that the service answers to parameters outside its model."""
    for name, value in parameters.items():
        known = _TEXTS.get(name)
        if known is None:
            continue
        longest, pattern = known
        if len(value) > longest:
            raise _violates(name, f"have length less than or equal to {longest}")
        if not pattern.fullmatch(value):
            raise _violates(name, f"satisfy regular expression pattern: {pattern.pattern}")


def check_start(parameters: Parameters) -> None:
    """Raise the ApiError that StartJob answers to a job type that it does not know or support."""
    job_type = parameters.get("jobType")
    if job_type is None:
        raise _violates("jobType", "not be null")
    if job_type not in tuple(JobType):
        raise _violates("jobType", f"satisfy enum value set: [{', '.join(JobType)}]")
    if job_type == JobType.MANUAL:  # every emulated app is connected to a repository
        raise bad_request("The requested jobType MANUAL does not support.")
    if job_type == JobType.RETRY and "jobId" not in parameters:
        raise _violates("jobId", "not be null")


def page(
    items: Sequence[Item], key: Callable[[Item], str], parameters: Parameters, largest: int
) -> tuple[Sequence[Item], dict[str, str]]:
    """Return one page of `items`, and `nextToken` if more follow.

    A token names the last item that was shown, so that items which appear in front of it shift nothing.
    Raises ApiError for a `maxResults` or token that is none.
    """
    try:
        wanted = int(parameters.get("maxResults", 0)) or largest
    except ValueError:
        raise ApiError("SerializationException", 400, "maxResults must be an integer") from None
    if not 1 <= wanted <= 100:
        raise _violates("maxResults", "have value between 0 and 100")
    begin = 0
    if token := parameters.get("nextToken"):
        begin = 1 + _place(token, [key(item) for item in items])
    end = begin + min(wanted, largest)
    shown = items[begin:end]
    if end >= len(items):
        return shown, {}
    return shown, {"nextToken": urlsafe_b64encode(key(shown[-1]).encode()).decode()}


def _place(token: str, keys: list[str]) -> int:
    try:
        return keys.index(urlsafe_b64decode(token).decode())
    except ValueError:  # not our encoding, or an item that is not there
        raise bad_request("Invalid nextToken") from None


def _violates(name: str, rule: str) -> ApiError:
    return bad_request(
        f"1 validation error detected: Value at '{name}' failed to satisfy constraint: Member must {rule}"
    )
