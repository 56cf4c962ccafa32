"""Which of a run's targets a command is about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..journal.port import TargetRecord
from ..plan.select import narrow


def narrowed(records: Iterable[TargetRecord], only: Sequence[str], skip: Sequence[str]) -> list[TargetRecord]:
    """Return the records of targets that `--only` and `--skip` leave. Raises UsageError as `narrow` does."""
    found = list(records)
    if not only and not skip:
        return found
    kept = {target.key for target in narrow([record.target for record in found], only, skip)}
    return [record for record in found if record.target.key in kept]
