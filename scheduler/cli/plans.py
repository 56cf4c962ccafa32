"""Commands about plans; none of them makes a call."""

from __future__ import annotations

import click

from . import options


@click.command()
@click.argument("plan")
@click.option("--region", metavar="REGION", help="The region of targets that name none.")
def validate(plan: str, region: str | None) -> None:
    """Check a plan, offline. Every fault is one line with file, line and column."""
    from ..plan.load import load_plan
    from ..settings import load_settings

    frozen, _ = load_plan(plan, region=load_settings({"region": region}).region)
    lanes = len({target.lane for target in frozen.targets})
    click.echo(f"{frozen.name}: {len(frozen.targets)} targets in {lanes} lanes, {frozen.digest}")


@click.command()
@click.argument("plan")
@options.narrowing
@options.output
@click.option("--region", metavar="REGION", help="The region of targets that name none.")
def plan(plan: str, only: tuple[str, ...], skip: tuple[str, ...], output: str, region: str | None) -> None:
    """Show what a run would start, without starting anything."""
    import json

    from ..plan.freeze import target_to_dict
    from ..plan.load import load_plan
    from ..plan.select import narrow
    from ..printable import printable
    from ..settings import load_settings

    frozen, _ = load_plan(plan, region=load_settings({"region": region}).region)
    targets = narrow(frozen.targets, only, skip)
    match output:
        case "json":
            rows = [target_to_dict(target) for target in targets]
            document = {"name": frozen.name, "digest": frozen.digest, "targets": rows}
            click.echo(json.dumps(document, indent=2, ensure_ascii=False))
        case "jsonl":
            for target in targets:
                click.echo(json.dumps(target_to_dict(target), ensure_ascii=False))
        case _:
            for target in targets:
                name = "" if target.name == target.app else f"  ({target.name})"
                click.echo(printable(f"{target.job_type:<8} {target.key}{name}"))
            lanes = len({target.lane for target in targets})
            click.echo(f"{len(targets)} targets in {lanes} lanes would be started", err=True)


@click.command()
@click.argument("which", type=click.Choice(["plan", "report"]))
def schema(which: str) -> None:
    """Print the JSON Schema of plans or of reports, for editors and checks."""
    import json

    if which == "plan":
        from ..plan.schema import plan_schema as document
    else:
        from ..report.schema import report_schema as document
    click.echo(json.dumps(document(), indent=2, sort_keys=True))
