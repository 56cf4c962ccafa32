"""Whose turn it is: groups in turns, the plan's order inside them, urgent targets before all."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.engine.line import Line
from scheduler.model import Target


@dataclass(frozen=True)
class Item:
    position: int
    target: Target = field(compare=False)

    @property
    def team(self) -> str:
        return self.target.labels.get("team", "")


def item(position: int, team: str | None = None, *, priority: int = 0, **labels: str) -> Item:
    labels |= {} if team is None else {"team": team}
    target = Target(
        account="shop",
        region="eu-west-1",
        app=f"d{position}",
        branch="main",
        name="",
        labels=labels,
        priority=priority,
    )
    return Item(position, target)


def line(*items: Item) -> Line[Item]:
    made: Line[Item] = Line()
    for one in items:
        made.put(one)
    return made


def drained(items: Line[Item]) -> list[int]:
    return [items.take().position for _ in range(len(items))]


def test_groups_take_turns_in_the_order_in_which_the_plan_names_them() -> None:
    waiting = line(item(0, "web"), item(1, "web"), item(2, "web"), item(3, "api"), item(4), item(5, "api"))
    assert drained(waiting) == [0, 3, 4, 1, 5, 2]


def test_a_group_is_all_labels_together_in_whatever_order() -> None:
    waiting = line(item(0, "web", tier="1"), item(1, "web", tier="2"), item(2, tier="1", team="web"))
    assert drained(waiting) == [0, 1, 2]
    waiting = line(item(0, "web", tier="1"), item(1, tier="1", team="web"), item(2, "web", tier="2"))
    assert drained(waiting) == [0, 2, 1]


def test_a_higher_priority_goes_before_any_turn() -> None:
    waiting = line(item(0, "web"), item(1, "api"), item(2, "web", priority=5), item(3, "web", priority=-1))
    assert drained(waiting) == [2, 0, 1, 3]


def test_a_target_that_comes_back_has_the_next_turn() -> None:
    waiting = line(item(0, "web"), item(1, "api"), item(2, "web"), item(3, "api"))
    refused = waiting.take()
    waiting.put_back(refused)
    assert waiting.first() is refused
    assert drained(waiting) == [0, 1, 2, 3]


def test_a_burst_of_refusals_comes_back_in_the_plans_order_inside_each_group() -> None:
    waiting = line(*(item(position, "web") for position in range(5)))
    for refused in [waiting.take() for _ in range(3)]:
        waiting.put_back(refused)
    assert drained(waiting) == [0, 1, 2, 3, 4]


def test_nobody_is_next_in_an_empty_line() -> None:
    waiting = line(item(0))
    waiting.clear()
    assert len(waiting) == 0
    with pytest.raises(IndexError):
        waiting.take()


TEAMS = st.lists(st.sampled_from(["web", "api", "docs", None]), max_size=40)


@given(TEAMS)
def test_everybody_has_a_turn_and_no_group_is_two_ahead_of_one_that_waits(teams: list[str | None]) -> None:
    items = [item(position, team) for position, team in enumerate(teams)]
    waiting = line(*items)
    left = Counter(one.team for one in items)
    taken: Counter[str] = Counter()
    order = []
    while waiting:
        assert len(waiting) == sum(left.values())
        one = waiting.take()
        order.append(one.position)
        taken[one.team] += 1
        left[one.team] -= 1
        assert all(taken[one.team] <= taken[other] + 1 for other in left if left[other])
    assert sorted(order) == list(range(len(items)))
    for team in left:
        of_team = [position for position in order if items[position].team == team]
        assert all(first < second for first, second in pairwise(of_team))


@given(TEAMS, st.lists(st.booleans(), max_size=200))
def test_targets_that_come_back_at_any_time_are_neither_lost_nor_doubled(
    teams: list[str | None], starts: list[bool]
) -> None:
    waiting = line(*(item(position, team) for position, team in enumerate(teams)))
    started = []
    for start in starts:
        if not waiting:
            break
        one = waiting.take()
        if start:
            started.append(one.position)
        else:
            waiting.put_back(one)
            assert waiting.first() is one
    assert sorted(started + drained(waiting)) == list(range(len(teams)))
