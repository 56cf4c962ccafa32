"""What `python -m tests.bench` does to the pages that show its tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.__main__ import BENCHMARKS, PAGES, with_tables
from tests.bench.table import Table

TABLE = Table("How it went.", ("side", "s"), [("ours", "1.0"), ("theirs", r"2.0 \g<0>")])


def test_every_benchmark_has_its_page() -> None:
    assert sorted(name for names in PAGES.values() for name in names) == sorted(BENCHMARKS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.parent.name))
def test_tables_take_the_place_of_the_last_ones_and_nothing_else_changes(page: Path) -> None:
    before = page.read_text()
    after = with_tables(before, [TABLE.markdown(), TABLE.markdown()])
    assert after.count("| theirs | 2.0 \\g<0> |") == 2
    head, _, tail = before.partition("<!-- benchmarks -->")
    assert after.startswith(head)
    assert after.endswith(tail.partition("<!-- /benchmarks -->")[2])
    assert with_tables(after, []) == with_tables(before, [])


def test_a_table_is_markdown_with_figures_to_the_right() -> None:
    assert TABLE.markdown().splitlines()[:5] == [
        "How it went.",
        "",
        "| side | s |",
        "|---|---:|",
        "| ours | 1.0 |",
    ]
