"""One plan, one emulator that outlives everything, and the lives of the processes that release it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from scheduler.plan.scenario import Scenario
from tests.acceptance.conftest import Served, Shell, apps

from .aftermath import Aftermath, survey
from .judge import breaches, losses, unfinished
from .lives import End, emulated, live
from .points import Fate

#: Longer than the emulator takes to do what it was asked before a kill, also on a busy machine.
_SETTLE = "2s"


@dataclass(frozen=True)
class Story:
    """What happened in a night, for the tally and, if something is wrong, for whoever looks for the cause."""

    #: The arguments of `python -m tests.chaos` that tell it again.
    name: str
    #: How processes came to their ends before their time.
    ends: tuple[str, ...]
    wrong: tuple[str, ...]
    found: Aftermath


@dataclass
class Night:
    """A state directory and the server's address; each life goes on where the one before it died."""

    shell: Shell
    served: Served
    plan: str
    begun: bool = False

    def live(self, fate: Fate, *, killed_after: float | None = None) -> End:
        """Run, or resume if there is something to resume."""
        command = ["resume"] if self.begun else ["run", self.plan, "--resume-or-start"]
        arguments = [*command, *self.shell.where, "--settle", _SETTLE]
        return live(arguments, self.shell.home, fate, killed_after=killed_after)

    def survey(self) -> Aftermath:
        """Look at what the last life left."""
        found = survey(self.shell.home, self.served)
        self.begun = found.report is not None
        return found

    def finish(self) -> tuple[Aftermath, list[str]]:
        """Let a last life go on to the end; return what is left, and all that is wrong with it."""
        end = self.live(Fate())
        found = self.survey()
        wrong = [*breaches(found), *losses(found), *unfinished(found)]
        if end.code not in {0, 1} or found.report is None or end.code != found.report.run.exit_code:
            wrong.append(f"the last life exits with {end.code}: {end.said}")
        return found, wrong


@contextmanager
def night(scenario: Scenario, targets: int) -> Iterator[Night]:
    """Prepare a plan of so many targets, and serve the emulator."""
    with TemporaryDirectory() as home, emulated(scenario) as served:
        shell = Shell(Path(home), served.url)
        yield Night(shell, served, shell.plan(apps(targets)))
