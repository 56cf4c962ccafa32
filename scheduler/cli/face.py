"""How errors leave the program: one message on stderr, and the exit code of its class."""

from __future__ import annotations

import errno
import gc
import sys
from typing import Any

import click

from ..errors import ExitCode, ReleaseError
from .streams import furnish, silence_stdout

#: What a full disk, or a terminal that is gone, says to a write.
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}


class Face(click.Group):
    """A command group that turns this program's errors into messages and exit codes."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - the signature is click's
        """List the commands in the order of a night, not of the alphabet."""
        return list(self.commands)

    def main(self, *arguments: Any, **options: Any) -> Any:
        """Run a command; without standard streams, too."""
        furnish()
        return super().main(*arguments, **options)

    def invoke(self, ctx: click.Context) -> Any:
        # What a command builds lives to its end: looking for garbage at the usual pace costs a tenth.
        gc.set_threshold(50_000, 50, 100)
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
            silence_stdout()
            ctx.exit(ExitCode.SUCCEEDED)
        except Exception as error:  # noqa: BLE001 - no traceback as an answer without the right code
            if isinstance(error, OSError) and error.errno in _FULL:
                silence_stdout()
                complain(f"the output cannot be written ({error.strerror})")
            else:
                import traceback

                complain(f"internal error; please report it with what follows\n{traceback.format_exc()}")
            ctx.exit(ExitCode.INTERNAL)


def complain(text: str) -> None:
    """Write a message for people to stderr, with nothing in it that a terminal would obey."""
    from ..printable import printable
    from ..redact import redact
    from ..steady import SteadyStream

    stream = SteadyStream(sys.stderr)
    for line in redact(text).splitlines():
        stream.line(printable(line))
