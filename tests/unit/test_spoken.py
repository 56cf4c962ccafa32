"""Numbers, words and lengths of time as people say them."""

from __future__ import annotations

import pytest

from scheduler.model import Outcome
from scheduler.spoken import counted, span, spoken


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59.9, "59 s"), (60, "1 min"), (840, "14 min"), (3599, "1 h 00 min"), (7500, "2 h 05 min")],
)
def test_a_length_of_time_has_two_units_at_most(seconds: float, text: str) -> None:
    assert span(seconds) == text


def test_a_noun_goes_with_its_number_and_a_word_with_spaces() -> None:
    assert [counted(number, "lane") for number in (0, 1, 5000)] == ["0 lanes", "1 lane", "5,000 lanes"]
    assert spoken(Outcome.TIMED_OUT) == "timed out"
