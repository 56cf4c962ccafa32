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
    extras = dict(found.groups() for line in asked if (found := re.match(r"([\w.-]+)\[([\w,-]+)\]", line)))
    assert extras
    pinned = dict(re.findall(r"^([\w.-]+)\[([\w, -]+)\]==", LOCK, re.MULTILINE))
    assert {name: set(some.split(",")) for name, some in extras.items()}.items() <= {
        name: set(some.split(", ")) for name, some in pinned.items()
    }.items()
    assert pinned["coverage"] == "toml"  # pytest-cov asks for it
