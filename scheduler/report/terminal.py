"""The summary on the terminal: who failed and why comes first, then the totals, then what to do next."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice, zip_longest
from typing import assert_never

from rich.cells import cell_len, chop_cells, set_cell_size

from ..model import FAILURES, Outcome, Verdict
from ..printable import printable
from ..spoken import counted, spoken
from .advice import compact, headline, next_steps, tally
from .document import Report, TargetPart

#: More rows than this push the totals out of sight; the report has them all.
ROWS = 30
#: A text longer than this many lines of its column is cut.
_FOLDS = 4
_NARROWEST = 60
_OUTCOME = max(len(outcome) for outcome in Outcome)

#: Outcome, what it is of (a line each), why, and how many targets it speaks of.
_Entry = tuple[Outcome, tuple[str, ...], str, int]

#: CI runners obey lines that begin with `::`, spaces aside, and `##[` or `##vso[` anywhere.
_COMMANDS = re.compile(r"(?m)^(?P<indent>\s*):(?=:)|#(?=#(?:\[|vso\[))")

_GREEN, _RED, _YELLOW, _DIM, _BOLD = "32", "31", "33", "2", "1"


def render(report: Report, *, width: int = 80, colour: bool = False, state_dir: str | None = None) -> str:
    """Return the summary as plain text, fitted to `width` columns (60 at least), in `colour` if asked for.

    `state_dir`: where the next commands have to be told to look for the journal; None: they find it.
    """
    lines = [*_rows(report, max(width, _NARROWEST), colour=colour)]
    if lines:
        lines.append("")
    verdict = _painted(spoken(report.run.verdict), _of_verdict(report.run.verdict), colour=colour)
    lines.append(f"{printable(report.run.plan.name)}: {verdict}. {printable(headline(report))}")
    took = compact(report.run.seconds)
    if report.totals.targets:
        total = counted(report.totals.targets, "target")
        lines.append(f"{total}: {tally(report.totals)}{f' in {took}' if took else ''}")
    lines.append(f"run {printable(report.run.id)}")
    steps = [(printable(step.command), step.purpose) for step in next_steps(report, state_dir=state_dir)]
    if steps:
        lines += ["", "Next:"]
        for command, purpose in steps:
            lines += [f"  {_painted(command, _BOLD, colour=colour)}", f"    to {purpose}"]
    return _COMMANDS.sub(_disarm, "\n".join(lines)) + "\n"


def _rows(report: Report, width: int, *, colour: bool) -> Iterator[str]:
    entries = list(islice(_entries(report), ROWS + 1))
    shown = entries[:ROWS]
    room = width - _OUTCOME - 4
    place = min(max((cell_len(text) for _, what, _, _ in shown for text in what), default=0), room // 2)
    for outcome, what, why, _ in shown:
        paint = _of_outcome(outcome)
        head = _painted(outcome.ljust(_OUTCOME), paint, colour=colour)
        names = [line for text in what for line in _folded(text, place)]
        folded = zip_longest(names, _folded(why, room - place), fillvalue="")
        for left, right in folded:
            yield f"{head}  {set_cell_size(left, place)}  {right}".rstrip()
            head = " " * _OUTCOME
    if len(entries) > ROWS:
        told = sum(count for _, _, _, count in shown)
        rest = report.totals.targets - report.totals.succeeded - told
        yield f"… and {rest:,} more, see the report"


def _entries(report: Report) -> Iterator[_Entry]:
    """Yield outcome, target, reason and number of targets: each failure, then the others by their reason."""
    alike: dict[tuple[Outcome, str], list[TargetPart]] = {}
    for target in report.targets:
        if target.outcome in FAILURES:
            yield target.outcome, _named(target), printable(target.reason), 1
        elif target.outcome is not Outcome.SUCCEEDED:
            alike.setdefault((target.outcome, target.reason), []).append(target)
    for (outcome, reason), targets in alike.items():
        what = _named(targets[0]) if len(targets) == 1 else (counted(len(targets), "target"),)
        yield outcome, what, printable(reason), len(targets)


def _named(target: TargetPart) -> tuple[str, ...]:
    return printable(target.place), printable(target.lane)


def _folded(text: str, width: int) -> list[str]:
    """Fold text at spaces, or within a word that is too long, into a few lines of at most `width` cells."""
    lines: list[str] = []
    for word in text.split(" "):
        if lines and cell_len(lines[-1]) + 1 + cell_len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines += chop_cells(word, width)
        if len(lines) > _FOLDS:
            return [*lines[: _FOLDS - 1], set_cell_size(lines[_FOLDS - 1], width - 1).rstrip() + "…"]
    return lines


def _painted(text: str, paint: str, *, colour: bool) -> str:
    return f"\x1b[{paint}m{text}\x1b[0m" if colour else text


def _of_outcome(outcome: Outcome) -> str:
    match outcome:
        case Outcome.SUCCEEDED:
            return _GREEN
        case Outcome.FAILED | Outcome.CANCELLED | Outcome.TIMED_OUT | Outcome.REJECTED | Outcome.UNRESOLVED:
            return _RED
        case Outcome.SKIPPED | Outcome.STARTED:
            return _DIM
        case Outcome.NOT_STARTED:
            return _YELLOW
        case _:
            assert_never(outcome)


def _of_verdict(verdict: Verdict) -> str:
    match verdict:
        case Verdict.SUCCEEDED | Verdict.NOTHING_TO_DO:
            return _GREEN
        case Verdict.FAILED | Verdict.ERROR:
            return _RED
        case Verdict.STOPPED | Verdict.INTERRUPTED | Verdict.RUNNING:
            return _YELLOW
        case _:
            assert_never(verdict)


def _disarm(match: re.Match[str]) -> str:
    char = match.group()[-1]
    return f"{match['indent'] or ''}\\x{ord(char):02x}"
