"""The command line explains itself, quickly."""

from __future__ import annotations

import re
import subprocess
import sys

import click
import pytest

from scheduler.cli import main
from scheduler.errors import ExitCode
from scheduler.settings import Settings, settings_table
from tests.acceptance.conftest import ENVIRONMENT, Shell

#: What only a journal that hosts share needs; an extra.
FLEET = ("psycopg", "psycopg_pool", "procrastinate")
HEAVY = (
    *("aiobotocore", "aiohttp", "anyio", "pydantic", "rich", "structlog", "yaml", "sqlite3", "jinja2"),
    *FLEET,
)


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys; from scheduler.cli import main\n"
        f"try: main({arguments!r})\n"
        "except SystemExit: pass\n"
        f"print(sorted(set({HEAVY!r}) & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout
    assert done.stderr.strip() == "[]"


def test_a_run_by_one_process_alone_needs_nothing_of_a_fleet() -> None:
    code = (
        "import sys, scheduler.cli.operate, scheduler.cli.cancel, scheduler.cli.reports\n"
        f"print(sorted(set({FLEET!r}) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("command", ["worker", "runs", "cancel", "retry", "resume --fleet"])
def test_without_the_libraries_of_a_fleet_a_command_says_what_to_install(command: str) -> None:
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({FLEET!r}))\n"
        f"from scheduler.cli import main; main({command.split()!r})"
    )
    journal = {"AMPLIFY_RELEASE_JOURNAL": "postgresql://db.example/releases"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env=ENVIRONMENT | journal,
    )
    assert done.returncode == ExitCode.USAGE
    assert done.stderr == (
        "a journal in PostgreSQL needs more than is installed; install amplify-release-scheduler[fleet]\n"
    )


def test_every_command_and_option_has_a_help_text() -> None:
    for name, command in main.commands.items():
        assert command.help, name
        for option in command.params:
            record = option.to_info_dict()
            assert record["param_type_name"] == "argument" or record["help"], (name, option.name)


def test_the_defaults_in_the_help_are_the_settings_own() -> None:
    """They are typed by hand, since the settings are too slow to be imported for a help text."""
    shown = {
        str(option.name): re.findall(r"\[(\S+)\]$", str(option.to_info_dict()["help"]))
        for command in main.commands.values()
        for option in command.params
        if isinstance(option, click.Option) and option.name in Settings.model_fields
    }
    default = re.compile(r"^\| `--([a-z-]+)` \| `\w+` \| `([^`$]*)` \|", re.MULTILINE)
    own = {name.replace("-", "_"): value for name, value in default.findall(settings_table())}
    told = {name: value for name, value in own.items() if value not in {"true", "false"}}
    assert {name: values[0] for name, values in shown.items() if values} == told


def test_the_help_names_every_exit_code(shell: Shell) -> None:
    text = shell.type("--help").stdout
    for code in ExitCode:
        assert f" {code.value}  " in text, code


def test_the_list_of_commands_follows_a_night_and_cuts_no_summary(shell: Shell) -> None:
    text = shell.type("--help").stdout
    listed = text.partition("Commands:\n")[2]
    assert [line.split()[0] for line in listed.splitlines()] == list(main.commands)
    assert "..." not in listed


def test_completion_scripts_can_be_read_by_their_shell(shell: Shell) -> None:
    script = shell.type("completion", "bash").stdout
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)
