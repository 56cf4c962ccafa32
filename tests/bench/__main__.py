"""All benchmarks but the limiter's: `python -m tests.bench` writes the tables of the READMEs.

It takes twenty minutes and wants a machine that does nothing else; ratios bear other machines better than
figures do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from .journal import durable
from .memory import loading
from .overhead import reading, starting
from .report import reporting
from .sockets import compared
from .startup import startup
from .table import Table
from .today import today

HERE = Path(__file__).parent

#: By the module that makes it; `python -m tests.bench --only today` makes one alone.
BENCHMARKS: dict[str, Sequence[Callable[[], Table]]] = {
    "today": [lambda: today(50, 3)],
    "startup": [lambda: startup(1000, 7)],
    "overhead": [
        lambda: starting(1000, 3, 1),
        lambda: starting(4000, 3, 4),
        lambda: reading(1000, 3, 1),
        lambda: reading(4000, 3, 4),
    ],
    "memory": [lambda: loading(10_000, 100_000)],
    "report": [lambda: reporting(100_000, 3)],
    "journal": [lambda: durable(20_000, 3)],
    "sockets": [lambda: compared(10)],
}


#: Where their tables stand: what its users pay in the project's own README, the rest beside this.
PAGES: dict[Path, Sequence[str]] = {
    HERE.parents[1] / "README.md": ("today", "startup"),
    HERE / "README.md": ("overhead", "memory", "report", "journal", "sockets"),
}


@click.command()
@click.option(
    "--only", type=click.Choice(list(BENCHMARKS)), multiple=True, help="Print these; leave the READMEs be."
)
def main(only: Sequence[str]) -> None:
    """Run the benchmarks, print their tables as they come, and write them into the READMEs."""
    tables: dict[str, list[str]] = {name: [] for name in only or BENCHMARKS}
    for name, found in tables.items():
        for benchmark in BENCHMARKS[name]:
            found.append(benchmark().markdown())
            click.echo(found[-1] + "\n")
    if not only:
        for page, names in PAGES.items():
            shown = [table for name in names for table in tables[name]]
            page.write_text(with_tables(page.read_text(), shown))


def with_tables(text: str, tables: Sequence[str]) -> str:
    """Return a page with these tables in their place."""
    block = "\n\n".join(tables)
    return re.sub(
        r"(<!-- benchmarks -->\n).*(<!-- /benchmarks -->)",
        lambda found: f"{found[1]}{block}\n{found[2]}",
        text,
        flags=re.DOTALL,
    )


if __name__ == "__main__":
    main()
