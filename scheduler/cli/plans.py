"""Commands about plans; none of them makes a call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from ..errors import UsageError
from ..spoken import counted_targets
from . import options
from .face import complain

if TYPE_CHECKING:
    from ..model import FrozenPlan
    from ..plan.policy import Policy
    from ..plan.scenario import Scenario


@click.command()
@click.argument("plan")
@options.region
def validate(plan: str, region: str | None) -> None:
    """Check a plan, offline. Every fault is one line with file, line and column."""
    from ..plan.load import load_plan
    from ..printable import printable
    from ..settings import load_settings

    frozen, _ = load_plan(plan, region=load_settings({"region": region}).region)
    click.echo(f"{printable(frozen.name)}: valid, {counted_targets(frozen.targets)}, {frozen.digest}")


@click.command()
@click.argument("plan")
@options.narrowing
@options.output
@options.region
@click.option(
    "--out",
    metavar="LOCK",
    help="Write the targets, fixed, into a lock file, of which `run` starts exactly these. Any name will do.",
)
def plan(
    plan: str,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    output: str,
    region: str | None,
    out: str | None,
) -> None:
    """Show what a run would start, without starting anything."""
    import json

    from ..plan.freeze import target_to_dict
    from ..plan.load import load_plan
    from ..plan.select import narrowed
    from ..printable import printable
    from ..settings import load_settings

    frozen, scenario = load_plan(plan, region=load_settings({"region": region}).region)
    frozen = narrowed(frozen, only, skip)
    if out is not None:
        _write_lock(out, frozen, scenario)
    targets = frozen.targets
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
            click.echo(f"{counted_targets(targets)} would be started", err=True)


def _write_lock(path: str, plan: FrozenPlan, scenario: Scenario | None) -> None:
    from pathlib import Path

    from ..plan.lock_file import lock_lines
    from ..printable import printable
    from ..whole import write_whole

    try:
        write_whole(Path(path), lock_lines(plan, scenario))
    except OSError as error:
        raise UsageError(
            f"--out: {printable(path)}: cannot be written ({error.strerror}); "
            "name a place that can be written"
        ) from None


@click.command("iam-policy")
@click.argument("plan")
@options.narrowing
@options.region
@click.option("--account", metavar="NAME", help="Print this account's policy alone.")
@click.option(
    "--for",
    "also",
    type=click.Choice(["doctor", "cancel", "cloudtrail", "quotas"]),
    multiple=True,
    help="Allow what this needs, too: doctor or cancel, or a run that may ask CloudTrail (--cloudtrail) or "
    "Service Quotas. Repeatable.",
)
@click.option(
    "-o",
    "--output",
    type=click.Choice(["json", "text"]),
    default="json",
    show_default=True,
    help="What stdout carries; text is for reading.",
)
def iam_policy(
    plan: str,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    region: str | None,
    account: str | None,
    also: tuple[str, ...],
    output: str,
) -> None:
    """Print the IAM policy that a run of PLAN needs.

    It names the plan's very branches, and each account has its own. Several accounts make a mapping of their
    names to policies; --account picks one. A run that may ask Service Quotas knows from the start how many
    jobs its account runs at once; without, it learns that, and nothing breaks.
    """
    import json

    from ..plan.load import load_plan
    from ..plan.policy import Also, policies
    from ..plan.select import narrowed
    from ..settings import load_settings

    settings = load_settings({"region": region})
    frozen, _ = load_plan(plan, region=settings.region)
    frozen = narrowed(frozen, only, skip)
    wishes = {Also(wish) for wish in also} | ({Also.CLOUDTRAIL} if settings.cloudtrail else set())
    found = policies(frozen, wishes)
    if account is not None:
        found = {account: _one_of(found, account)}
    for name, policy in found.items():
        for note in policy.notes:
            complain(f"{name}: {note}")
    documents = {name: policy.document for name, policy in found.items()}
    if output == "text":
        for line in _lines(documents):
            click.echo(line)
    else:
        alone = [*documents.values()] if len(documents) == 1 else [documents]
        click.echo(json.dumps(alone[0], indent=2))


def _one_of(policies: dict[str, Policy], account: str) -> Policy:
    from ..plan.fault import did_you_mean, show

    if account not in policies:
        hint = did_you_mean(account, sorted(policies))
        raise UsageError(f"--account: no target uses account {show(account)}{hint}")
    return policies[account]


def _lines(documents: dict[str, Any]) -> Iterator[str]:
    from ..printable import printable

    for name, document in documents.items():
        yield printable(name)
        for statement in document["Statement"]:
            yield f"  {statement['Sid']}: {', '.join(statement['Action'])}"
            for resource in statement["Resource"]:
                yield printable(f"    {resource}")


@click.command()
@click.argument("which", type=click.Choice(["plan", "report"]))
def schema(which: str) -> None:
    """Print the JSON Schema of plans or of reports."""
    import json

    if which == "plan":
        from ..plan.schema import plan_schema as document
    else:
        from ..report.schema import report_schema as document
    click.echo(json.dumps(document(), indent=2, sort_keys=True))
