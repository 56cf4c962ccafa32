"""One emulated job: its life as a function of time, and its summary as the API shows it."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Any, Final

from ..model import OUTCOME_OF

SUCCEED: Final = "SUCCEED"
FAILED: Final = "FAILED"
CANCELLED: Final = "CANCELLED"


@dataclass(slots=True, kw_only=True, eq=False)
class EmulatedJob:
    """Times are seconds on the emulator's own clock; `inf` is not yet, or never.

    A status follows from the times alone, so it can never go back.
    """

    number: int
    job_type: str
    arn: str
    created_at: float
    #: How long it stays PENDING with its slot, in PROVISIONING and in RUNNING, and how it then ends.
    pending: float
    provision: float
    build: float
    final: str = SUCCEED
    listed_at: float = -inf  #: from when on ListJobs shows it
    commit_message: str | None = None
    commit_time: float | None = None  #: as sent: seconds since the epoch
    foreign: bool = False
    granted_at: float = inf
    stopped_at: float = inf
    ends_at: float = inf

    def grant(self, at: float) -> None:
        """Give the job its slot."""
        self.granted_at = at
        self.ends_at = at + self.pending + self.provision + self.build

    def stop(self, at: float, ends_at: float) -> None:
        """Cancel the job; it has ended, and its slot is free, at `ends_at`."""
        self.stopped_at = at
        self.ends_at = ends_at
        self.final = CANCELLED

    def status(self, now: float) -> str:
        """Return the API's word for what the job does at `now`."""
        if now >= self.ends_at:
            return self.final
        if now >= self.stopped_at:
            return "CANCELLING"
        running = now - self.granted_at
        if running < self.pending:  # also what waits for a slot: -inf
            return "PENDING"
        return "PROVISIONING" if running < self.pending + self.provision else "RUNNING"

    def ended(self, now: float) -> bool:
        return now >= self.ends_at

    def summary(self, now: float, epoch: float, omit: frozenset[str]) -> dict[str, Any]:
        """Return the JobSummary. `epoch` is what the service's clock showed at zero."""
        shown: dict[str, Any] = {
            "jobArn": self.arn,
            "jobId": str(self.number),
            "commitId": "HEAD",  # what StartJob was sent does not come back in public samples
            "commitTime": epoch + self.created_at if self.commit_time is None else self.commit_time,
            "startTime": epoch + self.created_at,
            "status": self.status(now),
            "jobType": self.job_type,
        }
        if self.commit_message is not None:
            shown["commitMessage"] = self.commit_message
        if self.ended(now):
            shown["endTime"] = epoch + self.ends_at
        return {name: value for name, value in shown.items() if name not in omit} if omit else shown

    def steps(self, now: float, epoch: float) -> list[dict[str, Any]]:
        """Return GetJob's steps: none before the build runs, then BUILD, and DEPLOY after success."""
        began = self.granted_at + self.pending + self.provision
        if now < began or self.ends_at < began:
            return []
        status = self.status(now)
        ended = status in OUTCOME_OF
        names = ["BUILD", "DEPLOY"] if status == SUCCEED else ["BUILD"]
        steps: list[dict[str, Any]] = []
        for name in names:
            step = {"stepName": name, "startTime": epoch + began, "status": status}
            if ended:
                step["endTime"] = epoch + self.ends_at
                # A presigned address, as Amplify's are: its query is a secret that no output may show.
                step["logUrl"] = f"https://logs.invalid/{self.number}/{name}.txt?X-Amz-Signature=emulated"
            if status == FAILED:
                step["statusReason"] = "Build failed: the command exited with code 1"
            steps.append(step)
        return steps
