"""Many nights, or one in full: `python -m tests.simulation --seeds 0-99999`, `--seed 17 --trace`."""

from __future__ import annotations

import gc
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

import click

from .draw import draw
from .night import carry_out
from .trace import trace

BATCH = 50  #: nights in one task of a worker process


def failures(seeds: Sequence[int]) -> list[tuple[int, tuple[str, ...]]]:
    """Carry out the nights of these seeds; return those in which something does not hold, and what."""
    gc.disable()  # a night makes little garbage in circles, and to look for it takes a fifth of the time
    try:
        found = [(seed, carry_out(draw(seed)).violations) for seed in seeds]
    finally:
        gc.enable()
        gc.collect()
    return [(seed, violations) for seed, violations in found if violations]


@click.command()
@click.option("--seeds", metavar="A-B", help="Carry out these nights and print what fails.")
@click.option("--seed", type=int, metavar="N", help="Carry out this night.")
@click.option("--trace", "told", is_flag=True, help="Tell all that happened in it.")
@click.option("--processes", default=2, show_default=True, help="Nights carried out at once.")
def main(seeds: str | None, seed: int | None, *, told: bool, processes: int) -> None:
    """Carry out simulated nights; exit with 1 if an invariant does not hold in one of them."""
    if (seeds is None) == (seed is None):
        raise click.UsageError("give --seeds or --seed")
    if seed is not None:
        night = draw(seed)
        found = carry_out(night)
        click.echo(trace(night, found) if told else "\n".join(found.violations or ["every invariant holds"]))
        raise SystemExit(bool(found.violations))
    first, _, last = str(seeds).partition("-")
    raise SystemExit(_many(range(int(first), int(last or first) + 1), processes))


def _many(seeds: range, processes: int) -> bool:
    began = time.monotonic()
    batches = [seeds[place : place + BATCH] for place in range(0, len(seeds), BATCH)]
    failed = 0
    with ProcessPoolExecutor(processes) as workers:
        for batch in workers.map(failures, batches):
            for seed, violations in batch:
                failed += 1
                click.echo(f"seed {seed}: " + "\n    ".join(violations))
    click.echo(f"{len(seeds)} nights in {time.monotonic() - began:.0f} s; {failed} of them failed")
    return failed > 0


if __name__ == "__main__":
    main()
