"""Commands around the product: the emulator, and completion for shells."""

from __future__ import annotations

import click

from ..errors import UsageError


@click.command()
@click.option(
    "--port",
    metavar="PORT",
    type=click.IntRange(0, 65535),
    default=0,
    help="The port on 127.0.0.1; the default is any free one.",
)
@click.option("--scenario", metavar="FILE", help="A YAML file with the fields of a plan's `emulate` section.")
@click.option("--seed", metavar="N", type=int, help="What chance draws from, instead of the scenario's seed.")
def emulator(port: int, scenario: str | None, seed: int | None) -> None:
    """Serve an emulated Amplify on loopback to any AWS SDK or CLI.

    It answers STS's calls too, until it is interrupted. Its URL is printed on stdout; GET /_truth tells what
    was really started.
    """
    import os

    import anyio

    from ..emulator.server import serve
    from ..plan.load import load_scenario
    from ..plan.scenario import Scenario

    async def stand() -> None:
        async with serve(course, port=port) as server:
            click.echo(server.url)
            await anyio.sleep_forever()

    course = load_scenario(scenario) if scenario else Scenario()
    if seed is not None:
        course = course.model_copy(update={"seed": seed})
    try:
        anyio.run(stand)
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise UsageError(f"--port: {port} cannot be used ({reason}); name another, or none") from None


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion script of a shell.

    \b
    bash:  eval "$(amplify-release completion bash)"
    zsh:   eval "$(amplify-release completion zsh)"
    fish:  amplify-release completion fish | source
    """
    from click.shell_completion import get_completion_class

    made = get_completion_class(shell)
    assert made is not None
    root = ctx.find_root().command
    click.echo(made(root, {}, "amplify-release", "_AMPLIFY_RELEASE_COMPLETE").source())
