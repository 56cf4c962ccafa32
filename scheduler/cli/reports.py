"""Commands that report on runs from the journal: while one goes on, and after it was killed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from . import options

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..events import LimitChanged
    from ..report.document import Report
    from ..settings import Settings


def _report(settings: Settings, run: str | None) -> Report:
    from ..report.summary import summarize
    from .journals import reading

    with reading(settings) as (journal, at_work):
        return summarize(journal, run, at_work=at_work)


def show(report: Report, output: str, settings: Settings) -> None:
    """Print a report on stdout. The settings tell where its journal is, for the commands that lead on."""
    from ..report import as_json, jsonl, terminal

    match output:
        case "json":
            click.echo(as_json.render(report), nl=False)
        case "jsonl":
            click.echo(jsonl.render(report), nl=False)
        case _:
            import os
            import shutil
            import sys

            from ..progress.choose import coloured
            from ..settings import told

            width = shutil.get_terminal_size().columns
            colour = coloured(isatty=sys.stdout.isatty(), environ=os.environ)
            text = terminal.render(report, width=width, colour=colour, state_dir=told(settings))
            click.echo(text, nl=False)


@click.command()
@click.argument("run", required=False)
@options.journal
@options.output
@options.reports
def report(run: str | None, output: str, reports: tuple[str, ...], **given: Any) -> None:
    """Show or write the report of RUN (default: the newest).

    It can be had at any time, also while the run goes on or after it was killed.
    """
    from pathlib import Path

    from ..report.formats import check_writable, render_to

    paths = [Path(path) for path in reports]
    check_writable(paths)
    settings = options.settings_of(given)
    document = _report(settings, run)
    for path in paths:
        render_to(path, document)
    if not paths or output != "text":
        show(document, output, settings)


@click.command()
@click.argument("run", required=False)
@options.journal
@options.output
@click.option("--why", is_flag=True, help="Say what holds each waiting target and each lane back.")
@click.option("--watch", is_flag=True, help="Show it again every two seconds until the run has ended.")
def status(run: str | None, output: str, why: bool, watch: bool, **given: Any) -> None:
    """Show how RUN (default: the newest) stands."""
    import time

    from ..report import status as standing
    from ..settings import told

    settings = options.settings_of(given)
    for document, changes in _looks(settings, run):
        if watch:
            click.clear()  # does so on a terminal only
        if output == "text":
            click.echo(standing.render(document, changes, why=why, state_dir=told(settings)), nl=False)
        else:
            show(document, output, settings)
        if not watch or document.run.verdict != "running":
            return
        time.sleep(2)


def _looks(settings: Settings, run: str | None) -> Iterator[tuple[Report, Sequence[LimitChanged]]]:
    """Look at a run again and again. Once it was seen, a journal that is away is waited for."""
    import time

    from ..errors import JournalAway
    from ..journal.absence import Absence
    from ..report.summary import summarize
    from .face import complain
    from .journals import reading

    absence, seen = Absence(complain), False
    while True:
        asked = time.time()
        try:
            with reading(settings) as (journal, at_work):
                run = journal.run(run).id  # a newer run is another one
                found = summarize(journal, run, at_work=at_work), journal.limit_changes(run)
        except JournalAway as error:
            if not seen:
                raise
            absence.begin(asked, error)
            time.sleep(2)
        else:
            seen = True
            absence.end(time.time())
            yield found


@click.command()
@options.journal
@options.output
def runs(output: str, **given: Any) -> None:
    """List all runs, the newest first."""
    import json

    from ..report import history
    from .journals import reading

    with reading(options.settings_of(given)) as (journal, at_work):
        rows = history.rows(journal, at_work.alive)
    match output:
        case "json":
            click.echo(json.dumps(rows, indent=2))
        case "jsonl":
            for row in rows:
                click.echo(json.dumps(row))
        case _:
            click.echo(history.render(rows), nl=False)


@click.command()
@click.argument("before")
@click.argument("after")
@options.journal
@options.output
def diff(before: str, after: str, output: str, **given: Any) -> None:
    """Compare two runs, target by target.

    It tells what fails newly, what was repaired, and what came and went.
    """
    import json

    from ..report import difference

    settings = options.settings_of(given)
    found = difference.between(_report(settings, before), _report(settings, after))
    match output:
        case "json":
            click.echo(json.dumps(found, indent=2))
        case "jsonl":
            for kind, targets in found.items():
                for target in targets:
                    click.echo(json.dumps({"kind": kind, **target}))
        case _:
            click.echo(difference.render(found), nl=False)
