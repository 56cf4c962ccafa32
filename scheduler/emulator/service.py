"""The emulated service: one call in, one answer in the API's shape out. No sockets, no waiting, no clock.

Time comes from `now` alone and the service catches up with it whenever it is called, so a server lives on a
real clock and a simulation on a virtual one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable
from functools import partial
from math import inf
from operator import itemgetter

from ..model import LaneKey
from ..plan.scenario import Operation, Scenario
from .answers import Answer, ApiError
from .apps import EmulatedBranch
from .faults import Disturbance, Effect, Faults, disturbed
from .identity import Caller
from .job import EmulatedJob
from .lane import Lane, seeded
from .operations import perform
from .parameters import Parameters
from .trail import Record
from .truth import JobTruth, LaneTruth, StartCall, Truth


class Service:
    """Amplify, and a little of STS, Service Quotas and CloudTrail, as `scenario` tells it to be.

    `now` never jumps (seconds, any origin); `epoch` is what this machine's wall clock shows at this moment.
    """

    def __init__(self, scenario: Scenario, *, now: Callable[[], float], epoch: float) -> None:
        self.scenario = scenario
        self._clock = now
        self._origin = now()
        self._epoch = epoch
        self._faults = Faults(scenario.faults, scenario.seed)
        self._latency = seeded(scenario.seed, "latency")
        changed = [
            (change.after, change.latency) for change in scenario.changes if change.latency is not None
        ]
        self._latencies = [(0.0, scenario.latency), *sorted(changed)]
        self._lanes: dict[LaneKey, Lane] = {}
        self._calls: Counter[str] = Counter()
        self._starts: list[StartCall] = []

    def call(
        self, operation: Operation, caller: Caller, parameters: Parameters, *, user_agent: str = ""
    ) -> Answer:
        """Answer one call; the parameters have their API names.

        Raises ApiError for an error answer, and Disturbance where the transport has to spoil the answer.
        """
        now = self._now()
        lane = self._lane(caller.lane, now)
        self._calls[operation] += 1
        effect = partial(perform, operation, caller, lane, parameters)
        if operation is not Operation.START_JOB:
            return self._answer(operation, caller, lane, parameters, effect, now)
        start = self._start_call(lane, parameters, now)
        record = lane.trail.open(caller, user_agent, parameters)
        try:
            answer = self._answer(operation, caller, lane, parameters, _recorded(start, record, effect), now)
        except ApiError as error:
            start.answer = f"{error.code}: {error.message}"
            record.failed(now, error)
            raise
        except Disturbance as disturbance:
            start.answer = disturbance.fault.kind
            raise
        start.answer = "started"
        return answer

    def latency(self) -> float:
        """Draw how long the next call takes, in seconds; it takes effect half-way."""
        place = bisect_right(self._latencies, self._now(), key=itemgetter(0)) - 1
        return self._latency.uniform(*self._latencies[place][1])

    def date(self) -> float:
        """Return what the service's own clock shows: seconds since the epoch, skewed as the scenario says."""
        return self._epoch + self.scenario.clock_skew + self._now()

    def truth(self) -> Truth:
        """Return all that happened so far."""
        now = self._now()
        for lane in self._lanes.values():
            lane.slots.advance(now)
        return Truth(
            calls={operation: self._calls[operation] for operation in Operation if self._calls[operation]},
            starts=list(self._starts),
            jobs=[
                self._job_truth(lane.key, app, branch, job, now)
                for lane in self._lanes.values()
                for app, branch in lane.known_branches()
                for job in branch.jobs
            ],
            lanes=[
                LaneTruth(
                    account=lane.key.account,
                    region=lane.key.region,
                    peak_running=lane.slots.peak_running,
                    peak_queued=lane.slots.peak_queued,
                )
                for lane in self._lanes.values()
                if lane.slots.peak_running  # else it was only asked, as STS's region is
            ],
        )

    def _now(self) -> float:
        return self._clock() - self._origin

    def _lane(self, key: LaneKey, now: float) -> Lane:
        lane = self._lanes.get(key)
        if lane is None:
            epoch = self._epoch + self.scenario.clock_skew
            lane = self._lanes[key] = Lane(key, self.scenario, epoch=epoch, opened_at=now)
        lane.slots.advance(now)
        return lane

    def _answer(
        self,
        operation: Operation,
        caller: Caller,
        lane: Lane,
        parameters: Parameters,
        effect: Effect,
        now: float,
    ) -> Answer:
        app, branch = parameters.get("appId", ""), parameters.get("branchName", "")
        fault = self._faults.strike(operation, lane.key, app, branch)
        if fault is None:
            return effect(now)
        raise disturbed(fault, operation, caller, lane, effect, now)

    def _start_call(self, lane: Lane, parameters: Parameters, now: float) -> StartCall:
        start = StartCall(
            at=self._epoch + now,
            account=lane.key.account,
            region=lane.key.region,
            app=parameters.get("appId", ""),
            branch=parameters.get("branchName", ""),
            job_type=parameters.get("jobType"),
            commit_message=parameters.get("commitMessage"),
        )
        self._starts.append(start)
        return start

    def _job_truth(
        self, lane: LaneKey, app: str, branch: EmulatedBranch, job: EmulatedJob, now: float
    ) -> JobTruth:
        return JobTruth(
            account=lane.account,
            region=lane.region,
            app=app,
            branch=branch.name,
            job=str(job.number),
            job_type=job.job_type,
            status=job.status(now),
            foreign=job.foreign,
            created_at=self._epoch + job.created_at,
            granted_at=None if job.granted_at == inf else self._epoch + job.granted_at,
            ended_at=self._epoch + job.ends_at if job.ended(now) else None,
        )


def _recorded(start: StartCall, record: Record, effect: Effect) -> Effect:
    """Let the effect note which job it made, or that it was refused, also when the answer is lost or late."""

    def recorded(at: float) -> Answer:
        try:
            answer = effect(at)
        except ApiError as error:
            record.failed(at, error)
            raise
        start.job = answer["jobSummary"]["jobId"]
        record.answered(at, answer)
        return answer

    return recorded
