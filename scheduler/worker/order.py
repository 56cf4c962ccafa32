"""What the processes of a fleet are told of a run that the journal does not hold: how it is to go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from pydantic import TypeAdapter

from ..engine.budget import out_of_time, tripped
from ..engine.outside import Options
from ..model import FAILURES, FailureBudget, Outcome, StopCause

#: Why a run is to start nothing more, and the sentence that says so.
Stop = tuple[StopCause, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """How a run is to go from `begun_at` on, seconds since the epoch, in whatever processes.

    Budget and deadline in `options` are those of the whole run; targets that had ended `before`, by outcome,
    do not count.
    """

    run: str
    options: Options
    begun_at: float
    before: Mapping[Outcome, int] = field(default_factory=dict)

    @property
    def of_a_lane(self) -> Options:
        """The options of a process that knows some lanes only: what concerns all is decided elsewhere."""
        return replace(self.options, budget=FailureBudget(), max_runtime=None)

    def overdue(self, now: float) -> Stop | None:
        """Say whether the run's time is over at `now`, seconds since the epoch."""
        limit = self.options.max_runtime
        if limit is None or now < self.begun_at + limit:
            return None
        return StopCause.DEADLINE, out_of_time(limit)

    def overspent(self, outcomes: Mapping[Outcome, int]) -> Stop | None:
        """Say whether the targets that have ended by now break the run's failure budget."""
        since = {outcome: count - self.before.get(outcome, 0) for outcome, count in outcomes.items()}
        failures = sum(since.get(outcome, 0) for outcome in FAILURES)
        rule = tripped(self.options.budget, failures=failures, ended=sum(since.values()))
        return None if rule is None else (StopCause.FAILURE_BUDGET, rule)


ORDER = TypeAdapter(Order)
