"""Everything this program raises on purpose, and the exit codes of the running commands.

The tree, each class with the exit code it leads to:

    ReleaseError                      70  a fault of this program
    ├── UsageError                     2  the command line or a setting cannot be used
    ├── PlanError                      2  the plan has faults; one line a fault
    ├── ReportPathError                2  a report could not be written; found before the first start
    ├── RunNotFound                    2  the journal holds no such run
    ├── JournalError                  70  the journal cannot be read or written
    │   ├── JournalAway               70  the journal is not reached, and may be again
    │   ├── JournalVersionError       70  the journal was written by a newer version
    │   └── LaneLost                  70  another process has taken the lane over
    └── LockHeld                      75  another run works on this state directory

Every message says what happened and what to do next. The command line prints the message and nothing else.
"""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar, Self


class ExitCode(IntEnum):
    """What the running commands exit with, each with its meaning."""

    SUCCEEDED = 0, "Nothing failed: each target succeeded, was `skipped` or, by request, only `started`."
    FAILED = 1, "A target failed, was cancelled, timed out, was rejected or is unresolved."
    USAGE = 2, "The command line or the plan is wrong; nothing was called."
    STOPPED = 3, "A deadline or the failure budget left targets unstarted or unfollowed; `resume` continues."
    CREDENTIALS = 4, "Credentials or permission: no lane could start."
    INTERNAL = 70, "An internal error, or the journal cannot be used."
    LOCKED = 75, "Another run holds the lock of this state directory; try again later."
    HANGUP = 129, "Stopped by SIGHUP; the journal is intact and jobs in AWS go on."
    INTERRUPTED = 130, "Stopped by SIGINT (Ctrl-C); the journal is intact and jobs in AWS go on."
    TERMINATED = 143, "Stopped by SIGTERM; the journal is intact and jobs in AWS go on."

    meaning: str

    def __new__(cls, code: int, meaning: str = "") -> Self:
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member


def exit_code_table() -> str:
    """Return the Markdown table of all exit codes for the README."""
    rows = ["| Code | Meaning |", "|---:|---|", *(f"| {code} | {code.meaning} |" for code in ExitCode)]
    return "\n".join(rows) + "\n"


class ReleaseError(Exception):
    """Base of every error this program raises on purpose; its text is the message for the user."""

    exit_code: ClassVar[ExitCode] = ExitCode.INTERNAL


class UsageError(ReleaseError):
    """The command line or a setting cannot be used as it is."""

    exit_code = ExitCode.USAGE


class PlanError(ReleaseError):
    """The plan has faults. `str()` is one line a fault, each ready to print."""

    exit_code = ExitCode.USAGE


class ReportPathError(ReleaseError):
    """A report file could not be written; checked before the first start."""

    exit_code = ExitCode.USAGE


class RunNotFound(ReleaseError):
    """The journal holds no such run."""

    exit_code = ExitCode.USAGE


class JournalError(ReleaseError):
    """The journal cannot be read or written. No start is made without a durable intent."""

    @classmethod
    def of(cls, error: BaseException) -> JournalError:
        """Return what broke a journal as a JournalError; itself, if it is one."""
        return error if isinstance(error, JournalError) else cls(str(error) or type(error).__name__)


class JournalAway(JournalError):
    """The journal, which is another host's, is not reached. It may be again, without anybody's doing."""


class JournalVersionError(JournalError):
    """The journal was written by a newer version; it is neither changed nor recreated."""


class LaneLost(JournalError):
    """Another process has taken the lane over, or may have. This one sends and writes nothing more for it."""


class LockHeld(ReleaseError):
    """Another run works on this state directory."""

    exit_code = ExitCode.LOCKED


def innermost(error: BaseException) -> BaseException:
    """Return what groups of exceptions come down to: the first in them that is no group."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def in_words(error: BaseException) -> str:
    """Say what ended a run: what was raised on purpose speaks for itself, all else is a fault of ours."""
    cause = innermost(error)
    return str(cause) if isinstance(cause, ReleaseError) else f"internal error: {cause!r}"
