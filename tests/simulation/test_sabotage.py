"""Whatever is broken on purpose, a handful of nights notices."""

from __future__ import annotations

import pytest

from tests.simulation.draw import draw
from tests.simulation.night import carry_out
from tests.simulation.sabotage import Case
from tests.simulation.sabotage_finding import FINDING
from tests.simulation.sabotage_sending import SENDING

#: Nights within which each must be noticed; without sabotage nothing is amiss in any of them.
NIGHTS = 200


@pytest.mark.parametrize("case", [*SENDING, *FINDING], ids=lambda case: case.sabotage.__name__)
def test_the_nights_notice_that(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    case.sabotage(monkeypatch)
    for seed in range(NIGHTS):
        if any(violation.startswith(case.invariant) for violation in carry_out(draw(seed)).violations):
            return
    pytest.fail(f"{case.sabotage.__name__} goes unnoticed")
