"""All runs of a journal, the newest first."""

from __future__ import annotations

from collections.abc import Collection

from ..journal.port import JournalReader, RunRecord
from ..printable import printable
from ..spoken import rfc3339

Row = dict[str, str | int | None]


def rows(journal: JournalReader, alive: Collection[str]) -> list[Row]:
    """Return a row a run. `alive`: those that a process works on at the moment."""
    return [_row(record, alive=record.id in alive) for record in journal.runs()]


def _row(record: RunRecord, *, alive: bool) -> Row:
    return {
        "run": record.id,
        "plan": record.plan.name,
        "state": _state(record, alive=alive),
        "targets": record.size,
        "done": record.done,
        "started_at": rfc3339(record.started_at),
        "ended_at": rfc3339(record.ended_at),
        "endpoint": record.endpoint,
    }


def _state(record: RunRecord, *, alive: bool) -> str:
    """Say how a run stands without reading its targets; `report` gives the verdict."""
    if record.ended_at is None:
        return "running" if alive else "interrupted"
    if record.stop_cause is None:
        return "ended"
    return f"stopped ({record.stop_cause})"


def render(found: list[Row]) -> str:
    """Return the rows as a table for people."""
    if not found:
        return "no runs yet\n"
    lines = [f"{'RUN':<26}  {'STARTED (UTC)':<20}  {'DONE':>13}  {'STATE':<24}  PLAN"]
    for row in found:
        done = f"{row['done']}/{row['targets']}"
        started = str(row["started_at"])[:19].replace("T", " ")
        lines.append(f"{row['run']:<26}  {started:<20}  {done:>13}  {row['state']:<24}  {row['plan']}")
    return "".join(f"{printable(line)}\n" for line in lines)
