"""What the READMEs say is so: their tables, commands, links and files, the example, the transcript."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scheduler.cli import main
from scheduler.errors import exit_code_table
from scheduler.plan.load import load_plan
from scheduler.plan.schema import plan_schema
from scheduler.settings import settings_table
from tests.acceptance.conftest import Shell

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
PAGES = {
    page: (ROOT / page).read_text()
    for page in ("README.md", "config/fleet/README.md", "tests/README.md", "tests/bench/README.md")
}

OPTIONS: dict[str, set[str]] = {
    name: {word for parameter in command.params for word in (*parameter.opts, *parameter.secondary_opts)}
    for name, command in main.commands.items()
}
#: What is typed: from the program's name to the end of the code, the line or the comment.
TYPED = re.compile(r"amplify-release ([a-z][a-z-]*)((?: [^`#\n]+)?)")
OPTION = re.compile(r"(?<![\w-])(--[a-z][a-z-]+|-[a-z])(?![\w-])")
#: A line that begins with a time, or holds a run's id or a duration, is another one each time.
CHANGES = re.compile(r"^\d\d:\d\d:\d\d |[0-9A-Z]{26}| in \d+s$")


def between(marker: str) -> str:
    """Return what stands between two markers of the README."""
    (text,) = re.findall(rf"<!-- {marker} -->\n(.*?)<!-- /{marker} -->", README, re.DOTALL)
    return str(text)


def first_column(head: str) -> list[str]:
    """Return what stands in backticks in the first column of the table with this head."""
    (table,) = re.findall(rf"\| {head} \|.*\n\|---.*\n((?:\|.*\n)+)", README)
    return [word for row in table.splitlines() for word in re.findall(r"`([^`]+)`", row.split("|")[1])]


@pytest.mark.parametrize(
    ("marker", "table"), [("settings", settings_table()), ("exit codes", exit_code_table())]
)
def test_the_tables_are_the_programs_own(marker: str, table: str) -> None:
    assert between(marker) == table


def test_every_command_line_can_be_typed() -> None:
    typed = TYPED.findall("\n".join(PAGES.values()))
    assert len(typed) > 8
    for command, rest in typed:
        assert command in OPTIONS, command
        assert set(OPTION.findall(rest)) <= OPTIONS[command], (command, rest)


def test_every_option_named_is_one() -> None:
    others = re.compile("pip install|python -m tests")
    lines = [line for page in PAGES.values() for line in page.splitlines()]
    prose = "\n".join(line for line in lines if not others.search(line))
    named = {word for word in OPTION.findall(prose) if word.startswith("--")}
    assert len(named) > 20
    assert named - {"--help"}.union(*OPTIONS.values()) == set()


def test_the_table_of_commands_names_them_all() -> None:
    assert {words.split()[0] for words in first_column("Command")} == set(main.commands)


def test_the_table_of_rooms_names_them_all() -> None:
    packages = {f"scheduler/{found.parent.name}" for found in (ROOT / "scheduler").glob("*/__init__.py")}
    named = {word for word in first_column("Room") if "/" in word}
    assert named == packages


def test_the_table_of_a_target_names_every_key() -> None:
    assert set(first_column("Key of a target")) == set(plan_schema()["$defs"]["TargetEntry"]["properties"])


def test_the_example_is_a_plan(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    plan = tmp_path / "plan.yaml"
    plan.write_text(example)
    frozen, _ = load_plan(str(plan))
    assert [target.key for target in frozen.targets] == [
        "shop/eu-west-1/d2p7kq0example/main",
        "default/eu-west-1/d3f8lr1example/main",
        "default/eu-west-1/d3f8lr1example/release/1.10",
        "default/eu-west-1/d4g9ms2example/main",
    ]


def test_the_files_named_are_there() -> None:
    named = {
        word.partition(":")[0]
        for page in PAGES.values()
        for word in re.findall(r"`?((?:config|scheduler|tests|\.ci)/[\w./-]+)", page)
    }
    assert "config/demo.yaml" in named
    assert [name for name in named if not (ROOT / name.rstrip(".")).exists()] == []


def anchors(text: str) -> set[str]:
    """Return where links into a page may lead."""
    heads = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    links = re.findall(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)", PAGES[page])
    assert links
    for file, anchor in links:
        target = ((ROOT / page).parent / file) if file else ROOT / page
        assert target.is_file(), (file, anchor)
        assert not anchor or anchor in anchors(target.read_text()), (file, anchor)


def test_the_transcript_is_what_the_demo_prints(shell: Shell) -> None:
    typed, *shown = between("transcript").strip().splitlines()[1:-1]
    (shell.home / "config").symlink_to(ROOT / "config")
    done = shell.type(*typed.removeprefix("$ amplify-release ").split())
    assert done.returncode == 1
    printed = (done.stdout + done.stderr).splitlines()
    lasting = [line for line in shown if not CHANGES.search(line)]
    assert len(lasting) >= 5
    assert [line for line in lasting if line not in printed] == []
    # Of a line with a time, what it is about is the same.
    told = {line[9:] for line in printed}
    assert [line for line in shown if "(shop/" in line and line[9:] not in told] == []
    assert (shell.home / "report.html").stat().st_size > 0
