"""Two thousand nights with everything wrong at once, each drawn from its seed.

The long version, and one night in full:

    python -m tests.simulation --seeds 0-99999
    python -m tests.simulation --seed 17 --trace
"""

from __future__ import annotations

import pytest

from tests.simulation.__main__ import failures
from tests.simulation.draw import draw
from tests.simulation.night import carry_out
from tests.simulation.trace import trace

NIGHTS, BATCH = 2000, 50


@pytest.mark.parametrize("first", range(0, NIGHTS, BATCH))
def test_every_invariant_holds_in_every_night(first: int) -> None:
    failed = failures(range(first, first + BATCH))
    if failed:
        worst = draw(failed[0][0])
        pytest.fail(f"seeds {[seed for seed, _ in failed]}\n{trace(worst, carry_out(worst))}")


def test_the_same_seed_gives_the_same_night() -> None:
    once, again = (carry_out(draw(7)).seen for _ in range(2))
    assert once.truth == again.truth
    assert once.history == again.history
