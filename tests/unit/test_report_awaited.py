"""What a run waits for before anybody works in its lanes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from scheduler.events import LaneMeasured
from scheduler.journal.at_work import AtWork, Holding
from scheduler.journal.port import JournalReader, LaneRecord, RunRecord, TargetRecord
from scheduler.model import Account, Job, LaneKey, Outcome
from scheduler.report.awaited import awaited, idle
from scheduler.report.status import render
from scheduler.report.summary import summarize
from tests.unit.conftest import a_target

SHOP, DOCS = LaneKey("shop", "eu-west-1"), LaneKey("docs", "eu-west-1")
RUN = "01JDHQ6X1V0W8R3K5M7N9P2T4A"

BY_ANOTHER = (
    "run 01B comes first, and pid 7 on host-b works on it: wait for its end, or `amplify-release cancel 01B`"
)
NO_WORKER = "no worker works in it: see that `amplify-release worker` runs, and has lanes to spare"


@pytest.fixture
def given(run_record: RunRecord) -> RunRecord:
    """A run that was given to a fleet and goes on."""
    plan = replace(run_record.plan, accounts=(Account(name="shop", id="012345670123"),))
    return replace(run_record, plan=plan, ended_at=None, fleet=True)


def at_work(orders: tuple[LaneKey, ...] = (SHOP, DOCS), **holders: str) -> AtWork:
    """Return that processes hold lanes, each for a run: `shop` and `docs`, by the names they are taken by."""
    names = {"shop": "012345670123/eu-west-1", "docs": "docs/eu-west-1"}
    return AtWork(
        alive=frozenset({RUN}),
        holdings={names[lane]: Holding("pid 7 on host-b", run) for lane, run in holders.items()},
        orders=frozenset((RUN, lane) for lane in orders),
    )


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (at_work(shop=RUN), ""),
        (at_work(shop="01B", docs=RUN), BY_ANOTHER),
        (at_work(docs=RUN), NO_WORKER),
        (at_work((DOCS,), shop="01B"), ""),
    ],
    ids=["worked on", "another run's", "nobody's", "at its end"],
)
def test_a_lane_that_was_given_to_a_fleet_says_whom_it_waits_for(
    given: RunRecord, found: AtWork, said: str
) -> None:
    assert awaited(given, SHOP, found) == said


@pytest.mark.parametrize(("found", "said"), [(at_work((), shop="01B"), BY_ANOTHER), (at_work(()), "")])
def test_a_process_that_works_on_its_run_by_itself_waits_for_runs_and_never_for_workers(
    given: RunRecord, found: AtWork, said: str
) -> None:
    assert awaited(replace(given, fleet=False), SHOP, found) == said


def test_the_commands_that_lead_on_find_the_service(given: RunRecord) -> None:
    elsewhere = replace(given, endpoint="http://127.0.0.1:1")
    held = AtWork(holdings={"docs/eu-west-1 at http://127.0.0.1:1": Holding("pid 7", "01B")})
    held = replace(held, orders=at_work().orders)
    assert "`amplify-release cancel 01B --endpoint-url http://127.0.0.1:1`" in awaited(elsewhere, DOCS, held)
    assert "`amplify-release worker --endpoint-url http://127.0.0.1:1` runs" in awaited(elsewhere, SHOP, held)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (at_work(shop=RUN), None),
        (at_work(shop="01B", docs=RUN), None),
        (at_work(shop="01C", docs="01B"), "it waits: its lanes are taken for run 01B and run 01C"),
        (at_work(shop="01B"), "no worker works on it yet: see that `amplify-release worker` runs"),
        (at_work(), "no worker works on it yet: see that `amplify-release worker` runs"),
    ],
)
def test_a_run_whose_lanes_are_all_another_s_waits_and_misses_no_worker(
    given: RunRecord, found: AtWork, said: str | None
) -> None:
    why = idle(given, [SHOP, DOCS], found)
    assert why is None if said is None else str(why).startswith(said)


def test_status_says_why_of_lanes_and_of_targets_that_wait(
    make_journal: Callable[..., JournalReader], given: RunRecord
) -> None:
    measured = LaneMeasured(at=0, lane=DOCS, start_calls=1, started=1, peak_in_flight=1)
    running = Job(jobId="7", status="RUNNING")
    journal = make_journal(
        [
            TargetRecord(position=0, target=a_target(app="d0")),
            TargetRecord(position=1, target=a_target(app="d1", account="docs"), job=running),
            TargetRecord(position=2, target=a_target(app="d2", account="done"), outcome=Outcome.SUCCEEDED),
        ],
        [LaneRecord(lane=DOCS, counters=measured, held="all 2 slots are taken")],
        plan=given.plan,
        fleet=True,
        ended_at=None,
    )
    text = render(summarize(journal, at_work=at_work(shop="01B")), [], why=True)
    assert text.splitlines()[3:-1] == [
        "  docs/eu-west-1: 1 started by 1 call, 0 throttled, 0 busy, 0 reads, at most 1 in flight",
        f"    held now: {NO_WORKER}",
        "  shop/eu-west-1: 0 started by 0 calls, 0 throttled, 0 busy, 0 reads, at most 0 in flight",
        f"    held now: {BY_ANOTHER}",
        f"  shop/eu-west-1/d0/main (web): its lane waits: {BY_ANOTHER}",
        "  docs/eu-west-1/d1/main (web): job 7 was last seen as RUNNING",
    ]
