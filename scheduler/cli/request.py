"""What a running command asks for, and how it says so to the engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..engine.outside import Options
from ..errors import JournalError, innermost
from ..journal.port import Journal, RunRecord
from ..model import FailureBudget
from ..plan.budget import parse_max_failures
from ..plan.scenario import Scenario
from ..settings import Settings
from .outside import at, endpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a running command asks for, apart from the run itself."""

    settings: Settings
    output: str
    reports: tuple[Path, ...]
    emulate: bool
    fleet: bool = False
    scenario: Scenario | None = None
    #: Globs of the targets to go on with, and of those to leave alone.
    only: Sequence[str] = ()
    skip: Sequence[str] = ()

    @property
    def endpoint(self) -> str:
        """What the run is recorded with, so that it is never resumed against something else."""
        return endpoint(self.settings, emulate=self.emulate)

    @property
    def where(self) -> str:
        """Where the run is carried out, in words."""
        return f"{'rehearsed ' * self.emulate}{at(self.endpoint)}"

    def options(self, budget: FailureBudget) -> Options:
        """Return how the engine is to carry out a run whose plan has this budget."""
        settings = self.settings
        return Options(
            earlier=not self.emulate,
            budget=_budget(budget, settings.max_failures),
            follow=settings.follow,
            concurrency=settings.concurrency,
            settle=settings.settle,
            cloudtrail=settings.cloudtrail,
            drain_timeout=settings.drain_timeout,
            poll_interval=settings.poll_interval or 0.0,
            max_runtime=settings.max_runtime,
        )


#: Opens the run in the journal, or finds the one to go on with; returns its id.
Opening = Callable[[Journal], str]


def _budget(plans: FailureBudget, given: str | None) -> FailureBudget:
    """Return the plan's budget, or the command line's in its place; the least sample is always the plan's."""
    if given is None:
        return plans
    count, percent = parse_max_failures(given)
    return replace(plans, count=count, percent=percent)


def cut(run: RunRecord | None, failures: BaseExceptionGroup[JournalError]) -> JournalError:
    """Return what to say when the journal failed in mid-run, or before there was one."""
    if run is None:
        return JournalError(str(innermost(failures)))
    on = f"then continue with `amplify-release resume {run.told}`"
    return JournalError(f"{innermost(failures)}. Nothing more was started, jobs in AWS go on; {on}")
