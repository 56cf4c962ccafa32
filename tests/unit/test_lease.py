"""Until when a process may start in a lane, by its own clock."""

from __future__ import annotations

import pytest

from scheduler.journal.lease import MARGIN, Lease, granted, lane_name
from scheduler.model import AWS, Account, FrozenPlan, LaneKey

SHOP = LaneKey("shop", "eu-west-1")
PLAN = FrozenPlan(
    name="n", path="", digest="", accounts=(Account(name="shop", id="012345670123"), Account(name="docs"))
)


@pytest.mark.parametrize(("now", "good"), [(0.0, True), (99.99, True), (100.0, False), (1e9, False)])
def test_a_process_may_start_until_its_lease_is_over_and_not_at_its_end(now: float, good: bool) -> None:
    assert Lease("shop/eu-west-1", 1, 15.0, 100.0).good(now) is good


def test_a_lease_is_counted_from_before_it_was_asked_for_and_not_used_to_its_end() -> None:
    lease = granted("shop/eu-west-1", 3, 10.0, asked=50.0)
    assert lease == Lease("shop/eu-west-1", 3, 10.0, 50.0 + 10.0 * (1 - MARGIN))


def test_a_lease_of_no_length_was_never_good() -> None:
    assert not granted("shop/eu-west-1", 1, 0.0, asked=50.0).good(50.0)


def test_a_lane_s_name_is_the_account_s_whatever_the_plans_call_it_and_the_endpoint_s() -> None:
    assert lane_name(AWS, PLAN, SHOP) == "012345670123/eu-west-1"
    assert lane_name(AWS, PLAN, LaneKey("docs", "eu-west-1")) == "docs/eu-west-1"
    assert lane_name("http://127.0.0.1:1", PLAN, SHOP) == "012345670123/eu-west-1 at http://127.0.0.1:1"
