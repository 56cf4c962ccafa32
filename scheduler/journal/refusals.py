"""What a journal refuses, in the words that all stores share. `name` is what messages call the journal."""

from __future__ import annotations

from ..errors import JournalError, JournalVersionError, LaneLost, RunNotFound


def missing(name: str) -> RunNotFound:
    """Say that there is no journal to read."""
    return RunNotFound(f"there is no journal {name} yet; `amplify-release run PLAN` makes one")


def newer(name: str, layout: int, known: int) -> JournalVersionError:
    """Say that the journal's layout is newer than the newest that is known here."""
    return JournalVersionError(
        f"the journal {name} was written by a newer version (layout {layout}, this one knows {known}); "
        "use that version of amplify-release"
    )


def damaged(name: str, how: str) -> JournalError:
    """Say that what is there is not, or no longer, a journal."""
    return JournalError(
        f"the journal {name} is damaged ({how}); put a backup in its place. Without it nobody knows what was "
        "started: it is not made anew, and if you remove it, look in the Amplify console before you run again"
    )


def broken(by: JournalError) -> JournalError:
    """Say once more why nothing is written any more: who asks is given an error of its own to raise."""
    return type(by)(str(by))


def taken_over(lane: str) -> LaneLost:
    """Say that a lane is another process's now."""
    return LaneLost(f"another process has taken lane {lane} over; this one leaves it")
