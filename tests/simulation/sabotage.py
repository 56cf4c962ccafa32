"""The program broken on purpose, each time in one place, as a careless change could break it.

Each names the invariant that it breaks, which the nights must notice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest

Sabotage = Callable[[pytest.MonkeyPatch], None]


class Case(NamedTuple):
    """A sabotage, and the invariant that it breaks."""

    sabotage: Sabotage
    invariant: str


class Cases(list[Case]):
    """Sabotages, in the order of their writing."""

    def breaks(self, invariant: str) -> Callable[[Sabotage], Sabotage]:
        """Put a sabotage on the list."""

        def listed(sabotage: Sabotage) -> Sabotage:
            self.append(Case(sabotage, invariant))
            return sabotage

        return listed
