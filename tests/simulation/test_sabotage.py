"""Whatever is broken on purpose, a handful of nights notices."""

from __future__ import annotations

import pytest

from tests.simulation.draw import draw
from tests.simulation.night import carry_out
from tests.simulation.sabotage import SABOTAGES, Sabotage

#: Nights within which each must be noticed; without sabotage nothing is amiss in any of them.
NIGHTS = 200


@pytest.mark.parametrize(
    ("invariant", "sabotage"), [pytest.param(*pair, id=pair[1].__name__) for pair in SABOTAGES]
)
def test_the_nights_notice_that(invariant: str, sabotage: Sabotage, monkeypatch: pytest.MonkeyPatch) -> None:
    sabotage(monkeypatch)
    for seed in range(NIGHTS):
        if any(violation.startswith(invariant) for violation in carry_out(draw(seed)).violations):
            return
    pytest.fail(f"{sabotage.__name__} goes unnoticed")
