"""The command that looks for what would go wrong: doctor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from . import options

if TYPE_CHECKING:
    from ..model import FrozenPlan
    from ..plan.scenario import Scenario
    from ..settings import Settings
    from ..sweep.findings import Finding, Readings

#: Places that a line names; JSON has them all.
_SHOWN = 5


@click.command()
@click.argument("plan")
@options.narrowing
@options.output
@options.aws
@options.cloudtrail
def doctor(plan: str, **given: Any) -> None:
    """Look for what would go wrong with PLAN at AWS.

    That is credentials, accounts, apps, branches and permissions. It only reads, so StartJob itself is not
    tried. Exits with 0 when nothing is wrong (a warning is nothing wrong), with 4 when credentials or
    permissions are, and with 1 for anything else.
    """
    import anyio

    from ..plan.load import load_plan
    from ..plan.select import narrowed
    from ..sweep.findings import exit_code, judge

    settings = options.settings_of(given)
    frozen, scenario = load_plan(plan, region=settings.region)
    frozen = narrowed(frozen, given["only"], given["skip"])
    readings = anyio.run(_examined, frozen, settings, scenario, given["emulate"])
    findings = judge(frozen, readings)
    _show(frozen, findings, given["output"])
    raise SystemExit(exit_code(findings))


async def _examined(
    plan: FrozenPlan, settings: Settings, scenario: Scenario | None, emulate: bool
) -> Readings:
    from ..sweep.examine import examine
    from .outside import opened
    from .voice import speak

    speak(settings)
    async with opened(
        settings, "doctor", plan.targets, plan.accounts, emulate=emulate, scenario=scenario
    ) as accounts:
        return await examine(plan, accounts, cloudtrail=settings.cloudtrail)


def _show(plan: FrozenPlan, findings: list[Finding], output: str) -> None:
    import json
    from dataclasses import asdict

    from ..printable import printable
    from ..spoken import counted, counted_targets
    from ..sweep.findings import Severity, exit_code

    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    match output:
        case "json":
            document = {
                "plan": {"name": plan.name, "path": plan.path},
                "errors": errors,
                "warnings": len(findings) - errors,
                "exit_code": exit_code(findings),
                "findings": [asdict(finding) for finding in findings],
            }
            click.echo(json.dumps(document, indent=2))
        case "jsonl":
            for finding in findings:
                click.echo(json.dumps(asdict(finding)))
        case _:
            for finding in findings:
                click.echo(printable(_line(finding)))
    told = f"{counted(errors, 'error')}, {counted(len(findings) - errors, 'warning')}"
    click.echo(
        f"{counted_targets(plan.targets)}: "
        f"{told if findings else 'nothing wrong'}; StartJob itself was not tried",
        err=True,
    )


def _line(finding: Finding) -> str:
    where = finding.account if finding.region is None else f"{finding.account}/{finding.region}"
    places = ", ".join(finding.places[:_SHOWN])
    if len(finding.places) > _SHOWN:
        places += f" and {len(finding.places) - _SHOWN:,} more (-o json names them)"
    return f"{finding.severity:<7}  {where}{' ' * bool(places)}{places}: {finding.message}"
