"""The limiter's benchmark: that it runs, and that its goals are held where a run is short."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from tests.bench.limiter import main


def test_it_prints_a_row_a_policy_and_the_goals_that_are_missed(tmp_path: Path) -> None:
    table, picture = tmp_path / "limiter.md", tmp_path / "limiter.svg"
    arguments = ["--scenarios", "queue C=5", "--seeds", "3", "--svg", str(picture), "--markdown", str(table)]
    result = CliRunner().invoke(main, [*arguments, "--policies", "ours,semaphore"])
    assert result.exit_code == 0, result.output
    rows = [line.split(" | ")[:2] for line in table.read_text().splitlines() if line.startswith("| queue")]
    assert rows == [["| queue C=5", "ours"], ["| queue C=5", "semaphore"]]
    assert table.read_text().endswith("Goals missed:\nnone\n")
    assert picture.read_text().startswith("<svg ")
