"""A run: its lanes side by side, one failure budget, one deadline, one way to stop."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import anyio

from ..amplify.port import AccountsPort, AmplifyPort, CallFailed, Kind
from ..errors import in_words
from ..events import LaneMeasured, LaneStopped, LimitsLearned, RunEnded, RunStopping
from ..journal.port import Journal, LaneRecord, Owner, RunRecord, TargetRecord
from ..model import FAILURES, LaneKey, Outcome, StopCause
from .budget import out_of_time, tripped
from .clock import Clock, Intents
from .commits import Commits
from .disposition import Need, dispose
from .identity import Identity
from .lane import Earlier, open_lane, run_lane
from .outside import Options, Outside
from .quota import Quota
from .state import LaneState

CALLS = 128  #: connections a lane may have open
REMEMBERED = 86_400.0  #: seconds for which the limits of earlier runs are worth beginning with


class Run:
    """Brings a run's targets to their ends. `stop` may be called at any time, from a signal for example.

    `owned`: the records are of some of the run's lanes only, and the others are other processes'. It is asked
    right before each StartJob whether these are still ours; the run's stop and end are not ours to record.
    """

    def __init__(
        self,
        run: RunRecord,
        records: Sequence[TargetRecord],
        journal: Journal,
        accounts: AccountsPort,
        options: Options,
        clock: Clock,
        intents: Intents,
        *,
        owned: Callable[[], bool] | None = None,
    ) -> None:
        self._run = run
        self._records = records
        self._journal = journal
        self._accounts = accounts
        self._options = options
        self._clock = clock
        self._intents = intents
        self._owned = owned
        self._lanes: dict[LaneKey, LaneState] = {}
        self._openings: set[anyio.CancelScope] = set()
        self._stopped: RunStopping | None = None
        self._stopping = anyio.Event()
        self._identity = Identity(accounts, self._stopping)
        self._commits = Commits(journal)
        self._taken: dict[tuple[str, str, str], dict[str, Owner]] = {}
        self._ended = 0
        self._failures = 0

    async def execute(self) -> None:
        """Go on with the records' targets from where the journal says they are, until the run is over.

        Raises a group of JournalError when the journal cannot be used any more: without it nothing is sent,
        and what runs is left to a later process, which can write down what it sees. LaneLost is one of these.
        """
        try:
            async with anyio.create_task_group() as background:
                background.start_soon(self._commits.go_on)
                background.start_soon(self._cut_after_drain)
                background.start_soon(self._watch_deadline)
                await self._run_lanes()
                background.cancel_scope.cancel()
        except BaseException as error:
            self._record_stop(StopCause.INTERNAL, in_words(error))
            raise
        finally:
            if self._owned is None:
                self._journal.record(RunEnded(at=self._clock.wall()))
        await self._journal.commit()

    def stop(self, cause: StopCause, reason: str) -> None:
        """Start nothing more. All causes but the failure budget also end the following; jobs in AWS go on."""
        self._record_stop(cause, reason)
        if cause is not StopCause.FAILURE_BUDGET:
            self._stopping.set()
            for opening in self._openings:
                opening.cancel()
        for lane in self._lanes.values():
            self._stop_lane(lane)

    def _record_stop(self, cause: StopCause, reason: str) -> None:
        budget_only = self._stopped is None or self._stopped.cause is StopCause.FAILURE_BUDGET
        if budget_only and (self._stopped is None or cause is not StopCause.FAILURE_BUDGET):
            self._stopped = RunStopping(at=self._clock.wall(), cause=cause, reason=reason)
            if self._owned is None:
                self._commits.record(self._stopped)

    def _stop_lane(self, lane: LaneState) -> None:
        assert self._stopped is not None
        lane.halt(self._stopped.reason)
        if self._stopped.cause is not StopCause.FAILURE_BUDGET:
            lane.look_away()

    async def _run_lanes(self) -> None:
        by_lane: defaultdict[LaneKey, list[TargetRecord]] = defaultdict(list)
        unstarted: list[TargetRecord] = []
        for record in self._records:
            need = dispose(record).need
            if need is not Need.NOTHING:
                by_lane[record.target.lane].append(record)
            if need is Need.START:
                unstarted.append(record)
        doubts = self._doubts(unstarted)
        earlier = {unstarted[place].position: found for place, found in doubts.items()}
        before = {record.lane: record for record in self._journal.lanes(self._run.id)}
        since = self._clock.wall() - REMEMBERED
        remembered = self._journal.learned(self._run.endpoint, since=since)
        async with anyio.create_task_group() as lanes:
            for key, records in by_lane.items():
                known = before.get(key) or LaneRecord(
                    lane=key, counters=LaneMeasured(at=self._clock.wall(), lane=key)
                )
                lanes.start_soon(self._run_lane, known, records, earlier, remembered.get(key))

    def _doubts(self, unstarted: Sequence[TargetRecord]) -> dict[int, Earlier]:
        """Find what earlier runs left in doubt on the branches of these targets, by place among them."""
        if not self._options.earlier:
            return {}
        return self._journal.in_doubt(
            (record.target for record in unstarted), besides=self._run.id, endpoint=self._run.endpoint
        )

    async def _run_lane(
        self,
        before: LaneRecord,
        records: Sequence[TargetRecord],
        earlier: Mapping[int, Earlier],
        remembered: LimitsLearned | None,
    ) -> None:
        key = before.lane
        async with anyio.create_task_group() as beside:
            told = self._run.plan.limits.builds is not None
            quota = Quota(None if told else partial(self._accounts.quota, key))
            beside.start_soon(quota.ask)
            port = await self._open(key)
            if port is not None:
                await quota.wait()
                lane = self._lane(before, port, records, remembered)
                quota.use(lane.limiter.learn_quota)
                await run_lane(lane, records, earlier)
            beside.cancel_scope.cancel()

    def _lane(
        self,
        before: LaneRecord,
        port: AmplifyPort,
        records: Sequence[TargetRecord],
        remembered: LimitsLearned | None,
    ) -> LaneState:
        key = before.lane
        outside = Outside(
            told=self._run.told,
            endpoint=self._run.endpoint,
            clock=self._clock,
            intents=self._intents,
            record=self._commits.record,
            refresh=partial(self._accounts.refresh, key.account),
            ask_cloudtrail=partial(self._accounts.recorded, key),
            tell_ended=self._target_ended,
            owned=self._owned or _always,
            taken=self._taken,
        )
        lane = open_lane(
            before,
            port,
            self._journal,
            outside,
            self._options,
            self._run.plan.limits,
            records,
            remembered=remembered,
        )
        self._lanes[key] = lane
        if self._stopped is not None:
            self._stop_lane(lane)
        return lane

    async def _open(self, key: LaneKey) -> AmplifyPort | None:
        """Verify the account and open the lane's way to the service; None: it cannot be, or a stop cut it."""
        with anyio.CancelScope() as opening:
            if self._stopping.is_set():
                return None
            self._openings.add(opening)
            try:
                if (failure := await self._identity.verify(key.account)) is None:
                    return await self._accounts.lane(key, calls=CALLS)
            except CallFailed as refusal:
                failure = refusal
            finally:
                self._openings.discard(opening)
            denied = failure.kind in {Kind.CREDENTIALS, Kind.EXPIRED, Kind.DENIED}
            reason = failure.reason
            self._commits.record(LaneStopped(at=self._clock.wall(), lane=key, reason=reason, denied=denied))
        return None

    def _target_ended(self, outcome: Outcome) -> None:
        self._ended += 1
        self._failures += outcome in FAILURES
        rule = tripped(self._options.budget, failures=self._failures, ended=self._ended)
        if rule is not None and self._stopped is None:
            self.stop(StopCause.FAILURE_BUDGET, rule)

    async def _watch_deadline(self) -> None:
        if self._options.max_runtime is not None:
            await anyio.sleep(self._options.max_runtime)
            self.stop(StopCause.DEADLINE, out_of_time(self._options.max_runtime))

    async def _cut_after_drain(self) -> None:
        await self._stopping.wait()
        await anyio.sleep(self._options.drain_timeout)
        for lane in self._lanes.values():
            lane.calls.cut()


def _always() -> bool:
    return True
