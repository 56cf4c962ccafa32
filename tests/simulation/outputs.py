"""Everything that leaves the program after a night, and the secrets that must not be in it."""

from __future__ import annotations

from collections.abc import Iterator

from scheduler.journal.memory.disk import MemoryDisk
from scheduler.journal.memory.journal import MemoryJournal
from scheduler.report.formats import FORMATS
from scheduler.report.summary import summarize

#: What AWS, a proxy or a build may put into a text; nobody may ever read these parts of it.
SECRETS = ("AKIACANARYCANARY1234", "canarypassword", "canarysignature", "canarytoken")
MESSAGE = (
    f"see https://deploy:{SECRETS[1]}@builds.example/log?X-Amz-Signature={SECRETS[2]}"
    f"&X-Amz-Security-Token={SECRETS[3]} of {SECRETS[0]}"
)


def outputs(disk: MemoryDisk) -> Iterator[str]:
    """Yield the journal as text, and every run's report in every format."""
    yield repr(disk)
    journal = MemoryJournal(disk)
    for run in disk.runs:
        report = summarize(journal, run)
        yield from (render(report) for render in FORMATS.values())
