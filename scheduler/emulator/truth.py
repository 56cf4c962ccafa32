"""What really happened, for tests to hold a report against."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pydantic import TypeAdapter

_MARKER = re.compile(r"(?:^| )\[amplify-release:([0-9A-Z]{26})\]$")


@dataclass(slots=True, kw_only=True)
class StartCall:
    """A StartJob request that reached the emulator. `at` is seconds since the epoch on this machine's clock.

    `answer` is `started`, the error code or the fault that the client met; `job` the id of the job that the
    request made, whatever the client was told.
    """

    at: float
    account: str
    region: str
    app: str
    branch: str
    job_type: str | None
    commit_message: str | None
    answer: str = ""
    job: str | None = None

    #: The intent's ULID, from the marker at the end of the commit message.
    marker: str | None = None

    def __post_init__(self) -> None:
        match = _MARKER.search(self.commit_message or "")
        self.marker = match[1] if match else None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobTruth:
    """A job as it stands. Times are seconds since the epoch on this machine's clock; None: not yet."""

    account: str
    region: str
    app: str
    branch: str
    job: str
    job_type: str
    status: str
    foreign: bool  #: no StartJob request made it
    created_at: float
    granted_at: float | None
    ended_at: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneTruth:
    """The most jobs that a lane ran, and had waiting for a slot, at once; foreign ones included."""

    account: str
    region: str
    peak_running: int
    peak_queued: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """Everything the emulator knows. `calls` counts requests by operation, disturbed ones included."""

    calls: dict[str, int]
    starts: list[StartCall]
    jobs: list[JobTruth]
    lanes: list[LaneTruth]

    def to_json(self) -> bytes:
        return TypeAdapter(Truth).dump_json(self)

    @staticmethod
    def from_json(text: bytes | str) -> Truth:
        """Read back what `to_json` wrote, as `GET /_truth` serves it."""
        return TypeAdapter(Truth).validate_json(text)
