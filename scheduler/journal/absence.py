"""A journal that is not reached while somebody watches a run in it: said once, and once more when it is back.

The run does not depend on who watches it. So an absence never ends the watching by itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from ..errors import JournalAway


class Absence:
    """The journal's present absence, if there is one. `tell` is given a sentence for people."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._since: float | None = None

    def begin(self, since: float, error: JournalAway) -> None:
        """Take down that the journal could not be asked at `since`, seconds since the epoch."""
        if self._since is None:
            self._since = since
            clock = time.strftime("%H:%M:%S", time.localtime(since))
            self._tell(
                f"{error}. It has not been reached since {clock}: workers that reach it go on, others start "
                "nothing, and jobs in AWS go on"
            )

    def end(self, now: float) -> None:
        """Take down that the journal answered at `now`."""
        if self._since is not None:
            self._tell(f"the journal is reached again, after {now - self._since:.0f} s")
            self._since = None
