"""What pyproject.toml has to say twice, since two tools read it, is the same both times."""

from __future__ import annotations

import tomllib
from pathlib import Path

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())


def test_what_has_a_mutation_score_is_what_has_every_branch_covered() -> None:
    covered = PROJECT["tool"]["coverage"]["run"]["include"]
    assert covered == PROJECT["cosmic-ray"]["module-path"]
    assert [module for module in covered if not Path(__file__).parents[2].joinpath(module).is_file()] == []
