"""What CloudTrail recorded of our StartJob requests: the answers, also those that never came back.

Event history is on in every account and keeps Amplify's calls for 90 days; each of our starts names its
intent in the User-Agent. That the record of a StartJob holds the job's id is likely, and documented nowhere:
one without it is taken for what it says.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

import anyio
from aiobotocore.config import AioConfig

from ..redact import redact
from .answers import Unusable, job_id
from .calls import attempt
from .classify import classify
from .failure import Failure
from .port import Kind, Recorded, Stage
from .session import Session
from .transport import AmplifyTransport
from .user_agent import intent_in

#: Seconds between two pages. CloudTrail answers two a second, to everybody in the account's region together.
PAUSE = 1.0

_PAGE = 50
_MESSAGE = 500
_OBSERVED = AioConfig(http_session_cls=AmplifyTransport)

#: StartJob's refusals, with the statuses of its model: no job was made. CloudTrail tells the code alone, and
#: any other code may stand for a failure after the job was made.
_REFUSALS = {
    "AccessDenied": 403,
    "BadRequest": 400,
    "LimitExceeded": 429,
    "NotFound": 404,
    "Throttling": 400,
    "TooManyRequests": 429,
    "Unauthorized": 401,
}


async def recorded_starts(
    open_session: Callable[[], Session],
    region: str,
    *,
    since: float,
    until: float,
    endpoint_url: str | None,
    deadline: float,
    clock: Callable[[], float],
) -> list[Recorded]:
    """Return the records of our starts that were answered between these times, on the service's clock.

    `endpoint_url` is the one that Amplify is called at: where that is not AWS's, AWS's CloudTrail would know
    nothing of it. `deadline` holds for each page, in seconds. Raises CallFailed.
    """
    request = {
        "LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": "StartJob"}],
        "StartTime": datetime.fromtimestamp(since, UTC),
        "EndTime": datetime.fromtimestamp(until, UTC),
        "MaxResults": _PAGE,
    }

    async def page(token: str | None) -> Any:
        async with open_session().create_client(
            "cloudtrail", region_name=region, endpoint_url=endpoint_url, config=_OBSERVED
        ) as cloudtrail:
            answer = await cloudtrail.lookup_events(**request, **({"NextToken": token} if token else {}))
        if "Events" not in answer:  # an empty 200 must not pass for silence
            raise Unusable("the answer has no Events")
        return answer

    found: list[Recorded] = []
    token = None
    while True:
        answer = await attempt("LookupEvents", partial(page, token), deadline=deadline, clock=clock)
        found += read(answer["Events"])
        token = answer.get("NextToken")
        if not token:
            return found
        await anyio.sleep(PAUSE)


def read(events: Any) -> Iterator[Recorded]:
    """Yield what events of LookupEvents say of our starts; others, and what cannot be read, say nothing."""
    for event in events:
        try:
            detail = json.loads(event["CloudTrailEvent"])
            intent = intent_in(detail["userAgent"])
        except (KeyError, TypeError, ValueError):
            continue
        if intent is not None and detail.get("eventName") == "StartJob":
            yield _record(intent, detail)


def _record(intent: str, detail: Mapping[str, Any]) -> Recorded:
    if detail.get("errorCode") is None:
        return Recorded(intent=intent, job_id=_job_id(detail))
    code = str(detail["errorCode"])
    message = redact(str(detail.get("errorMessage") or ""))[:_MESSAGE]
    status = _REFUSALS.get(code.removesuffix("Exception"))
    if status is None:
        return Recorded(intent=intent, kind=Kind.AMBIGUOUS, reason=f"{code}: {message}")
    refusal = Failure(stage=Stage.ANSWERED, operation="StartJob", code=code, status=status, message=message)
    kind, reason = classify(refusal)
    return Recorded(intent=intent, kind=kind, reason=reason)


def _job_id(detail: Mapping[str, Any]) -> str | None:
    try:
        return job_id(detail["responseElements"]["jobSummary"])
    except (AttributeError, KeyError, TypeError, Unusable):
        return None
