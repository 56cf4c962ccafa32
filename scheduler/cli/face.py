"""How errors leave the program: one message on stderr, and the exit code of its class."""

from __future__ import annotations

import sys
from typing import Any

import click

from ..errors import ExitCode, ReleaseError


class Face(click.Group):
    """A command group that turns this program's errors into messages and exit codes."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - the signature is click's
        """List the commands in the order of a night, not of the alphabet."""
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ReleaseError as error:
            complain(str(error))
            ctx.exit(error.exit_code)
        except (KeyboardInterrupt, click.Abort):
            complain("interrupted")
            ctx.exit(ExitCode.INTERRUPTED)
        except (click.ClickException, click.exceptions.Exit):
            raise
        except BrokenPipeError:
            # The reader of stdout has gone, as `head` does; what was asked for was done.
            sys.stderr.close()
            ctx.exit(ExitCode.SUCCEEDED)
        except Exception:  # noqa: BLE001 - the last resort: no traceback as an answer without the right code
            import traceback

            complain(f"internal error; please report it with what follows\n{traceback.format_exc()}")
            ctx.exit(ExitCode.INTERNAL)


def complain(text: str) -> None:
    """Write a message for people to stderr, with nothing in it that a terminal would obey."""
    from ..printable import printable
    from ..redact import redact

    for line in redact(text).splitlines():
        click.echo(printable(line), err=True)
