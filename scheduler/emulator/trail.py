"""What CloudTrail comes to know of a lane's StartJob requests, late, and LookupEvents over it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import inf
from typing import Any

from ..model import LaneKey
from ..plan.scenario import Operation, Refusal
from ..spoken import rfc3339
from .answers import Answer, ApiError, rate_exceeded
from .bucket import Bucket
from .identity import Caller
from .parameters import Parameters, page

#: Calls a second that CloudTrail answers to everybody in an account and region together.
RATE = 2.0

_LARGEST = 50
_KEYS = frozenset(
    (
        "AccessKeyId",
        "EventId",
        "EventName",
        "EventSource",
        "ReadOnly",
        "ResourceName",
        "ResourceType",
        "Username",
    )
)


@dataclass(slots=True, kw_only=True)
class Record:
    """A StartJob request, and how the service itself answered it: not what became of the answer on its way.

    Times are seconds on the emulator's clock; a request that never reached the service stays at `inf`.
    """

    caller: Caller
    user_agent: str
    parameters: Parameters
    lag: float
    at: float = inf
    answer: Answer | None = None
    error: ApiError | None = None

    def answered(self, at: float, answer: Answer) -> None:
        """Note that the request made a job."""
        self.at, self.answer = at, answer

    def failed(self, at: float, error: ApiError) -> None:
        """Note an error that the service answered; one without a code came from something in between."""
        if error.code:
            self.at, self.answer, self.error = min(self.at, at), None, error


class Trail:
    """A lane's records. `epoch`: what the service's clock showed at zero. `lag` draws how late one shows."""

    def __init__(self, lane: LaneKey, *, epoch: float, lag: Callable[[], float]) -> None:
        self._lane = lane
        self._epoch = epoch
        self._lag = lag
        self._records: list[Record] = []
        self._lookups = Bucket(RATE, int(RATE))

    def open(self, caller: Caller, user_agent: str, parameters: Parameters) -> Record:
        """Take a request up."""
        record = Record(caller=caller, user_agent=user_agent, parameters=parameters, lag=self._lag())
        self._records.append(record)
        return record

    def lookup(self, parameters: Parameters, now: float) -> Answer:
        """Answer LookupEvents. Raises ApiError."""
        if not self._lookups.take(now):
            raise rate_exceeded(Operation.LOOKUP_EVENTS, Refusal.THROTTLING)
        wanted = _wanted(parameters)
        since, until = float(parameters.get("StartTime", -inf)), float(parameters.get("EndTime", inf))
        if since > until:
            raise ApiError("InvalidTimeRangeException", 400, "The start time is after the end time")
        found = [
            event
            for event in self._events(now)
            if since <= event["EventTime"] <= until
            and all(event.get(key) == value for key, value in wanted.items())
        ]
        found.sort(key=lambda event: event["EventTime"], reverse=True)
        asked = {"maxResults": parameters.get("MaxResults", 0), "nextToken": parameters.get("NextToken", "")}
        shown, more = page(found, lambda event: str(event["EventId"]), asked, _LARGEST)
        return {"Events": shown} | ({"NextToken": more["nextToken"]} if more else {})

    def _events(self, now: float) -> Iterator[dict[str, Any]]:
        for number, record in enumerate(self._records):
            if record.at + record.lag <= now:
                yield self._event(f"{number:08x}-0000-4000-8000-{0:012x}", record)

    def _event(self, number: str, record: Record) -> dict[str, Any]:
        """Return the API's Event; what is known of the request is text in it."""
        name, at = record.caller.arn.rpartition("/")[2], int(self._epoch + record.at)
        detail = {
            "eventVersion": "1.11",
            "userIdentity": {"arn": record.caller.arn, "accountId": self._lane.account},
            "eventTime": (rfc3339(float(at)) or "").replace(".000Z", "Z"),
            "eventSource": "amplify.amazonaws.com",
            "eventName": "StartJob",
            "awsRegion": self._lane.region,
            "sourceIPAddress": "127.0.0.1",
            "userAgent": record.user_agent,
            "requestParameters": dict(record.parameters),
            "responseElements": record.answer,
            "eventID": number,
            "readOnly": False,
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": self._lane.account,
            "eventCategory": "Management",
        }
        if record.error is not None:
            detail |= {"errorCode": record.error.code, "errorMessage": record.error.message}
        return {
            "EventId": number,
            "EventName": "StartJob",
            "ReadOnly": "false",
            "EventTime": at,
            "EventSource": "amplify.amazonaws.com",
            "Username": name,
            "CloudTrailEvent": json.dumps(detail),
        }


def _wanted(parameters: Parameters) -> dict[str, str]:
    """Return what the attributes ask for; the API calls them a list and takes one."""
    try:
        wanted = {
            attribute["AttributeKey"]: attribute["AttributeValue"]
            for attribute in parameters.get("LookupAttributes", ())
        }
    except (KeyError, TypeError):
        wanted = {"": ""}
    if len(wanted) > 1 or not _KEYS.issuperset(wanted):
        raise ApiError("InvalidLookupAttributesException", 400, "Specify one lookup attribute of those known")
    return wanted
