"""Commands that read the journal; they work while a run goes on, and after it was killed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from . import options

if TYPE_CHECKING:
    from pathlib import Path

    from ..journal.port import JournalReader
    from ..report.document import Report


def _directory(state_dir: str | None) -> Path:
    from ..settings import load_settings

    return load_settings({"state_dir": state_dir}).state_dir


@contextmanager
def _journal(directory: Path) -> Iterator[tuple[JournalReader, bool]]:
    """Open the journal for reading, and tell whether a run works on it at the moment."""
    from ..journal.lock import StateLock
    from ..journal.reader import SqliteReader

    with SqliteReader.open(directory) as journal:
        yield journal, StateLock.held(directory)


def _report(directory: Path, run: str | None) -> Report:
    from ..report.summary import summarize

    with _journal(directory) as (journal, running):
        return summarize(journal, run, running=running)


def show(report: Report, output: str, directory: Path) -> None:
    """Print a report on stdout. `directory`: where its journal is, for the commands that lead on."""
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
            text = terminal.render(report, width=width, colour=colour, state_dir=told(directory))
            click.echo(text, nl=False)


@click.command()
@click.argument("run", required=False)
@options.state_dir
@options.output
@options.reports
def report(run: str | None, state_dir: str | None, output: str, reports: tuple[str, ...]) -> None:
    """Show or write the report of RUN (default: the newest).

    It can be had at any time, also while the run goes on or after it was killed.
    """
    from pathlib import Path

    from ..report.formats import check_writable, render_to

    paths = [Path(path) for path in reports]
    check_writable(paths)
    directory = _directory(state_dir)
    document = _report(directory, run)
    for path in paths:
        render_to(path, document)
    if not paths or output != "text":
        show(document, output, directory)


@click.command()
@click.argument("run", required=False)
@options.state_dir
@options.output
@click.option("--why", is_flag=True, help="Say what holds each waiting target and each lane back.")
@click.option("--watch", is_flag=True, help="Show it again every two seconds until the run has ended.")
def status(run: str | None, state_dir: str | None, output: str, why: bool, watch: bool) -> None:
    """Show how RUN (default: the newest) stands."""
    import time

    from ..report import status as standing
    from ..report.summary import summarize
    from ..settings import told

    directory = _directory(state_dir)
    while True:
        with _journal(directory) as (journal, running):
            document = summarize(journal, run, running=running)
            run = document.run.id  # a newer run is another one
            changes = journal.limit_changes(run)
        if watch:
            click.clear()  # does so on a terminal only
        if output == "text":
            click.echo(standing.render(document, changes, why=why, state_dir=told(directory)), nl=False)
        else:
            show(document, output, directory)
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

    with _journal(_directory(state_dir)) as (journal, running):
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
    """Compare two runs, target by target.

    It tells what fails newly, what was repaired, and what came and went.
    """
    import json

    from ..report import difference

    directory = _directory(state_dir)
    found = difference.between(_report(directory, before), _report(directory, after))
    match output:
        case "json":
            click.echo(json.dumps(found, indent=2))
        case "jsonl":
            for kind, targets in found.items():
                for target in targets:
                    click.echo(json.dumps({"kind": kind, **target}))
        case _:
            click.echo(difference.render(found), nl=False)
