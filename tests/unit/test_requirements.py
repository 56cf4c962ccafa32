"""The lock file, by which the README and CI install."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements.lock").read_text()


def test_what_is_asked_for_with_extras_is_pinned_with_them() -> None:
    """Else a new release of such a package is tried first, whose hash nobody knows, and nothing installs."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = [
        *project["project"]["dependencies"],
        *project["project"]["optional-dependencies"]["fleet"],
        *project["dependency-groups"]["dev"],
    ]
    pinned = extras(LOCK)
    wanted = extras("\n".join(asked))
    assert wanted
    assert wanted.items() <= pinned.items()
    assert pinned["coverage"] == {"toml"}  # pytest-cov asks for it


def extras(requirements: str) -> dict[str, set[str]]:
    """Return the extras of those requirements, a line each, that have any."""
    found = re.findall(r"^([\w.-]+)\[([\w, -]+)\]", requirements, re.MULTILINE)
    return {name: set(some.replace(" ", "").split(",")) for name, some in found}
