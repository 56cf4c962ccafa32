"""All benchmarks but the limiter's: `python -m tests.bench` writes the tables of the README.

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

README = Path(__file__).parents[2] / "README.md"

#: By the module that makes it; `python -m tests.bench --only today` makes one alone.
BENCHMARKS: dict[str, Sequence[Callable[[], Table]]] = {
    "today": [lambda: today(50, 3)],
    "startup": [lambda: startup(1000, 7)],
    "overhead": [
        lambda: starting(1000, 3, 1),
        lambda: starting(1000, 3, 4),
        lambda: reading(1000, 3, 1),
        lambda: reading(1000, 3, 4),
    ],
    "memory": [lambda: loading(10_000, 100_000)],
    "report": [lambda: reporting(100_000, 3)],
    "journal": [lambda: durable(20_000, 3)],
    "sockets": [lambda: compared(10)],
}


@click.command()
@click.option(
    "--only", type=click.Choice(list(BENCHMARKS)), multiple=True, help="Print these; leave the README be."
)
def main(only: Sequence[str]) -> None:
    """Run the benchmarks, print their tables as they come, and write them into the README."""
    tables = []
    for name in only or BENCHMARKS:
        for benchmark in BENCHMARKS[name]:
            tables.append(benchmark().markdown())
            click.echo(tables[-1] + "\n")
    if not only:
        README.write_text(with_tables(README.read_text(), tables))


def with_tables(text: str, tables: Sequence[str]) -> str:
    """Return the README with these tables in their place."""
    block = "\n\n".join(tables)
    return re.sub(
        r"(<!-- benchmarks -->\n).*(<!-- /benchmarks -->)",
        lambda found: f"{found[1]}{block}\n{found[2]}",
        text,
        flags=re.DOTALL,
    )


if __name__ == "__main__":
    main()
