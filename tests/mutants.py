"""The mutation score of a session of cosmic-ray, by module: `python -m tests.mutants mutants.sqlite`.

Mutants that a filter skipped do not count; cosmic-ray's own report counts them among the killed.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from pathlib import Path

import click

_RESULTS = """
SELECT module_path, test_outcome, start_pos_row, diff
FROM work_results JOIN mutation_specs USING (job_id)
WHERE worker_outcome <> 'SKIPPED' ORDER BY module_path, start_pos_row
"""


@click.command()
@click.argument("session", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--survivors", is_flag=True, help="Print what each surviving mutant changed.")
def main(session: Path, *, survivors: bool) -> None:
    """Print the share of mutants that the tests killed."""
    connection = sqlite3.connect(session)
    tried: Counter[str] = Counter()
    killed: Counter[str] = Counter()
    for module, outcome, line, diff in connection.execute(_RESULTS):
        tried[module] += 1
        killed[module] += outcome != "SURVIVED"
        if survivors and outcome == "SURVIVED":
            click.echo("\n".join([f"{module}:{line}", *filter(_changed, diff.splitlines())]))
    connection.close()
    for module in sorted(tried):
        click.echo(f"{killed[module]:5} of {tried[module]:4}  {module}")
    click.echo(
        f"{killed.total():5} of {tried.total():4}  {100 * killed.total() / max(1, tried.total()):.1f}%"
    )


def _changed(line: str) -> bool:
    return line.startswith(("+", "-")) and not line.startswith(("+++", "---"))


if __name__ == "__main__":
    main()
