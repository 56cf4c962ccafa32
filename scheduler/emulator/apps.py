"""Apps and branches of a lane, and how the API shows them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..model import LaneKey
from ..plan.scenario import App, BranchRule
from .job import EmulatedJob


@dataclass(slots=True, kw_only=True)
class EmulatedBranch:
    """A branch and its jobs, oldest first; at most the last one has not ended."""

    name: str
    arn: str
    created_at: float
    rule: BranchRule
    build: float  #: how long its builds typically run, in seconds
    jobs: list[EmulatedJob] = field(default_factory=list)

    @property
    def next_number(self) -> int:
        return self.jobs[-1].number + 1 if self.jobs else 1

    def active(self, now: float) -> EmulatedJob | None:
        """Return the job that has not ended, if there is one."""
        return self.jobs[-1] if self.jobs and not self.jobs[-1].ended(now) else None

    def job(self, number: str) -> EmulatedJob | None:
        """Return the job of that id. Ids follow one another, but a branch's first job need not be 1."""
        place = int(number) - self.jobs[0].number if self.jobs else -1
        return self.jobs[place] if 0 <= place < len(self.jobs) else None

    def shown(self, epoch: float) -> dict[str, Any]:
        """Return the API's Branch."""
        last = str(self.jobs[-1].number) if self.jobs else "0"
        return {
            "branchArn": self.arn,
            "branchName": self.name,
            "description": "",
            "tags": {},
            "stage": self.rule.stage,
            "displayName": self.name.replace("/", "-"),
            "enableNotification": False,
            "createTime": epoch + self.created_at,
            "updateTime": epoch + self.created_at,
            "environmentVariables": {},
            "enableAutoBuild": self.rule.auto_build,
            "customDomains": [],
            "framework": "Web",
            "activeJobId": last,
            "totalNumberOfJobs": str(len(self.jobs)),
            "enableBasicAuth": False,
            "ttl": "5",
            "enablePullRequestPreview": False,
        }


@dataclass(slots=True, kw_only=True)
class EmulatedApp:
    """An app and those of its branches that somebody named."""

    seed: App
    arn: str
    created_at: float
    branches: dict[str, EmulatedBranch] = field(default_factory=dict)

    def shown(self, epoch: float) -> dict[str, Any]:
        """Return the API's App."""
        name = self.seed.name or self.seed.app
        repository = self.seed.repository
        return {
            "appId": self.seed.app,
            "appArn": self.arn,
            "name": name,
            "tags": self.seed.tags,
            "description": "",
            "repository": f"https://git.invalid/emulated/{name}" if repository is None else repository,
            "platform": "WEB",
            "createTime": epoch + self.created_at,
            "updateTime": epoch + self.created_at,
            "environmentVariables": self.seed.environment,
            "defaultDomain": f"{self.seed.app}.amplifyapp.invalid",
            "enableBranchAutoBuild": True,
            "enableBasicAuth": False,
        }


def app_arn(lane: LaneKey, app: str) -> str:
    return f"arn:aws:amplify:{lane.region}:{lane.account}:apps/{app}"


def branch_arn(lane: LaneKey, app: str, branch: str) -> str:
    return f"{app_arn(lane, app)}/branches/{branch}"


def job_arn(branch: EmulatedBranch, number: int) -> str:
    """Return the job's ARN; Amplify pads the number to ten digits there and nowhere else."""
    return f"{branch.arn}/jobs/{number:010}"
