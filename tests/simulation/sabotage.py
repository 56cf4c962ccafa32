"""The program broken on purpose, each time in one place, as a careless change could break it.

Each names the invariant that it breaks, which the nights must notice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest

Sabotage = Callable[[pytest.MonkeyPatch], None]


class Case(NamedTuple):
    """A sabotage, the invariant that it breaks, and the night from which on it is looked for."""

    sabotage: Sabotage
    invariant: str
    first: int


class Cases(list[Case]):
    """Sabotages, in the order of their writing."""

    def breaks(self, invariant: str, *, first: int = 0) -> Callable[[Sabotage], Sabotage]:
        """Put a sabotage on the list. `first` spares those that few nights notice a long search."""

        def listed(sabotage: Sabotage) -> Sabotage:
            self.append(Case(sabotage, invariant, first))
            return sabotage

        return listed
