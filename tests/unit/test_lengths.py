"""What branches' jobs took before is asked of the journal for many targets at once."""

from __future__ import annotations

from collections.abc import Sequence

from scheduler.engine.lengths import AHEAD, Lengths
from scheduler.journal.port import TargetRecord
from scheduler.model import Target
from tests.unit.conftest import a_target


def test_a_journal_is_asked_once_for_the_targets_that_stand_together() -> None:
    asked: list[list[str]] = []

    def ask(targets: Sequence[Target]) -> list[list[float]]:
        asked.append([target.app for target in targets])
        return [[float(target.app[1:])] if target.app != "d6" else [] for target in targets]

    # What `--only` leaves of a lane: every third target of the plan.
    records = [
        TargetRecord(position=position, target=a_target(app=f"d{position}"))
        for position in range(0, 6 * AHEAD, 3)
    ]
    lengths = Lengths(records, ask)
    assert asked == [], "a lane in which nothing is followed asks nothing"
    assert [lengths.of(position) for position in (3, 0, 3, 6)] == [[3.0], [0.0], [3.0], []]
    assert asked == [[f"d{position}" for position in range(0, 3 * AHEAD, 3)]]
    last = 6 * AHEAD - 3
    assert lengths.of(last) == [float(last)]
    assert [len(together) for together in asked] == [AHEAD, AHEAD]
