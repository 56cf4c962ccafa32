"""Holds what a fleet reports against what its emulator counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from scheduler.emulator.truth import Truth

#: A region and an app: the targets here have one branch.
Branch = tuple[str, str]


class Verdict:
    """What became of the targets of a plan. `wrong` is what must not be, in sentences."""

    def __init__(self, plan: Sequence[Mapping[str, Any]], truth: Truth, report: Mapping[str, Any]) -> None:
        self._made = Counter((job.region, job.app) for job in truth.jobs)
        reported: dict[Branch, str | None] = {
            (target["region"], target["app"]): target["outcome"] for target in report["targets"]
        }
        self._requests = len(truth.starts)
        self._outcomes = Counter(reported.values())
        self._twice = [branch for branch, count in self._made.items() if count > 1]
        self._lost = [
            branch
            for branch in ((target["region"], target["app"]) for target in plan)
            if reported.get(branch) != self._true(branch)
        ]
        self.wrong = [f"{'/'.join(branch)} was started {self._made[branch]} times" for branch in self._twice]
        self.wrong += [
            f"{'/'.join(branch)} is {reported.get(branch)}, and should be {self._true(branch)}"
            for branch in self._lost
        ]

    def _true(self, branch: Branch) -> str:
        # A request that was cut off before it arrived is unresolved: nobody can know that.
        return "succeeded" if self._made[branch] else "unresolved"

    def __str__(self) -> str:
        outcomes = ", ".join(
            f"{count} {outcome}" for outcome, count in sorted(self._outcomes.items(), key=str)
        )
        return (
            f"{self._requests} requests made {self._made.total()} jobs: {outcomes}; "
            f"{len(self._twice)} twice, {len(self._lost)} lost"
        )
