"""Commands that read the journal; they work while a run goes on, and after it was killed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from . import options

if TYPE_CHECKING:
    from ..journal.port import JournalReader
    from ..report.document import Report


@contextmanager
def _journal(state_dir: str | None) -> Iterator[tuple[JournalReader, bool]]:
    """Open the journal for reading, and tell whether a run works on it at the moment."""
    from ..journal.lock import StateLock
    from ..journal.reader import SqliteReader
    from ..settings import load_settings

    directory = load_settings({"state_dir": state_dir}).state_dir
    with SqliteReader.open(directory) as journal:
        yield journal, StateLock.held(directory)


def _report(state_dir: str | None, run: str | None) -> Report:
    from ..report.summary import summarize

    with _journal(state_dir) as (journal, running):
        return summarize(journal, run, running=running)


def show(report: Report, output: str) -> None:
    """Print a report on stdout."""
    from ..report import as_json, jsonl, terminal

    match output:
        case "json":
            click.echo(as_json.render(report), nl=False)
        case "jsonl":
            click.echo(jsonl.render(report), nl=False)
        case _:
            import shutil
            import sys

            width = shutil.get_terminal_size().columns
            click.echo(terminal.render(report, width=width, colour=sys.stdout.isatty()), nl=False)


@click.command()
@click.argument("run", required=False)
@options.state_dir
@options.output
@options.reports
def report(run: str | None, state_dir: str | None, output: str, reports: tuple[str, ...]) -> None:
    """Show or write the report of RUN (default: the newest), also of a run that was killed."""
    from pathlib import Path

    from ..report.formats import check_writable, render_to

    paths = [Path(path) for path in reports]
    check_writable(paths)
    document = _report(state_dir, run)
    for path in paths:
        render_to(path, document)
    if not paths or output != "text":
        show(document, output)


@click.command()
@click.argument("run", required=False)
@options.state_dir
@options.output
@click.option("--why", is_flag=True, help="Say what holds each waiting target and each lane back.")
@click.option("--watch", is_flag=True, help="Show it again every two seconds until the run has ended.")
def status(run: str | None, state_dir: str | None, output: str, why: bool, watch: bool) -> None:
    """Show how RUN (default: the newest) stands."""
    import time

    from ..report import as_json
    from ..report import status as standing
    from ..report.summary import summarize

    while True:
        with _journal(state_dir) as (journal, running):
            document = summarize(journal, run, running=running)
            text = standing.render(document, journal.limit_changes(document.run.id), why=why)
        click.echo(as_json.render(document) if output != "text" else text, nl=False)
        if not watch or document.run.verdict != "running":
            return
        time.sleep(2)


@click.command()
@options.state_dir
@options.output
def runs(state_dir: str | None, output: str) -> None:
    """List all runs, the newest first."""
    import json

    from ..report import history

    with _journal(state_dir) as (journal, running):
        rows = history.rows(journal, running=running)
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
@options.state_dir
@options.output
def diff(before: str, after: str, state_dir: str | None, output: str) -> None:
    """Compare two runs: what fails newly, what was repaired, what came and went."""
    import json

    from ..report import difference

    found = difference.between(_report(state_dir, before), _report(state_dir, after))
    if output == "text":
        click.echo(difference.render(found), nl=False)
    else:
        click.echo(json.dumps(found, indent=2))
