"""A fleet on hosts that are cut off from one another: `python -m tests.fleet`.

Each worker has a network namespace of its own, from which it reaches PostgreSQL and the emulator, and no
other worker. While they carry a run out, workers are killed and frozen and links are cut. What ends is
started again, as a supervisor does. The emulator, a process apart, counts the starts. Needs root, and Linux's
iproute2.
"""

from __future__ import annotations

import os
import signal
import ssl
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn
from urllib.parse import urlsplit

import click
import trustme

from scheduler.plan.regions import known_regions
from tests.acceptance.conftest import Shell, serving
from tests.acceptance.crew import Crew, ended, targets
from tests.acceptance.relay import Relay
from tests.postgres import started

from .acts import ACTS, Stage
from .hosts import HOME, Host, hosts
from .judge import Verdict

#: As many lanes as there are of these.
REGIONS = sorted(known_regions())

#: A request that a link held back comes through after it; a start is looked for until then.
SETTLE = "40s"

NIGHT = {"slots": 4, "build_time": ["2s", "4s"], "latency": ["20ms", "80ms"]}


@click.command()
@click.option("--workers", type=click.IntRange(2, 200), default=10, show_default=True)
@click.option("--lanes", type=click.IntRange(1, len(REGIONS)), default=20, show_default=True)
@click.option(
    "--targets",
    "each",
    type=click.IntRange(60),  # fewer are through before everything has been done to their workers
    default=100,
    show_default=True,
    help="In each lane.",
)
def main(workers: int, lanes: int, each: int) -> None:
    """Carry a run out on hosts of their own and disturb it; exit with 1 if anything went wrong."""
    if sys.platform != "linux" or os.geteuid() != 0:
        raise click.UsageError("network namespaces need Linux, and root")
    signal.signal(signal.SIGTERM, _leave)
    plan = targets(each, REGIONS[:lanes])
    with hosts(workers) as made, _gathered(made) as crew:
        stage = Stage(crew, made, at_once=-(-lanes * 2 // workers))
        stage.fill()
        known = sum(here.reaches(there.address) for here in made for there in made if here is not there)
        click.echo(f"{workers} hosts; of one another they know {known}")
        began = time.monotonic()
        watcher = crew.run(plan, "--progress", "none")
        stage.starts_go_on()
        for act in ACTS:
            told = act(stage)
            click.echo(f"{time.monotonic() - began:5.0f} s  {told}")
        crew.until(lambda: stage.supervise() or watcher.poll() is not None, timeout=600)
        code, err = ended(watcher)
        verdict = Verdict(plan, crew.served.truth(), crew.report())
        click.echo(f"{time.monotonic() - began:5.0f} s  the run ends with exit code {code}")
        click.echo(f"{verdict}; {len(stage.ends)} workers were started again")
        wrong = [*verdict.wrong, *stage.wrong]
        if known:
            wrong.append("hosts know of one another")
        if code not in {0, 1}:
            wrong.append(err)
    click.echo("\n".join(wrong) if wrong else "all is well")
    raise SystemExit(1 if wrong else 0)


@contextmanager
def _gathered(made: list[Host]) -> Iterator[Crew]:
    """Serve a journal and an emulator where all hosts reach them, and give a fleet without workers."""
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(HOME).configure_cert(context)
    with (
        tempfile.TemporaryDirectory() as place,
        started() as server,
        serving(Path(place), **NIGHT) as served,
        Relay(_port(server.url), host=HOME) as database,
        Relay(_port(served.url), host=HOME, tls=context) as amplify,
    ):
        trusted = Path(place, "ca.pem")
        authority.cert_pem.write_to_path(str(trusted))
        shell = Shell(Path(place), environment={"AWS_CA_BUNDLE": str(trusted)})
        journal = f"postgresql://postgres@{HOME}:{database.port}/postgres"
        crew = Crew(shell, served, journal, endpoint=f"https://{HOME}:{amplify.port}")
        shell.environment["AMPLIFY_RELEASE_SETTLE"] = SETTLE
        try:
            yield crew
        finally:
            crew.dismiss()


def _port(url: str) -> int:
    port = urlsplit(url).port
    assert port is not None
    return port


def _leave(number: int, _: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    main()
