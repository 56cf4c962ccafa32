"""Limits that change while the emulator runs, and builds that differ widely between branches."""

from __future__ import annotations

from math import exp, log
from statistics import median, stdev
from typing import Any

import pytest
from pydantic import ValidationError

from scheduler.emulator.answers import ApiError
from scheduler.emulator.identity import caller
from scheduler.emulator.service import Service
from scheduler.plan.scenario import Operation, Scenario

SHOP = caller("012345670123", "eu-west-1")


class World:
    """A service and the hand on its clock."""

    def __init__(self, **scenario: Any) -> None:
        self.time = 0.0
        plain = {"pending_time": 0, "provision_time": 0, "build_time": "1h"}
        self.service = Service(Scenario.model_validate(plain | scenario), now=lambda: self.time, epoch=0.0)
        self.apps = 0

    def start(self) -> bool:
        """Start a job of a new app; return whether it was accepted."""
        self.apps += 1
        parameters = {"appId": f"d{self.apps}", "branchName": "main", "jobType": "RELEASE"}
        try:
            self.service.call(Operation.START_JOB, SHOP, parameters)
        except ApiError:
            return False
        return True

    @property
    def running(self) -> int:
        return sum(job.status == "RUNNING" for job in self.service.truth().jobs)


def test_more_slots_take_up_the_queue_at_their_time() -> None:
    world = World(slots=2, changes=[{"after": "10m", "slots": 4}])
    for _ in range(5):
        world.start()
    seen = []
    for world.time in (599.0, 600.0):
        seen.append(world.running)
    assert seen == [2, 4]
    assert [job.granted_at for job in world.service.truth().jobs] == [0.0, 0.0, 600.0, 600.0, None]


def test_jobs_above_fewer_slots_go_on_and_nothing_new_begins() -> None:
    world = World(slots=3, build_time="100s", changes=[{"after": 50, "slots": 1}])
    for _ in range(3):
        world.start()
    world.time = 60.0
    world.start()
    assert world.running == 3
    world.time = 101.0
    assert world.running == 1


def test_a_refusing_service_counts_by_the_slots_of_the_moment() -> None:
    world = World(slots=1, mode="refuse", changes=[{"after": 10, "slots": 2}])
    answers = [world.start(), world.start()]
    world.time = 10.0
    answers += [world.start(), world.start()]
    assert answers == [True, False, True, False]


def test_a_start_rate_changes_at_its_time_and_keeps_what_was_saved() -> None:
    world = World(slots=99, start_rate=1, start_burst=1, changes=[{"after": 10, "start_rate": 0.1}])
    accepted = []
    for world.time in (0.0, 1.0, 10.5, 15.0, 20.5):
        accepted.append(world.start())
    assert accepted == [True, True, True, False, True]


def test_a_start_rate_may_begin_in_mid_run() -> None:
    world = World(slots=99, start_burst=1, changes=[{"after": 10, "start_rate": 0.1}])
    accepted = [world.start(), world.start()]
    world.time = 10.0
    accepted += [world.start(), world.start()]
    assert accepted == [True, True, True, False]


def test_a_slow_spell_is_two_changes_in_any_order() -> None:
    world = World(latency=0.1, changes=[{"after": 20, "latency": 0.1}, {"after": 10, "latency": 2}])
    latencies = []
    for world.time in (9.9, 10.0, 19.9, 20.0):
        latencies.append(world.service.latency())
    assert latencies == [0.1, 2.0, 2.0, 0.1]


def builds(**scenario: Any) -> list[float]:
    world = World(slots=999, **scenario)
    for _ in range(300):
        world.start()
    world.time = 1e6
    return [job.ended_at - job.created_at for job in world.service.truth().jobs if job.ended_at is not None]


def test_with_a_spread_branches_differ_lognormally_within_the_range() -> None:
    times = builds(build_time=[100, 900], spread=0.5, jitter=0)
    assert (min(times), max(times)) >= (100, 300)
    assert max(times) <= 900
    assert median(times) == pytest.approx(300, rel=0.15)
    assert stdev(map(log, times)) == pytest.approx(0.5, rel=0.15)


def test_jitter_makes_the_builds_of_a_branch_differ_by_up_to_its_share() -> None:
    steady = builds(build_time=[200, 450], spread=0, jitter=0)
    shaken = builds(build_time=[200, 450], spread=0, jitter=0.3)
    assert steady == pytest.approx([exp((log(200) + log(450)) / 2)] * 300)
    assert 0.7 <= min(shaken) / steady[0] < 0.75
    assert 1.25 < max(shaken) / steady[0] <= 1.3


@pytest.mark.parametrize("change", [{"slots": 3}, {"after": 1, "slots": 0}, {"after": 1, "builds": 3}])
def test_a_change_with_a_fault_in_it_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="changes"):
        Scenario.model_validate({"changes": [change]})
