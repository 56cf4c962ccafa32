"""Other people: they start jobs on our branches, and rebuild ours."""

from __future__ import annotations

import anyio

from scheduler.emulator.answers import ApiError
from scheduler.model import LaneKey, Target

from .history import Push
from .outputs import MESSAGE
from .world import World

TYPES = ("RELEASE", "RELEASE", "WEB_HOOK", "MANUAL", "RETRY", "RETRY")


def push(world: World, target: Target, job_type: str | None = None) -> None:
    """Let somebody start a job on the target's branch, unless it has one; a push joins that.

    A RETRY rebuilds the branch's last job and shows the same commit message, marker and all. `job_type` None:
    any.
    """
    service = world.service
    account = world.identities.get(target.account, target.account)
    now = service._now()
    lane = service._lane(LaneKey(account, target.region), now)
    try:
        branch = lane.branch(target.app, target.branch, now)
    except ApiError:
        return
    if branch.active(now) is not None:
        return
    job_type = job_type or world.random.choice(TYPES)
    last = branch.jobs[-1] if branch.jobs and job_type == "RETRY" else None
    job = lane.new_job(branch, job_type, now)
    job.foreign = True
    if world.scenario.marker_echo:
        job.commit_message = MESSAGE if last is None else last.commit_message
    what = f"job {job.number} ({job.job_type})" + (f", a rebuild of {last.number}" if last else "")
    world.history.add(Push(at=anyio.current_time(), app=target.app, branch=target.branch, what=what))
