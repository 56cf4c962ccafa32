"""The report as JSON lines: the run first, then one line a target, for pipes that read as they go."""

from __future__ import annotations

from .as_json import visible
from .document import Report


def render(report: Report) -> str:
    """Return one line with the run, its totals and lanes, and one line for each target in plan order."""
    lines = [report.model_dump_json(exclude={"targets"})]
    lines += [target.model_dump_json() for target in report.targets]
    return visible("\n".join(lines)) + "\n"
