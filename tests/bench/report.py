"""How long `report` takes for a run of very many targets, against the journal's own rows written as JSON."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from statistics import median

from scheduler.engine.clock import Clock, Intents
from scheduler.events import JobChanged, RunEnded, RunStarted, StartAnswered, StartIntended, TargetEnded
from scheduler.journal.sqlite.database import FILE
from scheduler.journal.sqlite.journal import SqliteJournal
from scheduler.model import FrozenPlan, Job, Outcome, Result, Target

from .ground import BRANCH, COMMAND, REGIONS, app, finish, launch
from .table import Table

_ROWS = """
import json, sqlite3, sys
from contextlib import closing
with closing(sqlite3.connect(sys.argv[1])) as journal:
    json.dump(journal.execute("SELECT * FROM targets JOIN attempts ON target = id").fetchall(), sys.stdout)
"""


def reporting(targets: int, rounds: int) -> Table:
    """Measure seconds of every format; the figures are medians."""
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        write_journal(home / "state", targets)
        state = home / "state"
        rows = [sys.executable, "-c", _ROWS, str(state / FILE)]
        report = [str(COMMAND), "report", "--state-dir", str(state)]
        sides = {
            "the rows": rows,
            "text": report,
            "JSON": [*report, "-o", "json"],
            "JUnit": [*report, "--report", str(home / "report.xml")],
            "HTML": [*report, "--report", str(home / "report.html")],
        }

        def cpu(command: list[str]) -> float:
            used = finish(launch(command, home))
            return used.ru_utime + used.ru_stime

        found = [{side: cpu(command) for side, command in sides.items()} for _ in range(rounds)]
    lines = []
    for side in sides:
        ratio = median(measured[side] / measured["the rows"] for measured in found)
        lines.append((side, f"{median(measured[side] for measured in found):.2f}", f"{ratio:.1f}x"))
    note = f"To report {targets:,} targets, against its rows as JSON; medians of {rounds} rounds."
    return Table(note, ("report", "s of CPU", "of the rows"), lines)


def write_journal(directory: Path, targets: int) -> None:
    """Write down a run in which every target succeeded."""
    clock = Clock()
    intents = Intents(clock)
    fleet = tuple(
        Target(account="shop", region=REGIONS[0], app=app("r", number), branch=BRANCH, name=app("r", number))
        for number in range(targets)
    )
    plan = FrozenPlan(name="report", path="report.yaml", digest="sha256:0", targets=fleet)
    at = clock.wall()
    directory.mkdir()
    with SqliteJournal.open(directory) as journal:
        journal.open_run(intents.new(), RunStarted(at=at, plan=plan, endpoint="", version="0", follow=True))
        for position in range(targets):
            intent = intents.new()
            job = Job(jobId="1", status="PENDING", commitMessage=f"[amplify-release:{intent}]")
            over = Job(jobId="1", status="SUCCEED", commitMessage=job.commitMessage)
            journal.record(StartIntended(at=at, position=position, intent=intent, fence=None, server_at=None))
            journal.record(
                StartAnswered(at=at, position=position, intent=intent, result=Result.STARTED, job=job)
            )
            journal.record(JobChanged(at=at + 200, position=position, job=over))
            journal.record(TargetEnded(at=at + 200, position=position, outcome=Outcome.SUCCEEDED, reason=""))
        journal.record(RunEnded(at=at + 300))
