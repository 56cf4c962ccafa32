"""Make the golden journal of the present version: `python -m tests.golden`. Each release adds its own."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from scheduler import __version__
from scheduler.plan.load import load_plan
from tests.acceptance.conftest import Shell
from tests.chaos.lives import emulated, live
from tests.chaos.points import Fate

from .journals import HERE, PLAN, dump

#: Seconds after which everything has come to its state that comes to one.
_ENOUGH = 8.0


@click.command()
def main() -> None:
    """Run the golden plan, kill it, and write down the journal that it leaves."""
    _, scenario = load_plan(str(PLAN))
    assert scenario is not None
    with TemporaryDirectory() as directory, emulated(scenario) as served:
        home = Path(directory)
        shutil.copy(PLAN, home)
        where = Shell(home, served.url).where
        for arguments, seconds in (
            (["run", PLAN.name, "--only", "dabandoned", "--settle", "500ms"], None),
            (["resume", "--restart-unresolved", "--yes"], None),
            (["run", PLAN.name, "--skip", "dabandoned", "-j", "5"], _ENOUGH),
        ):
            end = live([*arguments, *where], home, Fate(), killed_after=seconds)
            click.echo(end.said)
        path = HERE / f"{__version__}.sql"
        path.write_text(dump(home / "state" / "journal.db", served.url))
    click.echo(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
