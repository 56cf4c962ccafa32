"""One lane of the emulated service: its apps, its slots, its request rates and other people's builds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from fnmatch import fnmatchcase
from functools import partial
from hashlib import blake2b
from math import inf, log
from random import Random

from ..model import LaneKey
from ..plan.scenario import App, BranchRule, Change, Scenario
from .answers import ApiError, not_found
from .apps import EmulatedApp, EmulatedBranch, app_arn, branch_arn, job_arn
from .bucket import Bucket
from .job import CANCELLED, FAILED, SUCCEED, EmulatedJob
from .slots import Slots
from .trail import Trail

_FOREIGN_APP = "dforeignbuilds"
_ORDINARY = BranchRule()


def seeded(*key: object) -> Random:
    """Return a source of numbers that depends on the key alone, not on what was drawn before."""
    return Random("/".join(map(str, key)))  # noqa: S311 - reproducible on purpose; guards nothing


def chance(*key: object) -> float:
    """Return a number from 0 to below 1 that depends on the key alone, much faster than `seeded` begins."""
    digest = blake2b("/".join(map(str, key)).encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) / 2**53  # as many bits as a float holds


class Lane:
    """An account in a region. Apps and branches spring into existence when they are first named."""

    def __init__(self, key: LaneKey, scenario: Scenario, *, epoch: float, opened_at: float) -> None:
        self.key = key
        self.scenario = scenario
        #: What the service's clock showed when the emulator's showed zero.
        self.epoch = epoch
        self.apps: dict[str, EmulatedApp] = {}
        self.slots = Slots(scenario.slots)
        lag = partial(seeded(scenario.seed, "trail", *key).uniform, *scenario.trail_lag)
        self.trail = Trail(key, epoch=epoch, lag=lag)
        self.starts = Bucket(scenario.start_rate, scenario.start_burst) if scenario.start_rate else None
        self.reads = Bucket(scenario.read_rate, scenario.read_burst) if scenario.read_rate else None
        for seed in scenario.apps:
            if fnmatchcase(key.account, seed.account) and fnmatchcase(key.region, seed.region):
                self._open_app(seed, 0.0)
                for branch in seed.branches:
                    with suppress(ApiError):  # a rule that says it is missing wins
                        self.branch(seed.app, branch, opened_at)
        for change in scenario.changes:
            self.slots.at(change.after, partial(self._change, change))
        self._foreign = seeded(scenario.seed, "foreign", *key)
        if scenario.foreign_rate:
            self._expect_push(opened_at)

    def app(self, name: str, now: float) -> EmulatedApp:
        """Return the app, new or known. Raises ApiError (not found) where the scenario says it is missing."""
        found = self.apps.get(name)
        if found is None:
            rule = self._rule(name, "*")
            if rule.missing and rule.branch == "*":
                raise not_found("App", name)
            found = self._open_app(App(app=name), now)
        return found

    def branch(self, app: str, name: str, now: float) -> EmulatedBranch:
        """Return the branch, new or known. Raises ApiError (not found) as `app` does."""
        branches = self.app(app, now).branches
        found = branches.get(name)
        if found is None:
            rule = self._rule(app, name)
            if rule.missing:
                raise not_found("Branch", name)
            arn = branch_arn(self.key, app, name)
            found = EmulatedBranch(
                name=name, arn=arn, created_at=now, rule=rule, build=self._usual_build(arn, rule)
            )
            branches[name] = found
            if rule.busy > now:
                self._occupy(found)
        return found

    def new_job(self, branch: EmulatedBranch, job_type: str, now: float) -> EmulatedJob:
        """Make the branch's next job and queue it for a slot."""
        job = self._job(branch, branch.next_number, job_type, now)
        branch.jobs.append(job)
        self.slots.submit(job, now)
        return job

    def past_job(self, branch: EmulatedBranch, number: int, now: float) -> EmulatedJob:
        """Invent the job that a RETRY names on a branch without jobs: one that failed before all this."""
        job = self._job(branch, number, "RELEASE", now)
        job.pending = job.provision = job.build = 0.0
        job.final = FAILED
        job.grant(now)
        branch.jobs.append(job)
        return job

    def stop(self, job: EmulatedJob, now: float) -> None:
        """Cancel a job that has not ended."""
        delay = seeded(self.scenario.seed, "stop", job.arn).uniform(*self.scenario.stop_time)
        self.slots.stop(job, now, delay)

    def known_branches(self) -> Iterator[tuple[str, EmulatedBranch]]:
        """Yield every branch with the id of its app."""
        for app in self.apps.values():
            for branch in app.branches.values():
                yield app.seed.app, branch

    def _open_app(self, seed: App, now: float) -> EmulatedApp:
        app = EmulatedApp(seed=seed, arn=app_arn(self.key, seed.app), created_at=now)
        self.apps[seed.app] = app
        return app

    def _rule(self, app: str, branch: str) -> BranchRule:
        for rule in self.scenario.branches:
            wanted = ((self.key.account, rule.account), (self.key.region, rule.region), (app, rule.app))
            if all(fnmatchcase(name, glob) for name, glob in (*wanted, (branch, rule.branch))):
                return rule
        return _ORDINARY

    def _usual_build(self, arn: str, rule: BranchRule) -> float:
        """Draw how long a branch's builds usually run."""
        draw, spread = seeded(self.scenario.seed, arn), self.scenario.spread
        least, most = rule.build_time or self.scenario.build_time
        if spread is None or least == 0:
            return draw.uniform(least, most)
        return min(max(draw.lognormvariate((log(least) + log(most)) / 2, spread), least), most)

    def _job(self, branch: EmulatedBranch, number: int, job_type: str, now: float) -> EmulatedJob:
        """Draw a job's life: the branch decides roughly how long it takes, its number the rest."""
        scenario, rule = self.scenario, branch.rule
        draw = seeded(scenario.seed, branch.arn, number)
        least, most = rule.build_time or scenario.build_time
        jitter = draw.uniform(1 - scenario.jitter, 1 + scenario.jitter)
        build = min(max(branch.build * jitter, least), most)
        pending, provision = draw.uniform(*scenario.pending_time), draw.uniform(*scenario.provision_time)
        fails = draw.random() < scenario.failure_rate or rule.fails
        return EmulatedJob(
            number=number,
            job_type=job_type,
            arn=job_arn(branch, number),
            created_at=now,
            listed_at=now + draw.uniform(*scenario.list_lag),
            pending=pending,
            provision=provision,
            build=inf if rule.stuck else build,
            final=CANCELLED if rule.cancelled else FAILED if fails else SUCCEED,
        )

    def _change(self, change: Change, at: float) -> None:
        if change.slots is not None:
            self.slots.resize(change.slots, at)
        if change.start_rate is not None and self.starts is not None:
            self.starts.refill(change.start_rate, at)
        elif change.start_rate is not None:
            self.starts = Bucket(change.start_rate, self.scenario.start_burst)

    def _occupy(self, branch: EmulatedBranch) -> None:
        """Let somebody else's job have run on the branch since the start, as its rule says."""
        job = self._job(branch, branch.next_number, "RELEASE", 0.0)
        job.pending = job.provision = 0.0
        job.build = branch.rule.busy
        job.foreign = True
        branch.jobs.append(job)
        self.slots.occupy(job, 0.0)

    def _expect_push(self, now: float) -> None:
        self.slots.at(now + self._foreign.expovariate(self.scenario.foreign_rate), self._push)

    def _push(self, now: float) -> None:
        """Build what somebody else pushed, unless the branch has an active job: the push joins that one."""
        glob = self.scenario.foreign_branches
        if glob is None:
            name = f"push-{self._foreign.getrandbits(32):08x}"
            pushed = [self.branch(_FOREIGN_APP, name, now)]
        else:
            pushed = [branch for _, branch in self.known_branches() if fnmatchcase(branch.name, glob)]
        branch = self._foreign.choice(pushed) if pushed else None
        if branch is not None and branch.active(now) is None:
            self.new_job(branch, "RELEASE", now).foreign = True
        self._expect_push(now)
