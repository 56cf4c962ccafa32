"""The emulated service on a clock of the test's own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from scheduler.emulator.answers import ApiError
from scheduler.emulator.faults import Disturbance
from scheduler.emulator.identity import Caller, caller
from scheduler.emulator.service import Service
from scheduler.emulator.truth import LaneTruth, Truth
from scheduler.plan.scenario import Operation, Scenario

EPOCH = 1_800_000_000.0
SHOP = caller("012345670123", "eu-west-1")
DOCS = caller("111122223333", "eu-west-1")
ULID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
#: A job's life without surprises: a second with its slot PENDING, one PROVISIONING, ten RUNNING.
PLAIN: dict[str, Any] = {"pending_time": 1, "provision_time": 1, "build_time": 10, "stop_time": 1}


class World:
    """A service and the hand on its clock."""

    def __init__(self, **scenario: Any) -> None:
        self.time = 1000.0  # any origin will do
        self.service = Service(Scenario.model_validate(PLAIN | scenario), now=lambda: self.time, epoch=EPOCH)

    def start(self, app: str = "d1", branch: str = "main", by: Caller = SHOP, **more: Any) -> dict[str, Any]:
        parameters = {"appId": app, "branchName": branch, "jobType": "RELEASE"} | more
        summary: dict[str, Any] = self.service.call(Operation.START_JOB, by, parameters)["jobSummary"]
        return summary

    def read(self, operation: Operation, by: Caller = SHOP, **parameters: Any) -> dict[str, Any]:
        return self.service.call(operation, by, parameters)

    def status(self, app: str = "d1", branch: str = "main", job: str = "1") -> str:
        answer = self.read(Operation.GET_JOB, appId=app, branchName=branch, jobId=job)
        return str(answer["job"]["summary"]["status"])

    def numbers(self, app: str = "d1", branch: str = "main", **more: Any) -> list[str]:
        answer = self.read(Operation.LIST_JOBS, appId=app, branchName=branch, **more)
        return [job["jobId"] for job in answer["jobSummaries"]]


def refusal(call: Callable[[], object]) -> tuple[str, int, str]:
    with pytest.raises(ApiError) as caught:
        call()
    return caught.value.code, caught.value.status, caught.value.message


def test_a_job_passes_through_every_status_in_order_at_its_time() -> None:
    world = World()
    world.start()
    seen = []
    for _ in range(14):
        seen.append(world.status())
        world.time += 1
    assert seen == ["PENDING"] + ["PROVISIONING"] + ["RUNNING"] * 10 + ["SUCCEED"] * 2


def test_start_job_answers_with_the_summary_of_a_pending_job() -> None:
    world = World()
    world.time += 5
    assert world.start(commitMessage="nightly", commitTime=EPOCH - 60) == {
        "jobArn": "arn:aws:amplify:eu-west-1:012345670123:apps/d1/branches/main/jobs/0000000001",
        "jobId": "1",
        "commitId": "HEAD",
        "commitMessage": "nightly",
        "commitTime": EPOCH - 60,
        "startTime": EPOCH + 5,
        "status": "PENDING",
        "jobType": "RELEASE",
    }


def test_a_finished_job_has_an_end_time_and_its_steps() -> None:
    world = World()
    world.start()
    world.time += 60
    job = world.read(Operation.GET_JOB, appId="d1", branchName="main", jobId="1")["job"]
    assert job["summary"]["endTime"] == EPOCH + 12
    assert [(step["stepName"], step["status"], step["endTime"]) for step in job["steps"]] == [
        ("BUILD", "SUCCEED", EPOCH + 12),
        ("DEPLOY", "SUCCEED", EPOCH + 12),
    ]


def test_a_branch_with_an_active_job_refuses_another_in_amplifys_words() -> None:
    world = World()
    world.start(branch="release/1.10")
    expected = (
        "LimitExceededException",
        429,
        "The requested branch release/1.10 already have pending or running jobs",
    )
    assert refusal(lambda: world.start(branch="release/1.10")) == expected
    world.time += 11.99
    assert refusal(lambda: world.start(branch="release/1.10")) == expected
    world.time += 0.02
    assert world.start(branch="release/1.10")["jobId"] == "2"


def test_job_ids_count_up_on_each_branch_by_itself() -> None:
    world = World(slots=50)
    ids = []
    for _ in range(3):
        ids.append([world.start(branch=branch)["jobId"] for branch in ("main", "dev")])
        world.time += 100
    assert ids == [["1", "1"], ["2", "2"], ["3", "3"]]


def test_jobs_above_the_slots_wait_their_turn_in_the_order_they_came() -> None:
    world = World(slots=2, pending_time=0, provision_time=0)
    for number in range(5):
        world.start(f"d{number}")
        world.time += 1
    states = []
    for at in (5, 10, 11, 20, 21, 30):  # the first two run from 0 and 1, each next one as a slot is freed
        world.time = 1000 + at
        states.append("".join(world.status(f"d{number}")[0] for number in range(5)))
    assert states == ["RRPPP", "SRRPP", "SSRRP", "SSSRR", "SSSSR", "SSSSS"]


def test_lanes_share_nothing() -> None:
    world = World(slots=1, pending_time=0, provision_time=0, start_rate=1, start_burst=1)
    world.start()
    world.start(by=DOCS)
    world.start(by=caller("012345670123", "us-east-1"))
    assert [(job.account, job.region, job.status) for job in world.service.truth().jobs] == [
        ("012345670123", "eu-west-1", "RUNNING"),
        ("111122223333", "eu-west-1", "RUNNING"),
        ("012345670123", "us-east-1", "RUNNING"),
    ]


def test_in_mode_refuse_the_call_above_slots_and_queue_is_refused_in_other_words_than_busy() -> None:
    world = World(slots=2, mode="refuse", queue_limit=1)
    for app in ("d1", "d2", "d3"):
        world.start(app)
    code, status, message = refusal(lambda: world.start("d4"))
    assert (code, status) == ("LimitExceededException", 429)
    assert message == "The maximum number of concurrent jobs (2) has been reached"


@pytest.mark.parametrize(
    ("refused_as", "expected"),
    [
        ("limit_exceeded", ("LimitExceededException", 429)),
        ("bad_request", ("BadRequestException", 400)),
        ("throttling", ("ThrottlingException", 400)),
        ("too_many_requests", ("TooManyRequestsException", 429)),
    ],
)
def test_calls_above_the_start_rate_are_refused_as_asked(refused_as: str, expected: tuple[str, int]) -> None:
    world = World(start_rate=2, start_burst=3, refusal=refused_as)
    for app in ("d1", "d2", "d3"):
        world.start(app)
    assert refusal(lambda: world.start("d4"))[:2] == expected
    world.time += 0.5
    world.start("d4")
    assert refusal(lambda: world.start("d5"))[:2] == expected


def test_a_refusal_for_pace_says_which_call_came_too_soon() -> None:
    world = World(read_rate=1, read_burst=1)
    world.numbers()
    assert refusal(world.numbers) == (
        "LimitExceededException",
        429,
        "Rate exceeded while calling ListJobs, please slow down or try again later.",
    )
    world.start()  # reads and starts have separate limits


def test_a_stopped_job_is_cancelling_then_cancelled_and_frees_its_slot() -> None:
    world = World(slots=1, pending_time=0, provision_time=0)
    world.start("d1")
    world.start("d2")
    world.time += 3
    stopped = world.read(Operation.STOP_JOB, appId="d1", branchName="main", jobId="1")["jobSummary"]
    seen = [(stopped["status"], world.status("d2"))]
    world.time += 1
    seen.append((world.status("d1"), world.status("d2")))
    world.time += 9  # past the time at which the stopped job would have ended: nothing may be freed twice
    world.start("d3")
    seen.append((world.status("d3"), world.status("d2")))
    assert seen == [("CANCELLING", "PENDING"), ("CANCELLED", "RUNNING"), ("PENDING", "RUNNING")]


def test_a_slot_is_freed_once_when_a_stop_takes_until_the_natural_end() -> None:
    world = World(slots=1, pending_time=0, provision_time=0)
    for app in ("d1", "d2", "d3"):
        world.start(app)
    world.time += 9
    world.read(Operation.STOP_JOB, appId="d1", branchName="main", jobId="1")
    world.time += 1
    assert [world.status(app) for app in ("d1", "d2", "d3")] == ["CANCELLED", "RUNNING", "PENDING"]


def test_a_stopped_job_keeps_its_slot_until_the_stop_is_done_even_past_its_natural_end() -> None:
    world = World(slots=1, pending_time=0, provision_time=0)
    world.start("d1")
    world.start("d2")
    world.time += 9.5
    world.read(Operation.STOP_JOB, appId="d1", branchName="main", jobId="1")
    seen = []
    for later in (0.75, 0.25):
        world.time += later
        seen.append((world.status("d1"), world.status("d2")))
    assert seen == [("CANCELLING", "PENDING"), ("CANCELLED", "RUNNING")]


def test_a_job_that_is_stopped_in_the_queue_is_cancelled_at_once() -> None:
    world = World(slots=1)
    world.start("d1")
    world.start("d2")
    world.read(Operation.STOP_JOB, appId="d2", branchName="main", jobId="1")
    assert world.status("d2") == "CANCELLED"
    world.start("d3")
    world.time += 12.5
    assert world.status("d3") == "PENDING"
    world.time += 2
    assert world.status("d3") == "RUNNING"


def test_a_job_that_has_ended_cannot_be_stopped() -> None:
    world = World()
    world.start()
    world.time += 60
    stop: dict[str, Any] = {"appId": "d1", "branchName": "main", "jobId": "1"}
    assert refusal(lambda: world.read(Operation.STOP_JOB, **stop))[0] == "BadRequestException"


@pytest.mark.parametrize(
    ("rule", "end"), [({"fails": True}, "FAILED"), ({"cancelled": True}, "CANCELLED"), ({}, "SUCCEED")]
)
def test_a_rule_decides_how_the_builds_of_its_branches_end(rule: dict[str, bool], end: str) -> None:
    world = World(branches=[{"app": "d1", "branch": "release/*", **rule}, {"fails": True}])
    world.start(branch="release/1.10")
    world.start(branch="main")
    world.time += 60
    assert (world.status(branch="release/1.10"), world.status()) == (end, "FAILED")


def test_a_stuck_build_keeps_its_slot_for_ever_unless_it_is_stopped() -> None:
    world = World(slots=1, branches=[{"app": "d1", "stuck": True}])
    world.start("d1")
    world.start("d2")
    world.time += 1e6
    assert (world.status("d1"), world.status("d2")) == ("RUNNING", "PENDING")
    world.read(Operation.STOP_JOB, appId="d1", branchName="main", jobId="1")
    world.time += 20
    assert (world.status("d1"), world.status("d2")) == ("CANCELLED", "SUCCEED")


def test_a_busy_branch_has_somebody_elses_job_since_the_start() -> None:
    world = World(slots=1, branches=[{"app": "d1", "busy": "30s"}])
    world.time += 10
    assert refusal(world.start)[2].endswith("already have pending or running jobs")
    world.start("d2")
    assert (world.status("d1"), world.status("d2")) == ("RUNNING", "PENDING")
    world.time += 20
    assert world.start()["jobId"] == "2"
    assert [(job.job, job.foreign) for job in world.service.truth().jobs if job.app == "d1"] == [
        ("1", True),
        ("2", False),
    ]


def test_what_the_scenario_calls_missing_is_not_found() -> None:
    world = World(branches=[{"app": "d1", "branch": "old", "missing": True}, {"app": "d2", "missing": True}])
    assert refusal(lambda: world.start(branch="old")) == ("NotFoundException", 404, "Branch old not found.")
    assert refusal(lambda: world.start("d2")) == ("NotFoundException", 404, "App d2 not found.")
    assert refusal(lambda: world.read(Operation.GET_APP, appId="d2"))[1] == 404
    assert refusal(lambda: world.numbers(branch="old"))[:2] == ("BadRequestException", 400)
    assert refusal(lambda: world.status(job="7")) == ("NotFoundException", 404, "Job 7 not found.")
    assert [app["appId"] for app in world.read(Operation.LIST_APPS)["apps"]] == ["d1"]


def test_a_retry_builds_the_old_jobs_commit_under_a_new_id() -> None:
    world = World()
    world.start(commitMessage=f"first [amplify-release:{ULID}]")
    world.time += 60
    retried = world.start(jobType="RETRY", jobId="1", commitMessage="second")
    assert (retried["jobId"], retried["commitMessage"]) == ("2", f"first [amplify-release:{ULID}]")
    world.time += 60
    assert refusal(lambda: world.start(jobType="RETRY", jobId="9")) == (
        "NotFoundException",
        404,
        "Job 9 not found.",
    )


def test_the_job_that_a_retry_names_on_an_unknown_branch_is_taken_as_history() -> None:
    world = World()
    assert world.start(jobType="RETRY", jobId="17")["jobId"] == "18"
    assert world.status(job="17") == "FAILED"


def test_lists_come_newest_first_in_pages_that_new_jobs_do_not_shift() -> None:
    world = World()
    for _ in range(7):
        world.start()
        world.time += 60
    place: dict[str, Any] = {"appId": "d1", "branchName": "main", "maxResults": "3"}
    first = world.read(Operation.LIST_JOBS, **place)
    world.start()
    second = world.read(Operation.LIST_JOBS, **place, nextToken=first["nextToken"])
    third = world.read(Operation.LIST_JOBS, **place, nextToken=second["nextToken"])
    pages = [[job["jobId"] for job in answer["jobSummaries"]] for answer in (first, second, third)]
    assert pages == [["7", "6", "5"], ["4", "3", "2"], ["1"]]
    assert "nextToken" not in third
    assert refusal(lambda: world.numbers(nextToken="bm9uc2Vuc2U="))[0] == "BadRequestException"
    assert refusal(lambda: world.numbers(maxResults="101"))[0] == "BadRequestException"


def test_the_scenario_caps_a_page() -> None:
    world = World(page_size=2)
    for _ in range(3):
        world.start()
        world.time += 60
    assert world.numbers(maxResults="50") == world.numbers(maxResults="0") == ["3", "2"]


def test_a_new_job_shows_in_lists_after_the_lag_and_under_its_id_at_once() -> None:
    world = World(list_lag=5)
    world.start()
    assert (world.numbers(), world.status()) == ([], "PENDING")
    world.time += 5
    assert world.numbers() == ["1"]


def test_omitted_fields_and_a_dropped_commit_message_do_not_come_back() -> None:
    world = World(omit_fields=["commitId", "jobType", "startTime"], marker_echo=False)
    assert set(world.start(commitMessage="nightly")) == {"jobArn", "jobId", "commitTime", "status"}


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"jobType": None}, "'jobType' failed to satisfy constraint: Member must not be null"),
        ({"jobType": "NOPE"}, "[RELEASE, RETRY, MANUAL, WEB_HOOK]"),
        ({"jobType": "MANUAL"}, "The requested jobType MANUAL does not support."),
        ({"jobType": "RETRY"}, "'jobId' failed to satisfy constraint: Member must not be null"),
        ({"jobReason": "x" * 256}, "length less than or equal to 255"),
        ({"commitMessage": "x" * 10_001}, "length less than or equal to 10000"),
        ({"appId": "shop"}, "pattern: d[a-z0-9]+"),
        ({"branchName": ""}, "'branchName' failed to satisfy"),
    ],
)
def test_parameters_outside_the_api_model_are_bad_requests(parameters: dict[str, Any], message: str) -> None:
    given = {"appId": "d1", "branchName": "main", "jobType": "RELEASE"} | parameters
    code, status, text = refusal(lambda: World().service.call(Operation.START_JOB, SHOP, given))
    assert (code, status) == ("BadRequestException", 400)
    assert message in text


def test_apps_of_the_scenario_are_there_before_anybody_names_them() -> None:
    world = World(
        apps=[
            {"app": "d2", "name": "shop-web", "tags": {"nightly": "true"}, "branches": ["main", "dev"]},
            {"app": "d3", "account": "9*"},
        ],
        branches=[{"app": "d2", "branch": "dev", "stage": "PULL_REQUEST", "auto_build": False}],
    )
    apps = world.read(Operation.LIST_APPS)["apps"]
    assert [(app["appId"], app["name"], app["tags"]) for app in apps] == [
        ("d2", "shop-web", {"nightly": "true"})
    ]
    branches = world.read(Operation.LIST_BRANCHES, appId="d2")["branches"]
    assert [(b["branchName"], b["stage"], b["enableAutoBuild"]) for b in branches] == [
        ("dev", "PULL_REQUEST", False),
        ("main", "PRODUCTION", True),
    ]


def test_other_peoples_builds_take_slots_and_are_told_apart() -> None:
    world = World(slots=2, foreign_rate=1.0, build_time=100)
    world.read(Operation.LIST_APPS)
    world.time += 60
    world.start()
    truth = world.service.truth()
    own = [job for job in truth.jobs if not job.foreign]
    assert [(job.app, job.status) for job in own] == [("d1", "PENDING")]
    assert 40 < len(truth.jobs) < 80
    assert truth.lanes[0].peak_running == 2
    assert truth.starts[0].job == "1"


def test_other_peoples_builds_can_come_on_the_branches_of_targets() -> None:
    world = World(foreign_rate=1.0, foreign_branches="ma*")
    world.start("d1", "main")
    world.start("d2", "dev")
    world.time += 200
    truth = world.service.truth()
    jobs = {app: [job for job in truth.jobs if job.app == app] for app in ("d1", "d2")}
    assert (len(jobs["d2"]), [job.foreign for job in jobs["d1"][:2]]) == (1, [False, True])
    begins = [job.created_at for job in jobs["d1"]]
    ends = [job.ended_at for job in jobs["d1"][:-1]]
    assert all(end is not None and end <= begin for end, begin in zip(ends, begins[1:], strict=True))


def test_the_truth_names_every_request_and_the_job_it_made() -> None:
    world = World(faults=[{"kind": "reset_after", "app": "d2"}])
    world.start(commitMessage=f"nightly [amplify-release:{ULID}]")
    with pytest.raises(ApiError):
        world.start()
    with pytest.raises(Disturbance):
        world.start("d2")
    truth = world.service.truth()
    assert [(start.app, start.marker, start.answer, start.job) for start in truth.starts] == [
        ("d1", ULID, "started", "1"),
        (
            "d1",
            None,
            "LimitExceededException: The requested branch main already have pending or running jobs",
            None,
        ),
        ("d2", None, "reset_after", "1"),
    ]
    assert truth.calls == {"StartJob": 3}
    assert truth.lanes == [
        LaneTruth(account="012345670123", region="eu-west-1", peak_running=2, peak_queued=0)
    ]
    assert Truth.from_json(truth.to_json()) == truth


def test_the_clock_skew_shows_in_everything_but_the_truth() -> None:
    world = World(clock_skew=600)
    assert (world.start()["startTime"], world.service.date()) == (EPOCH + 600, EPOCH + 600)
    assert world.service.truth().jobs[0].created_at == EPOCH


def test_the_same_seed_gives_the_same_world_whatever_the_order_of_calls() -> None:
    varied = {"build_time": ["5s", "50s"], "pending_time": ["1s", "4s"], "failure_rate": 0.5, "slots": 99}
    varied |= {"faults": [{"kind": "reset_after", "probability": 0.5}]}

    def play(seed: int, apps: list[str]) -> dict[str, object]:
        world = World(seed=seed, **varied)
        for app in apps:
            with suppress(Disturbance):
                world.start(app)
        world.time += 100
        truth = world.service.truth()
        answers = {start.app: start.answer for start in truth.starts}
        return {job.app: (job.status, job.granted_at, job.ended_at, answers[job.app]) for job in truth.jobs}

    apps = [f"d{number}" for number in range(20)]
    assert play(7, apps) == play(7, apps[::-1])
    assert play(7, apps) != play(8, apps)


def test_no_random_world_ever_shows_a_status_going_back_or_two_active_jobs_on_a_branch() -> None:
    order = ["PENDING", "PROVISIONING", "RUNNING", "CANCELLING", "CANCELLED", "FAILED", "SUCCEED"]
    for seed in range(20):
        world = World(seed=seed, slots=3, foreign_rate=0.2, foreign_branches="*", failure_rate=0.3)
        last: dict[tuple[str, str], int] = {}
        for step in range(150):
            app = f"d{(step * 7 + seed) % 9}"
            try:
                job = world.start(app)
                if step % 5 == 0:
                    world.read(Operation.STOP_JOB, appId=app, branchName="main", jobId=job["jobId"])
            except ApiError as error:
                assert error.message.endswith("already have pending or running jobs")  # noqa: PT017 - of many
            world.time += 1.7
            truth = world.service.truth()
            active = [job.app for job in truth.jobs if job.ended_at is None]
            assert len(active) == len(set(active)), f"seed {seed}"
            running = [job for job in truth.jobs if job.ended_at is None and job.granted_at is not None]
            assert len(running) <= 3, f"seed {seed}"
            for known in truth.jobs:
                rank = order.index(known.status)
                assert rank >= last.get((known.app, known.job), 0), f"seed {seed}"
                last[known.app, known.job] = rank
