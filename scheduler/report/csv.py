"""The report as CSV: one row a target, for spreadsheets, which must not take a branch name for a formula."""

from __future__ import annotations

import csv
import io

from ..printable import printable
from .document import JobPart, Report, TargetPart

#: What makes a spreadsheet run a cell instead of showing it (CWE-1236).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

_COLUMNS = (
    *("account", "region", "app", "branch", "name", "wave", "labels"),
    *("outcome", "reason", "evidence", "attempts"),
    *("jobId", "jobType", "status", "startTime", "endTime", "seconds", "commitId", "commitMessage", "jobArn"),
)


def render(report: Report) -> str:
    """Return a header and one row a target. Absent values are empty; a leading `'` disarms a formula."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(_COLUMNS)
    rows.writerows(_row(target) for target in report.targets)
    return out.getvalue()


def _row(target: TargetPart) -> list[str]:
    labels = " ".join(f"{key}={value}" for key, value in sorted(target.labels.items()))
    return [
        *map(_cell, (target.account, target.region, target.app, target.branch, target.name, target.wave)),
        *map(_cell, (labels, target.outcome, target.reason, target.evidence, str(target.attempts_total))),
        *(_job_cells(target.job) if target.job is not None else [""] * 9),
    ]


def _job_cells(job: JobPart) -> list[str]:
    seconds = None if job.seconds is None else f"{job.seconds:.3f}"
    cells = (job.jobId, job.jobType, job.status, job.startTime, job.endTime, seconds)
    return [_cell(cell) for cell in (*cells, job.commitId, job.commitMessage, job.jobArn)]


def _cell(text: str | None) -> str:
    if text is None:
        return ""
    guard = "'" if text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA) else ""
    return guard + printable(text)
