"""The report as Markdown, for the summary of a CI step: what failed is seen at once, successes are folded."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from ..model import FAILURES, Outcome
from ..printable import printable
from ..spoken import spoken
from .advice import compact, headline, next_steps, tally
from .document import Report, TargetPart, Totals

#: GitHub drops a step summary over 1,024 KiB; the rest of the job may write to it too.
LIMIT = 900 * 1024
#: Kept for what closes a cut document.
_CLOSING = 1024

#: Whatever Markdown or GitHub could take for structure: a numeric reference is never structure. `://` and
#: `www.` would become links by themselves.
_STRUCTURE = re.compile(r"[\\`*_{}\[\]()<>|~&$!@#]|:(?=//)|(?<=www)\.", re.IGNORECASE)
#: Mentions and issue numbers are looked for after references are resolved; a space without width parts them.
_SIGILS = "@#"


def render(report: Report) -> str:
    """Return the summary, cut to 900 KiB with a sentence that says so."""
    failures, others, succeeded = _groups(report)
    page = _Page()
    page.add(
        f"## {_text(report.run.plan.name)}: {spoken(report.run.verdict)}", "", _text(headline(report)), ""
    )
    page.add(*_totals(report))
    page.add(*(f"- `{_code(step.command)}` to {_text(step.purpose)}" for step in next_steps(report)), "")
    if failures:
        page.add("### Failures", "")
        page.table(report, failures)
    for targets in (others, succeeded):
        if targets:
            counted = tally(Totals.of(Counter(target.outcome for target in targets)))
            page.add(f"<details><summary>{counted}</summary>", "")
            page.table(report, targets)
            page.add("</details>", "")
    if page.left_out:
        run = _code(report.run.id)
        page.add(
            f"This summary was cut at 900 KiB: {page.left_out:,} targets are not shown. "
            f"`amplify-release report {run} --report FILE.csv` writes all of them."
        )
    return "\n".join(page.lines).rstrip("\n") + "\n"


@dataclass(slots=True)
class _Page:
    """Lines within the limit, and how many targets found no room."""

    lines: list[str] = field(default_factory=list)
    size: int = 0
    left_out: int = 0

    def add(self, *lines: str) -> None:
        self.lines += lines
        self.size += sum(len(line.encode()) + 1 for line in lines)

    def table(self, report: Report, targets: list[TargetPart]) -> None:
        self.add("| target | outcome | reason | job | took |", "|---|---|---|---|---|")
        for shown, target in enumerate(targets):
            row = _row(report, target)
            if self.size + len(row.encode()) + 1 > LIMIT - _CLOSING:
                self.left_out += len(targets) - shown
                break
            self.add(row)
        self.add("")


def _groups(report: Report) -> tuple[list[TargetPart], list[TargetPart], list[TargetPart]]:
    succeeded = [target for target in report.targets if target.outcome is Outcome.SUCCEEDED]
    others = [target for target in report.targets if target.outcome not in FAILURES | {Outcome.SUCCEEDED}]
    return report.failures, others, succeeded


def _totals(report: Report) -> Iterable[str]:
    cells = {"targets": report.totals.targets} | {
        spoken(outcome): count for outcome, count in report.totals.by_outcome().items()
    }
    took = compact(report.run.seconds)
    heads, values = [*cells], [f"{count:,}" for count in cells.values()]
    if took:
        heads, values = [*heads, "took"], [*values, took]
    return (f"| {' | '.join(heads)} |", f"|{'---:|' * len(heads)}", f"| {' | '.join(values)} |", "")


def _row(report: Report, target: TargetPart) -> str:
    url = report.console_url(target)
    job = "" if target.job is None else _text(target.job.jobId)
    took = "" if target.job is None else compact(target.job.seconds)
    cells = (
        _text(f"{target.lane}/{target.place}"),
        spoken(target.outcome),
        _text(target.reason),
        f"[{job}]({url})" if url else job,
        took,
    )
    return f"| {' | '.join(cells)} |"


def _text(text: str) -> str:
    return _STRUCTURE.sub(_reference, printable(text))


def _reference(match: re.Match[str]) -> str:
    char = match.group()
    return f"&#{ord(char)};&#8203;" if char in _SIGILS else f"&#{ord(char)};"


def _code(text: str) -> str:
    """Make text fit between backticks, where nothing else is structure."""
    return printable(text).replace("`", "'")
