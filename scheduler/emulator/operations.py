"""What each operation does to a lane, and its answer in the API's shape."""

from __future__ import annotations

from typing import assert_never

from ..model import JobType
from ..plan.scenario import Mode, Operation
from .answers import Answer, ApiError, bad_request, busy, expired_token, not_found, rate_exceeded, slots_taken
from .apps import EmulatedBranch
from .identity import Caller, assume
from .job import EmulatedJob
from .lane import Lane
from .parameters import Parameters, check, check_start, page

#: Calls that Amplify's own limits say nothing about.
_OF_OTHER_SERVICES = {
    Operation.ASSUME_ROLE,
    Operation.GET_CALLER_IDENTITY,
    Operation.LIST_SERVICE_QUOTAS,
    Operation.LOOKUP_EVENTS,
}

#: How long AssumeRole's credentials are valid unless another time is asked for, in seconds: STS's default.
_SESSION = 3600


def perform(  # noqa: C901, PLR0912 - one case an operation
    operation: Operation, caller: Caller, lane: Lane, parameters: Parameters, now: float
) -> Answer:
    """Let the call take effect at `now` and return its answer. Raises ApiError if it is refused."""
    _admit(operation, caller, lane, now)
    check(parameters)
    match operation:
        case Operation.START_JOB:
            return _start_job(lane, parameters, now)
        case Operation.GET_JOB:
            job = _job(_branch(lane, parameters, now), parameters)
            steps = job.steps(now, lane.epoch)
            return {"job": {"summary": _summary(lane, job, now), "steps": steps}}
        case Operation.LIST_JOBS:
            return _list_jobs(lane, parameters, now)
        case Operation.STOP_JOB:
            return _stop_job(lane, parameters, now)
        case Operation.LIST_APPS:
            apps = sorted(lane.apps.values(), key=lambda app: app.seed.app)
            shown, more = page(apps, lambda app: app.seed.app, parameters, lane.scenario.page_size)
            return {"apps": [app.shown(lane.epoch) for app in shown], **more}
        case Operation.GET_APP:
            return {"app": lane.app(parameters["appId"], now).shown(lane.epoch)}
        case Operation.LIST_BRANCHES:
            return _list_branches(lane, parameters, now)
        case Operation.GET_BRANCH:
            return {"branch": _branch(lane, parameters, now).shown(lane.epoch)}
        case Operation.ASSUME_ROLE:
            role, session = parameters.get("RoleArn", ""), parameters.get("RoleSessionName", "")
            return assume(role, session, lane.epoch + now + _session_time(lane, parameters))
        case Operation.GET_CALLER_IDENTITY:
            return {"UserId": "AIDAEMULATED", "Account": caller.account, "Arn": caller.arn}
        case Operation.LIST_SERVICE_QUOTAS:
            return _list_service_quotas(lane, parameters)
        case Operation.LOOKUP_EVENTS:
            return lane.trail.lookup(parameters, now)
        case _:
            assert_never(operation)


def _admit(operation: Operation, caller: Caller, lane: Lane, now: float) -> None:
    if caller.expires_at <= lane.epoch + now:
        raise expired_token()
    if operation in _OF_OTHER_SERVICES:
        return
    bucket = lane.starts if operation is Operation.START_JOB else lane.reads
    if bucket is not None and not bucket.take(now):
        raise rate_exceeded(operation, lane.scenario.refusal)


def _session_time(lane: Lane, parameters: Parameters) -> float:
    if lane.scenario.session_time is not None:
        return lane.scenario.session_time
    wanted = str(parameters.get("DurationSeconds", _SESSION))
    if not wanted.isdecimal():
        raise ApiError("ValidationError", 400, f"{wanted} at 'durationSeconds' is not a number of seconds")
    return float(wanted)


def _start_job(lane: Lane, parameters: Parameters, now: float) -> Answer:
    check_start(parameters)
    scenario = lane.scenario
    branch = _branch(lane, parameters, now)
    if branch.active(now) is not None:
        raise busy(branch.name)
    if scenario.mode is Mode.REFUSE and lane.slots.taken >= lane.slots.size + scenario.queue_limit:
        raise slots_taken(lane.slots.size)
    job_type = parameters["jobType"]
    message, commit_time = parameters.get("commitMessage"), parameters.get("commitTime")
    if job_type == JobType.RETRY:  # it builds the old job's commit, whatever is said of another one
        if not branch.jobs:
            lane.past_job(branch, int(parameters["jobId"]), now)
        old = _job(branch, parameters)
        message, commit_time = old.commit_message, old.commit_time
    job = lane.new_job(branch, job_type, now)
    if scenario.marker_echo:
        job.commit_message, job.commit_time = message, commit_time
    return {"jobSummary": _summary(lane, job, now)}


def _stop_job(lane: Lane, parameters: Parameters, now: float) -> Answer:
    job = _job(_branch(lane, parameters, now), parameters)
    if job.ended(now):
        raise bad_request(f"Job {job.number} has already ended.")
    if job.status(now) != "CANCELLING":
        lane.stop(job, now)
    return {"jobSummary": _summary(lane, job, now)}


def _list_jobs(lane: Lane, parameters: Parameters, now: float) -> Answer:
    try:
        branch = _branch(lane, parameters, now)
    except ApiError as error:  # ListJobs has no NotFoundException in its model
        raise bad_request(error.message) from None
    visible = [job for job in reversed(branch.jobs) if job.listed_at <= now]
    shown, more = page(visible, lambda job: str(job.number), parameters, lane.scenario.page_size)
    return {"jobSummaries": [_summary(lane, job, now) for job in shown], **more}


def _list_branches(lane: Lane, parameters: Parameters, now: float) -> Answer:
    try:
        app = lane.app(parameters["appId"], now)
    except ApiError as error:  # nor has ListBranches
        raise bad_request(error.message) from None
    branches = sorted(app.branches.values(), key=lambda branch: branch.name)
    shown, more = page(branches, lambda branch: branch.name, parameters, lane.scenario.page_size)
    return {"branches": [branch.shown(lane.epoch) for branch in shown], **more}


def _list_service_quotas(lane: Lane, parameters: Parameters) -> Answer:
    if parameters.get("ServiceCode") != "amplify":
        return {"Quotas": []}
    quota = {"ServiceCode": "amplify", "QuotaName": "Concurrent jobs", "Value": float(lane.slots.size)}
    return {"Quotas": [quota]}


def _branch(lane: Lane, parameters: Parameters, now: float) -> EmulatedBranch:
    return lane.branch(parameters["appId"], parameters["branchName"], now)


def _job(branch: EmulatedBranch, parameters: Parameters) -> EmulatedJob:
    job = branch.job(parameters["jobId"])
    if job is None:
        raise not_found("Job", parameters["jobId"])
    return job


def _summary(lane: Lane, job: EmulatedJob, now: float) -> Answer:
    return job.summary(now, lane.epoch, lane.scenario.omit_fields)
